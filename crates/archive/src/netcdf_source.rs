//! Reading NetCDF files.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use foehn_field::{Attribute, Attributes};
use indexmap::IndexMap;
use ndarray::ArrayD;
use netcdf::types::{FloatType, IntType, NcVariableType};
use netcdf::{AttributeValue, Extent, NcTypeDescriptor};

use crate::Variable;
use crate::boundary::{contained, in_netcdf};
use crate::parts::in_parts;
use crate::raw::Raw;

/// An open NetCDF file.
#[derive(Debug)]
pub(crate) struct NetCdfSource {
    file: Arc<netcdf::File>,
    /// Of the file.
    length: Option<u64>,
}

/// What a file holds.
pub(crate) type Content = (Attributes, IndexMap<String, Variable>);

impl NetCdfSource {
    pub(crate) fn open(path: &Path) -> Result<(Self, Content), String> {
        let path = path.to_path_buf();
        let length = path.metadata().ok().map(|file| file.len());
        in_netcdf(move || {
            let file = netcdf::open(path).map_err(|error| error.to_string())?;
            let mut content = (Attributes::new(), IndexMap::new());
            if let Some(root) = file.root() {
                walk(&root, "", &mut content);
            } else {
                // classic files have no groups
                content.0 = collect(file.attributes());
                list(file.variables(), "", &mut content.1);
            }
            let file = Arc::new(file);
            Ok((Self { file, length }, content))
        })
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.length
    }

    /// The stored values of a variable that holds numbers.
    pub(crate) fn read(&self, variable: &Variable, ranges: &[Range<usize>]) -> Result<Raw, String> {
        match variable.dtype.as_str() {
            "float32" => self.values::<f32>(variable, ranges).map(Raw::Single),
            _ => self.values::<f64>(variable, ranges).map(Raw::Double),
        }
    }

    /// The stored texts of a variable; letters run along its last dimension.
    pub(crate) fn texts(
        &self,
        variable: &Variable,
        ranges: &[Range<usize>],
    ) -> Result<ArrayD<String>, String> {
        let file = Arc::clone(&self.file);
        let (name, letters) = (variable.name.clone(), variable.dtype == "char");
        let ranges = ranges.to_vec();
        in_netcdf(move || {
            let source = file.variable(&name).ok_or("it has gone from the file")?;
            if letters {
                return from_letters(&source, &ranges);
            }
            let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
            let text = |at: ndarray::IxDyn| {
                let at = ndarray::Dimension::slice(&at);
                let one = at.iter().zip(&ranges).map(|(k, range)| range.start + k);
                let one: Vec<Extent> = one.map(Extent::from).collect();
                source.get_string(one).map_err(|error| error.to_string())
            };
            let texts = ndarray::indices(shape.clone()).into_iter().map(text);
            let texts = texts.collect::<Result<Vec<_>, _>>()?;
            ArrayD::from_shape_vec(shape, texts).map_err(|error| error.to_string())
        })
    }

    fn values<T>(&self, variable: &Variable, ranges: &[Range<usize>]) -> Result<ArrayD<T>, String>
    where
        T: NcTypeDescriptor + Copy + Default + Send + 'static,
    {
        let file = Arc::clone(&self.file);
        let name = variable.name.clone();
        let (ranges, chunks) = (ranges.to_vec(), variable.chunks.clone());
        in_netcdf(move || {
            let source = file.variable(&name).ok_or("it has gone from the file")?;
            let read = |ranges: &[Range<usize>]| {
                let extents: Vec<Extent> = ranges.iter().cloned().map(Extent::from).collect();
                let values = source.get::<T, _>(extents);
                values.map_err(|error| error.to_string())
            };
            in_parts(&ranges, &chunks.unwrap_or_default(), read)
        })
    }
}

fn from_letters(
    source: &netcdf::Variable<'_>,
    ranges: &[Range<usize>],
) -> Result<ArrayD<String>, String> {
    let extents: Vec<Extent> = ranges.iter().cloned().map(Extent::from).collect();
    let bytes = source.get_raw_values(extents);
    let bytes = bytes.map_err(|error| error.to_string())?;
    let mut shape: Vec<usize> = ranges.iter().map(Range::len).collect();
    // a single letter has no dimension
    let length = shape.pop().unwrap_or(1);
    // what is not UTF-8 was written when letters were single bytes
    let text = |letters: &[u8]| {
        let text = str::from_utf8(letters).map_or_else(
            |_| letters.iter().copied().map(char::from).collect(),
            str::to_owned,
        );
        text.trim_end_matches(['\0', ' ']).to_owned()
    };
    let texts: Vec<String> = if length == 0 {
        vec![String::new(); shape.iter().product()]
    } else {
        bytes.chunks(length).map(text).collect()
    };
    ArrayD::from_shape_vec(shape, texts).map_err(|error| error.to_string())
}

fn walk(group: &netcdf::Group<'_>, prefix: &str, content: &mut Content) {
    if prefix.is_empty() {
        content.0 = collect(group.attributes());
    }
    list(group.variables(), prefix, &mut content.1);
    for child in group.groups() {
        walk(&child, &format!("{prefix}{}/", child.name()), content);
    }
}

fn list<'f>(
    variables: impl Iterator<Item = netcdf::Variable<'f>>,
    prefix: &str,
    into: &mut IndexMap<String, Variable>,
) {
    for source in variables {
        let variable = describe(&source, prefix);
        into.insert(variable.name.clone(), variable);
    }
}

fn describe(source: &netcdf::Variable<'_>, prefix: &str) -> Variable {
    let attributes = collect(source.attributes());
    let (dtype, unreadable) = match contained(|| Ok(source.vartype())) {
        Ok(kind) => (name_of(&kind), None),
        Err(why) => (
            "a type that the NetCDF library does not know".to_owned(),
            Some(why),
        ),
    };
    let declares = attributes.contains_key("_FillValue");
    let implicit_fill = if declares {
        None
    } else {
        default_fill(source, &dtype)
    };
    Variable {
        name: format!("{prefix}{}", source.name()),
        dims: source
            .dimensions()
            .iter()
            .map(netcdf::Dimension::name)
            .collect(),
        shape: source
            .dimensions()
            .iter()
            .map(netcdf::Dimension::len)
            .collect(),
        chunks: source.chunking().ok().flatten(),
        dtype,
        attributes,
        implicit_fill,
        unreadable,
    }
}

/// The value of cells never written, which the format itself declares missing (bytes excepted; for floats
/// see [`Packing`](crate::packing::Packing)).
fn default_fill(source: &netcdf::Variable<'_>, dtype: &str) -> Option<f64> {
    fn fill<T: NcTypeDescriptor + Copy>(source: &netcdf::Variable<'_>) -> Option<T> {
        contained(|| source.fill_value::<T>().map_err(|error| error.to_string()))
            .ok()
            .flatten()
    }
    match dtype {
        "int16" => fill::<i16>(source).map(f64::from),
        "uint16" => fill::<u16>(source).map(f64::from),
        "int32" => fill::<i32>(source).map(f64::from),
        "uint32" => fill::<u32>(source).map(f64::from),
        "int64" => fill::<i64>(source).map(|x| x as f64),
        "uint64" => fill::<u64>(source).map(|x| x as f64),
        _ => None,
    }
}

fn name_of(kind: &NcVariableType) -> String {
    match kind {
        NcVariableType::Int(int) => integer(*int).to_owned(),
        NcVariableType::Float(FloatType::F32) => "float32".to_owned(),
        NcVariableType::Float(FloatType::F64) => "float64".to_owned(),
        NcVariableType::Char => "char".to_owned(),
        NcVariableType::String => "string".to_owned(),
        NcVariableType::Compound(kind) => format!("compound {}", kind.name),
        NcVariableType::Opaque(kind) => format!("opaque {}", kind.name),
        NcVariableType::Enum(kind) => format!("enum {}", kind.name),
        NcVariableType::Vlen(kind) => format!("ragged {}", kind.name),
    }
}

fn integer(kind: IntType) -> &'static str {
    match kind {
        IntType::U8 => "uint8",
        IntType::I8 => "int8",
        IntType::U16 => "uint16",
        IntType::I16 => "int16",
        IntType::U32 => "uint32",
        IntType::I32 => "int32",
        IntType::U64 => "uint64",
        IntType::I64 => "int64",
    }
}

/// The attributes that hold text or numbers; those of user-defined types decide nothing here.
fn collect<'a>(attributes: impl Iterator<Item = netcdf::Attribute<'a>>) -> Attributes {
    let value = |attribute: netcdf::Attribute<'a>| {
        let value = contained(|| attribute.value().map_err(|error| error.to_string())).ok()?;
        Some((attribute.name().to_owned(), convert(value)))
    };
    attributes.filter_map(value).collect()
}

fn convert(value: AttributeValue) -> Attribute {
    fn ints<T: Into<i64>>(values: Vec<T>) -> Attribute {
        Attribute::Ints(values.into_iter().map(Into::into).collect())
    }
    match value {
        AttributeValue::Uchar(x) => Attribute::Int(x.into()),
        AttributeValue::Schar(x) => Attribute::Int(x.into()),
        AttributeValue::Ushort(x) => Attribute::Int(x.into()),
        AttributeValue::Short(x) => Attribute::Int(x.into()),
        AttributeValue::Uint(x) => Attribute::Int(x.into()),
        AttributeValue::Int(x) => Attribute::Int(x.into()),
        AttributeValue::Longlong(x) => Attribute::Int(x),
        AttributeValue::Ulonglong(x) => {
            i64::try_from(x).map_or(Attribute::Float(x as f64), Attribute::Int)
        }
        AttributeValue::Uchars(xs) => ints(xs),
        AttributeValue::Schars(xs) => ints(xs),
        AttributeValue::Ushorts(xs) => ints(xs),
        AttributeValue::Shorts(xs) => ints(xs),
        AttributeValue::Uints(xs) => ints(xs),
        AttributeValue::Ints(xs) => ints(xs),
        AttributeValue::Longlongs(xs) => Attribute::Ints(xs),
        AttributeValue::Ulonglongs(xs) => {
            Attribute::Floats(xs.into_iter().map(|x| x as f64).collect())
        }
        AttributeValue::Float(x) => Attribute::Float(x.into()),
        AttributeValue::Double(x) => Attribute::Float(x),
        AttributeValue::Floats(xs) => Attribute::Floats(xs.into_iter().map(f64::from).collect()),
        AttributeValue::Doubles(xs) => Attribute::Floats(xs),
        AttributeValue::Str(text) => Attribute::Text(text),
        AttributeValue::Strs(mut texts) if texts.len() == 1 => {
            Attribute::Text(texts.swap_remove(0))
        }
        AttributeValue::Strs(texts) => Attribute::Texts(texts),
    }
}
