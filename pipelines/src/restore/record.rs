//! What stands beside a restored picture of how it was made.

use super::sampling::RestoreSampling;
use crate::text_file::write_text;
use anyhow::Result;
use serde::Serialize;
use std::path::Path;

/// The file.
const NAME: &str = "restored.json";

/// All that decides the samples of a picture, but for the picture and its mask.
#[derive(Serialize)]
pub struct Record<'a> {
    /// CRC-32 of the weights.
    pub weights: &'a str,
    /// Steps and noise.
    pub sampling: &'a RestoreSampling,
    /// Of the noise.
    pub seed: u64,
    /// How many samples.
    pub samples: usize,
    /// The class that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
    /// Side of the tiles that the picture was seen in, and how far they overlap; none where it was seen whole.
    pub tiles: Option<[usize; 2]>,
}

impl Record<'_> {
    /// Writes it into the folder of the picture.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write_text(&folder.join(NAME), &serde_json::to_string_pretty(self)?)
    }
}
