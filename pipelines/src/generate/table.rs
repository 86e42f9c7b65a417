//! Tables of vectors in files: npy, NetCDF, Zarr.

use anyhow::{Context, Result, bail};
use foehn_archive::open;
use ndarray::{Array1, Array2, Axis, Ix1, Ix2};
use ndarray_npy::{ReadNpyExt, ReadableElement};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file and, where it holds several variables, which of them: `samples.npy`, `data.nc:x`,
/// `data.zarr:u,v`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The file or store.
    pub path: PathBuf,
    /// The variables; none for the only one there is.
    pub variables: Vec<String>,
}

impl FromStr for TableName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // a colon may be part of a file's name
        if !Path::new(text).exists()
            && let Some((path, variables)) = text.rsplit_once(':')
            && !path.is_empty()
        {
            let variables = variables.split(',').map(|name| name.trim().to_owned());
            return Ok(Self {
                path: path.into(),
                variables: variables.collect(),
            });
        }
        Ok(Self {
            path: text.into(),
            variables: Vec::new(),
        })
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if !self.variables.is_empty() {
            write!(f, ":{}", self.variables.join(","))?;
        }
        Ok(())
    }
}

/// How columns are called in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// One array of two dimensions.
    Matrix(String),
    /// One variable a column.
    Named(Vec<String>),
}

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names.
    pub columns: Columns,
    /// (N, d).
    pub values: Array2<f32>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// If there is no such file or variable, it is not a table of numbers, or values are missing.
    pub fn read(name: &TableName) -> Result<Self> {
        if extension(&name.path) == "npy" {
            return read_npy(name);
        }
        let archive = open(&name.path)?;
        let names = if name.variables.is_empty() {
            vec![only_table(name, &archive)?]
        } else {
            name.variables.clone()
        };
        let mut columns: Vec<Array1<f32>> = Vec::new();
        for variable in &names {
            let field = archive.read_all(variable)?;
            let missing = field.missing_count();
            if missing > 0 {
                bail!(
                    "{name}: {missing} values of {variable} are missing: leave such rows out before"
                );
            }
            let shape = field.values.shape().to_vec();
            let values = field.values;
            match (shape.len(), names.len()) {
                (2, 1) => {
                    let values = values.into_dimensionality::<Ix2>()?;
                    let columns = Columns::Matrix(variable.clone());
                    return Ok(Self { columns, values });
                }
                (1, _) => columns.push(values.into_dimensionality::<Ix1>()?),
                _ => bail!(
                    "{name}: {variable} has shape {shape:?}: give one variable (rows, columns), or several of one \
                     dimension"
                ),
            }
        }
        let rows = columns.first().map_or(0, Array1::len);
        if let Some(other) = columns.iter().position(|column| column.len() != rows) {
            bail!(
                "{name}: {} has {} rows and {} has {rows}: columns of a table are equally long",
                names[other],
                columns[other].len(),
                names[0]
            );
        }
        let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
        Ok(Self {
            values: ndarray::stack(Axis(1), &views)?,
            columns: Columns::Named(names),
        })
    }
}

/// How a name ends, in small letters.
pub(super) fn extension(path: &Path) -> String {
    let ending = path.extension().map(OsStr::to_ascii_lowercase);
    ending.map_or(String::new(), |ending| {
        ending.to_string_lossy().into_owned()
    })
}

/// The one variable of two dimensions.
fn only_table(name: &TableName, archive: &foehn_archive::Archive) -> Result<String> {
    let tables: Vec<&str> = archive
        .variables()
        .values()
        .filter(|variable| variable.shape.len() == 2)
        .map(|variable| variable.name.as_str())
        .collect();
    if let [only] = tables[..] {
        return Ok(only.to_owned());
    }
    let known: Vec<&str> = archive.variables().keys().map(String::as_str).collect();
    bail!(
        "{name} holds {} variables of two dimensions: say which table is meant, {name}:NAME, or columns, \
         {name}:NAME,NAME; there are {}",
        tables.len(),
        known.join(", ")
    )
}

fn read_npy(name: &TableName) -> Result<Table> {
    let path = &name.path;
    if !name.variables.is_empty() {
        bail!("{name}: a .npy file holds one array: give its name alone");
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = matrix::<f32>(&bytes, |x| x)
        .or_else(|_| matrix::<f64>(&bytes, |x| x as f32))
        .or_else(|_| matrix::<i64>(&bytes, |x| x as f32))
        .or_else(|_| matrix::<i32>(&bytes, |x| x as f32))
        .or_else(|_| matrix::<i16>(&bytes, f32::from))
        .or_else(|_| matrix::<u8>(&bytes, f32::from));
    // the reason of the commonest type
    let values = read.or_else(|_| matrix::<f64>(&bytes, |x| x as f32));
    let values = values.with_context(|| {
        format!(
            "{} is not an array of real numbers with one or two dimensions",
            path.display()
        )
    })?;
    Ok(Table {
        columns: Columns::Matrix("samples".to_owned()),
        values,
    })
}

/// An array of two dimensions, or of one as a single column.
fn matrix<T: ReadableElement + Copy>(
    bytes: &[u8],
    single: impl Fn(T) -> f32,
) -> Result<Array2<f32>, ndarray_npy::ReadNpyError> {
    match Array2::<T>::read_npy(Cursor::new(bytes)) {
        Ok(values) => Ok(values.mapv(single)),
        Err(ndarray_npy::ReadNpyError::WrongNdim(..)) => {
            let column = Array1::<T>::read_npy(Cursor::new(bytes))?;
            Ok(column.mapv(single).insert_axis(Axis(1)))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_archive::Mode;
    use ndarray::arr2;

    #[test]
    fn tables_come_back_from_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let values = arr2(&[[1.0, -2.5], [3.0, 4.0], [5.5, 6.25]]);
        for columns in [
            Columns::Matrix("samples".into()),
            Columns::Named(vec!["u".into(), "v".into()]),
        ] {
            for ending in ["npy", "zarr", "nc"] {
                let path = folder.path().join(format!("table.{ending}"));
                let table = Table {
                    columns: columns.clone(),
                    values: values.clone(),
                };
                table.write(&path, Mode::Overwrite).unwrap();
                let named = match &columns {
                    Columns::Named(names) if ending != "npy" => names.clone(),
                    _ => Vec::new(),
                };
                let name = TableName {
                    path,
                    variables: named,
                };
                let back = Table::read(&name).unwrap();
                assert_eq!(back.values, values, "{name}");
                if ending != "npy" {
                    assert_eq!(back.columns, columns, "{name}");
                }
                assert!(table.write(&name.path, Mode::Create).is_err());
            }
        }
    }

    #[test]
    fn a_name_may_say_which_variables() {
        let name: TableName = "a/b.nc:u, v".parse().unwrap();
        assert_eq!(name.variables, ["u", "v"]);
        assert_eq!(name.to_string(), "a/b.nc:u,v");
        let plain: TableName = "a/b.npy".parse().unwrap();
        assert!(plain.variables.is_empty());
    }
}
