//! Tables on their way to a file.

use super::table::{Columns, Table, extension};
use anyhow::{Context, Result, bail};
use foehn_archive::{ArrayPlan, Element, Mode, Store, export_netcdf, write_whole};
use foehn_field::{Attribute, Attributes};
use ndarray_npy::WriteNpyExt;
use std::fs;
use std::path::Path;

impl Table {
    /// Writes a table: `.npy`, `.nc` or `.zarr` by its name.
    ///
    /// # Errors
    /// If the ending is another one, the file exists ([`Mode::Create`]), or cannot be written.
    pub fn write(&self, path: &Path, mode: Mode) -> Result<()> {
        refuse_output(path, mode)?;
        match extension(path).as_str() {
            "npy" => {
                let mut bytes = Vec::new();
                self.values.write_npy(&mut bytes)?;
                write_whole(path, &bytes)
                    .with_context(|| format!("cannot write {}", path.display()))
            }
            ending => {
                // first under another name: a crash leaves no half of a table
                let part = path.with_extension(format!("{ending}.part"));
                self.write_zarr(&part, Mode::Overwrite)?;
                if ending == "nc" {
                    let exported = export_netcdf(&part, path, mode);
                    remove_folder(&part)?;
                    return Ok(exported?);
                }
                if path.exists() {
                    remove_folder(path)?;
                }
                fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }

    fn write_zarr(&self, path: &Path, mode: Mode) -> Result<()> {
        let history = Attribute::from("foehn generate");
        let attributes = Attributes::from_iter([("source".to_owned(), history)]);
        let (rows, width) = self.values.dim();
        let plan = |name: &str, dims: &[&str], shape: &[usize]| {
            ArrayPlan::whole(name, dims, shape, Element::F32, Attributes::new())
        };
        match &self.columns {
            Columns::Matrix(name) => {
                let plans = vec![plan(name, &["sample", "component"], &[rows, width])];
                let store = Store::create(path, &attributes, plans, mode)?;
                store.write_f32(name, &[0, 0], self.values.view().into_dyn())?;
                Ok(store.finish()?)
            }
            Columns::Named(names) => {
                let plans = names.iter().map(|name| plan(name, &["sample"], &[rows]));
                let store = Store::create(path, &attributes, plans.collect(), mode)?;
                for (name, column) in names.iter().zip(self.values.columns()) {
                    store.write_f32(name, &[0], column.to_owned().view().into_dyn())?;
                }
                Ok(store.finish()?)
            }
        }
    }
}

/// Refuses an output that cannot be written under this name, before any work is done.
///
/// # Errors
/// If the ending is not one of those known, or the file exists and is not to be replaced.
pub fn refuse_output(path: &Path, mode: Mode) -> Result<()> {
    let ending = extension(path);
    if !["npy", "nc", "zarr"].contains(&ending.as_str()) {
        bail!(
            "{}: tables are written as .npy, .nc or .zarr; end the name with one of them",
            path.display()
        );
    }
    if mode == Mode::Create && path.exists() {
        let path = path.to_owned();
        return Err(foehn_archive::WriteError::Exists { path }.into());
    }
    Ok(())
}

fn remove_folder(path: &Path) -> Result<()> {
    fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))
}
