//! Pictures that a model generates, and where they lie.

use super::drawing::{Drawing, at_once};
use super::folder::Folder;
use super::law::Given;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use ndarray::{Array3, Axis};
use std::fs;
use std::path::{Path, PathBuf};

/// Pictures that are drawn before the next are begun, the most.
const PIECE: usize = 500;

/// One picture for each entry, of that class or of none, given to `take` in their order; picture i has the same noise in
/// every call. A piece of them is held at once.
///
/// # Shapes
/// Each (C, H, W), in units of [-1, 1].
///
/// # Errors
/// If a sample leaves the numbers, after Ctrl-C, or if `take` fails.
pub fn each_picture(
    drawing: &Drawing,
    classes: &[Option<usize>],
    progress: Option<&Progress>,
    mut take: impl FnMut(Array3<f32>) -> Result<()>,
) -> Result<()> {
    let [h, w] = drawing.model.size()?;
    let size = (drawing.model.law.channels(), h, w);
    let piece = at_once(size.0 * h * w).min(PIECE);
    for (k, classes) in classes.chunks(piece).enumerate() {
        let given = classes.iter().map(|class| Given {
            class: *class,
            ..Given::nothing(size)
        });
        let given: Vec<Given> = given.collect();
        let names: Vec<i64> = (0..given.len()).map(|i| (k * piece + i) as i64).collect();
        for one in drawing.samples(&given, &names, 1, progress)? {
            take(one.index_axis_move(Axis(0), 0))?;
        }
    }
    Ok(())
}

/// The file of a folder of pictures that is written last: how all of them were drawn.
pub const DRAWN: &str = "drawn.toml";

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
}
