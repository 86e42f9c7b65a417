//! Cases from Parquet tables.

use std::fs::File;
use std::sync::Arc;

use csv::{Position, StringRecord};
use foehn_archive::contained;
use foehn_field::{Calendar, Instant};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use crate::comma_rows::{Places, Rows};
use crate::{ColumnMap, CsvError, Table, TableError};

/// Why a Parquet file is no table of cases.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// No Parquet file, a damaged one, or one of a codec or encoding that is not known.
    #[error("not readable as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// A column that holds neither numbers, texts nor times.
    #[error(
        "column {column:?} holds {found}; write numbers as integers or floats, and dates as dates, timestamps or texts"
    )]
    Type {
        /// The column.
        column: String,
        /// What it holds.
        found: String,
    },
    /// A row or a name that is none.
    #[error("{0} (lines are rows, from 1)")]
    Rows(#[from] CsvError),
    /// What it says makes no table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// How the cells of a column become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As they are.
    Plain,
    /// Numbers of so many to the second.
    Times(i64),
}

impl Table {
    /// Reads cases from a Parquet file by the same map of columns as text: flat columns of integers, floats, texts, dates
    /// and timestamps; null is missing.
    ///
    /// # Errors
    /// [`ColumnarError`], with the column and the row where there is one.
    pub fn read_parquet(file: File, map: &ColumnMap) -> Result<Self, ColumnarError> {
        // The reader stops at what it did not expect of a damaged file.
        contained(|| Ok(read(file, map))).unwrap_or_else(|_| {
            let damaged = "the file is damaged, or not as its own schema says";
            Err(ParquetError::General(damaged.to_owned()).into())
        })
    }
}

fn read(file: File, map: &ColumnMap) -> Result<Table, ColumnarError> {
    let reader = SerializedFileReader::new(file)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    let width = names.len();
    let places = Places::find(map, &StringRecord::from(names))?;
    let mut used = places.columns();
    used.sort_unstable();
    let kinds = used.iter().map(|&at| kind(&fields[at]));
    let kinds: Vec<Kind> = kinds.collect::<Result<_, _>>()?;
    let shown = used.iter().map(|&at| Arc::clone(&fields[at])).collect();
    let shown = Type::group_type_builder(schema.name())
        .with_fields(shown)
        .build()?;
    let mut rows = Rows::default();
    for (row, cells) in reader.get_row_iter(Some(shown))?.enumerate() {
        let mut texts = vec![String::new(); width];
        for ((&at, kind), text) in used.iter().zip(&kinds).zip(texts_of(&cells?, &kinds)) {
            texts[at] = text.ok_or_else(|| ColumnarError::Type {
                column: fields[at].name().to_owned(),
                found: format!("a cell that is not {kind:?}"),
            })?;
        }
        let mut record = StringRecord::from(texts);
        let mut position = Position::new();
        position.set_line(row as u64 + 1);
        record.set_position(Some(position));
        rows.push(map, &places, &record)?;
    }
    Ok(Table::new(rows.columns(map, &places))?)
}

fn texts_of(row: &Row, kinds: &[Kind]) -> Vec<Option<String>> {
    let cells = row.get_column_iter().zip(kinds);
    cells.map(|((_, cell), kind)| text(cell, *kind)).collect()
}

/// What the cells of a column are.
fn kind(field: &Type) -> Result<Kind, ColumnarError> {
    let refused = |found: String| {
        let column = field.name().to_owned();
        Err(ColumnarError::Type { column, found })
    };
    if !field.is_primitive() {
        return refused("lists or groups".to_owned());
    }
    let (info, physical) = (field.get_basic_info(), field.get_physical_type());
    if info.has_repetition() && info.repetition() == parquet::basic::Repetition::REPEATED {
        return refused("lists".to_owned());
    }
    match (info.logical_type_ref(), info.converted_type(), physical) {
        (Some(LogicalType::Timestamp(of)), ..) => Ok(Kind::Times(match of.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        })),
        (_, ConvertedType::TIMESTAMP_MILLIS, _) | (_, _, Physical::INT96) => Ok(Kind::Times(1_000)),
        (_, ConvertedType::TIMESTAMP_MICROS, _) => Ok(Kind::Times(1_000_000)),
        (Some(LogicalType::Decimal(_)), ..) | (_, ConvertedType::DECIMAL, _) => {
            refused("decimals".to_owned())
        }
        (Some(LogicalType::Time(_)), ..)
        | (_, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS, _) => {
            refused("times of day".to_owned())
        }
        (_, ConvertedType::UTF8, Physical::BYTE_ARRAY)
        | (_, _, Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE)
        | (Some(LogicalType::Float16), _, Physical::FIXED_LEN_BYTE_ARRAY) => Ok(Kind::Plain),
        (_, _, other) => refused(format!("values of type {other}")),
    }
}

/// A cell as text, empty where it is null; `None` for what its column cannot hold.
fn text(cell: &Field, kind: Kind) -> Option<String> {
    let calendar = Calendar::ProlepticGregorian;
    Some(match (cell, kind) {
        (Field::Null, _) => String::new(),
        (
            Field::TimestampMillis(t) | Field::TimestampMicros(t) | Field::Long(t),
            Kind::Times(unit),
        ) => {
            let date = calendar.date(Instant(t.div_euclid(unit)));
            match t.rem_euclid(unit) {
                0 => date.to_string(),
                // Said as it is, and refused with its row.
                part => format!("{date} and {part}/{unit} s"),
            }
        }
        (Field::Date(day), _) => calendar.date(Instant(i64::from(*day) * 86_400)).to_string(),
        (Field::Byte(x), _) => x.to_string(),
        (Field::Short(x), _) => x.to_string(),
        (Field::Int(x), _) => x.to_string(),
        (Field::Long(x), _) => x.to_string(),
        (Field::UByte(x), _) => x.to_string(),
        (Field::UShort(x), _) => x.to_string(),
        (Field::UInt(x), _) => x.to_string(),
        (Field::ULong(x), _) => x.to_string(),
        (Field::Float16(x), _) => f64::from(*x).to_string(),
        (Field::Float(x), _) => f64::from(*x).to_string(),
        (Field::Double(x), _) => x.to_string(),
        (Field::Str(text), _) => text.trim().to_owned(),
        _ => return None,
    })
}
