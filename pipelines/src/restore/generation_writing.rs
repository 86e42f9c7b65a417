//! Pictures on their way to the disk, one after the other.

use super::generation_samples::{DRAWN, Samples};
use anyhow::{Context, Result};
use foehn_archive::write_whole;
use foehn_restoration::{Depth, Picture, Sheet};
use ndarray::{Array1, Array3};
use ndarray_npy::{WriteNpyExt, write_zeroed_npy};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Pictures of a row of the sheet, and its rows.
const ACROSS: usize = 10;

/// Pictures being written. None is held but those of the sheet.
pub struct Writing<'a> {
    to: &'a Samples,
    classes: &'a [Option<usize>],
    array: Option<ArrayFile>,
    rows: BTreeMap<usize, Vec<Picture>>,
    written: usize,
}

impl<'a> Writing<'a> {
    /// One picture of (C, H, W) for each of `classes`, of that class or of none that is told.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn begin(
        to: &'a Samples,
        classes: &'a [Option<usize>],
        [c, h, w]: [usize; 3],
    ) -> Result<Self> {
        let array = match to {
            Samples::Folder(folder) => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
                None
            }
            Samples::Array(file) => Some(ArrayFile::begin(file, [classes.len(), c, h, w])?),
        };
        Ok(Self {
            to,
            classes,
            array,
            rows: BTreeMap::new(),
            written: 0,
        })
    }

    /// Writes the next picture, in units of [-1, 1].
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn push(&mut self, picture: &Array3<f32>) -> Result<()> {
        let picture = Picture::from_unit(picture, Depth::Eight)?;
        match (&mut self.array, self.to) {
            (Some(array), _) => array.push(&picture)?,
            (None, to) => save(&to.path().join(file(self.written)), &picture.png()?)?,
        }
        // a row of each class, or of pictures as they come
        let row = self.classes[self.written].unwrap_or(self.written / ACROSS);
        let untold = self.classes[self.written].is_none();
        let shown = self.rows.entry(row).or_default();
        if shown.len() < ACROSS && !(untold && row >= ACROSS) {
            shown.push(picture);
        }
        if shown.is_empty() {
            self.rows.remove(&row);
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the files: what the classes are called, the sheet and, last, how all were drawn.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn finish(self, name: impl Fn(usize) -> String, drawn: &str) -> Result<()> {
        let sheet = sheet(self.rows)?;
        match (self.to, self.array) {
            (Samples::Array(file), Some(array)) => {
                array.finish()?;
                let beside = |what: &str| {
                    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                    file.with_file_name(format!("{stem}_{what}"))
                };
                let told: Option<Array1<i64>> =
                    self.classes.iter().map(|c| c.map(|c| c as i64)).collect();
                if let Some(told) = told {
                    let mut bytes = Vec::new();
                    told.write_npy(&mut bytes)?;
                    save(&beside("classes.npy"), &bytes)?;
                }
                save(&beside("sheet.png"), &sheet)
            }
            (to, _) => {
                let folder = to.path();
                if self.classes.iter().any(Option::is_some) {
                    save(
                        &folder.join("classes.csv"),
                        list(self.classes, name).as_bytes(),
                    )?;
                }
                save(&folder.join("sheet.png"), &sheet)?;
                save(&folder.join(DRAWN), drawn.as_bytes())
            }
        }
    }
}

/// An array of bytes that grows under another name.
struct ArrayFile {
    path: PathBuf,
    partial: PathBuf,
    content: BufWriter<File>,
}

impl ArrayFile {
    fn begin(path: &Path, shape: [usize; 4]) -> Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let partial = path.with_file_name(format!(".{name}.partial"));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let mut content = File::create(&partial).with_context(cannot)?;
        write_zeroed_npy::<u8, _>(&content, shape).with_context(cannot)?;
        let values: usize = shape.iter().product();
        let header = content.metadata().with_context(cannot)?.len() - values as u64;
        content.seek(SeekFrom::Start(header)).with_context(cannot)?;
        Ok(Self {
            path: path.to_owned(),
            partial,
            content: BufWriter::new(content),
        })
    }

    fn push(&mut self, picture: &Picture) -> Result<()> {
        let bytes: Vec<u8> = picture.values().iter().map(|v| *v as u8).collect();
        self.content
            .write_all(&bytes)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn finish(mut self) -> Result<()> {
        self.content
            .flush()
            .and_then(|()| fs::rename(&self.partial, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Drop for ArrayFile {
    fn drop(&mut self) {
        // half a file is of no use; a whole one has another name by now
        let _ = fs::remove_file(&self.partial);
    }
}

fn file(number: usize) -> String {
    format!("{number:05}.png")
}

/// What class each file is of.
fn list(classes: &[Option<usize>], name: impl Fn(usize) -> String) -> String {
    let mut list = String::from("file,class\n");
    for (i, class) in classes.iter().enumerate() {
        let class = class.map_or(String::new(), &name).replace('"', "\"\"");
        // writing to a string cannot fail
        let _ = writeln!(list, "{},\"{class}\"", file(i));
    }
    list
}

fn sheet(rows: BTreeMap<usize, Vec<Picture>>) -> Result<Vec<u8>> {
    let mut sheet = Sheet::default();
    for row in rows.into_values().take(ACROSS) {
        sheet.push(row);
    }
    Ok(sheet.picture()?.png()?)
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
