//! Pictures that a model generates, and the files that hold them.

use super::drawing::Drawing;
use super::folder::Folder;
use super::law::Given;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use foehn_archive::write_whole;
use foehn_restoration::{Depth, Picture, Sheet};
use ndarray::{Array1, Array3, Array4, Axis};
use ndarray_npy::WriteNpyExt;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Pictures that are drawn before the next are begun.
const PIECE: usize = 500;
/// Pictures of a row of the sheet, and its rows where there are no classes.
const ACROSS: usize = 10;

/// One picture for each entry, of that class or of none; picture i has the same noise in every call.
///
/// # Shapes
/// Each (C, H, W), in units of [-1, 1].
///
/// # Errors
/// If a sample leaves the numbers, or after Ctrl-C.
pub fn pictures(
    drawing: &Drawing,
    classes: &[Option<usize>],
    progress: Option<&Progress>,
) -> Result<Vec<Array3<f32>>> {
    let [h, w] = drawing.model.size()?;
    let size = (drawing.model.law.channels(), h, w);
    let mut all = Vec::with_capacity(classes.len());
    for (piece, classes) in classes.chunks(PIECE).enumerate() {
        let given = classes.iter().map(|class| Given {
            class: *class,
            ..Given::nothing(size)
        });
        let given: Vec<Given> = given.collect();
        let names: Vec<i64> = (0..given.len())
            .map(|k| (piece * PIECE + k) as i64)
            .collect();
        let samples = drawing.samples(&given, &names, 1, progress)?;
        all.extend(
            samples
                .iter()
                .map(|one| one.index_axis(Axis(0), 0).to_owned()),
        );
    }
    Ok(all)
}

/// The file of a folder of pictures that is written last: how all of them were drawn.
const DRAWN: &str = "drawn.toml";

/// Where pictures go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// PNG files and the sheet, in a folder.
    Folder(PathBuf),
    /// One array of bytes (N, C, H, W), with the classes and the sheet beside it.
    Array(PathBuf),
}

impl Samples {
    /// What a path means by its ending; the folder of the model has a place for them where none is given.
    pub fn at(path: Option<&Path>, folder: &Folder) -> Self {
        match path {
            Some(path) if path.extension().is_some_and(|end| end == "npy") => {
                Self::Array(path.to_owned())
            }
            Some(path) => Self::Folder(path.to_owned()),
            None => Self::Folder(folder.samples()),
        }
    }

    /// The folder or the array.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Array(path) => path,
        }
    }

    /// Whether there is something already.
    fn is_there(&self) -> bool {
        let path = self.path();
        let full = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        full || path.is_file()
    }

    /// How the pictures of a folder were drawn, if all of them are there.
    pub fn drawn(&self) -> Option<String> {
        match self {
            Self::Folder(path) => fs::read_to_string(path.join(DRAWN)).ok(),
            Self::Array(_) => None,
        }
    }

    /// Removes the files that [`Samples::write`] makes in a folder, and the folder if it holds no others.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn remove(&self) -> Result<()> {
        let Self::Folder(folder) = self else {
            return Ok(());
        };
        let cannot = || format!("cannot remove pictures of {}", folder.display());
        let mut others = 0;
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.with_context(cannot)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.strip_suffix(".png");
            let numbered = number.is_some_and(|n| n.len() >= 5 && n.parse::<u32>().is_ok());
            if numbered || [DRAWN, "classes.csv", "sheet.png"].contains(&&*name) {
                fs::remove_file(entry.path()).with_context(cannot)?;
            } else {
                others += 1;
            }
        }
        if others == 0 && folder.exists() {
            fs::remove_dir(folder).with_context(cannot)?;
        }
        Ok(())
    }

    /// Refuses to write over what is there.
    ///
    /// # Errors
    /// If there is something.
    pub fn refuse(&self) -> Result<()> {
        if self.is_there() {
            bail!(
                "{} holds pictures already: give another --out, a folder or a file.npy",
                self.path().display()
            );
        }
        Ok(())
    }

    /// Writes pictures with what their classes are called, the sheet and, last, how they were drawn.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(
        &self,
        pictures: &[Array3<f32>],
        classes: &[Option<usize>],
        name: impl Fn(usize) -> String,
        drawn: &str,
    ) -> Result<()> {
        let pictures: Vec<Picture> = pictures
            .iter()
            .map(|picture| Picture::from_unit(picture, Depth::Eight))
            .collect::<Result<_, _>>()?;
        match self {
            Self::Folder(folder) => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
                let mut list = String::from("file,class\n");
                for (i, (picture, class)) in pictures.iter().zip(classes).enumerate() {
                    let file = format!("{i:05}.png");
                    save(&folder.join(&file), &picture.png()?)?;
                    let class = class.map_or(String::new(), &name);
                    // writing to a string cannot fail
                    let _ = writeln!(list, "{file},\"{class}\"");
                }
                if classes.iter().any(Option::is_some) {
                    save(&folder.join("classes.csv"), list.as_bytes())?;
                }
                save(&folder.join("sheet.png"), &sheet(&pictures, classes)?)?;
                save(&folder.join(DRAWN), drawn.as_bytes())
            }
            Self::Array(file) => {
                save(file, &array(&pictures)?)?;
                let beside = |what: &str| {
                    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                    file.with_file_name(format!("{stem}_{what}"))
                };
                let told: Option<Array1<i64>> =
                    classes.iter().map(|c| c.map(|c| c as i64)).collect();
                if let Some(told) = told {
                    let mut bytes = Vec::new();
                    told.write_npy(&mut bytes)?;
                    save(&beside("classes.npy"), &bytes)?;
                }
                save(&beside("sheet.png"), &sheet(&pictures, classes)?)
            }
        }
    }
}

/// # Shapes
/// (N, C, H, W).
fn array(pictures: &[Picture]) -> Result<Vec<u8>> {
    let views: Vec<_> = pictures.iter().map(|p| p.values().view()).collect();
    let all: Array4<u8> = ndarray::stack(Axis(0), &views)?.mapv(|v| v as u8);
    let mut bytes = Vec::new();
    all.write_npy(&mut bytes)?;
    Ok(bytes)
}

/// A row of each class, or of pictures as they come.
fn sheet(pictures: &[Picture], classes: &[Option<usize>]) -> Result<Vec<u8>> {
    let mut rows: Vec<Vec<Picture>> = Vec::new();
    for (i, (picture, class)) in pictures.iter().zip(classes).enumerate() {
        let row = class.unwrap_or(i / ACROSS);
        if rows.len() <= row {
            rows.resize(row + 1, Vec::new());
        }
        if rows[row].len() < ACROSS {
            rows[row].push(picture.clone());
        }
    }
    rows.retain(|row| !row.is_empty());
    rows.truncate(ACROSS);
    let mut sheet = Sheet::default();
    for row in rows {
        sheet.push(row);
    }
    Ok(sheet.picture()?.png()?)
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
