//! How a store is written: over what, in which format, and by how many.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

use crate::plan::Element;

/// What to do where the output exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Refuse.
    Create,
    /// Replace it.
    Overwrite,
    /// Continue it; start where there is none.
    Resume,
}

/// The version of the Zarr format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// `.zarray`, `.zattrs` and consolidated `.zmetadata`: for older software. It has no shards.
    V2,
    /// `zarr.json`, with consolidated metadata inside.
    #[default]
    V3,
}

/// How chunks are compressed, by Blosc with byte shuffle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// LZ4: fast.
    Lz4,
    /// Zstandard, level 2: small. Blosc's level 3 takes half as long again and is not smaller on fields.
    #[default]
    Zstd,
}

impl Compression {
    fn blosc(self) -> Option<(&'static str, u8)> {
        match self {
            Self::None => None,
            Self::Lz4 => Some(("lz4", 5)),
            Self::Zstd => Some(("zstd", 2)),
        }
    }

    /// The codec of Zarr v3, where there is one.
    pub(crate) fn v3(self, values: Element) -> Option<Value> {
        self.blosc().map(|(name, level)| {
            json!({"name": "blosc", "configuration": {
                "cname": name, "clevel": level, "shuffle": "shuffle", "typesize": values.size(), "blocksize": 0,
            }})
        })
    }

    /// The compressor of Zarr v2, null where there is none.
    pub(crate) fn v2(self) -> Value {
        self.blosc().map_or(Value::Null, |(name, level)| {
            json!({"id": "blosc", "cname": name, "clevel": level, "shuffle": 1, "blocksize": 0})
        })
    }
}

/// One of several writers of a store: number `index` of `count`, from 0.
///
/// ```
/// use foehn_archive::Shard;
///
/// let shard: Shard = "1/3".parse()?;
/// assert_eq!((0..7).filter(|item| shard.takes(*item)).collect::<Vec<_>>(), [1, 4]);
/// assert!("3/3".parse::<Shard>().is_err());
/// # Ok::<(), foehn_archive::ShardError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Why a text names no [`Shard`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not one of several writers: write it as I/N with I from 0 to N - 1, such as 0/3"
)]
pub struct ShardError {
    /// The text.
    pub text: String,
}

impl Shard {
    /// Writer `index` of `count`; `None` unless index < count.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Whether the item with this number is this writer's: every `count`-th is.
    pub fn takes(self, item: usize) -> bool {
        item % self.count == self.index
    }

    /// A share of `items` items that lie side by side, where neighbours are cheaper together: `i n / N .. (i + 1) n / N`.
    ///
    /// ```
    /// use foehn_archive::Shard;
    ///
    /// let shares = [0, 1, 2].map(|index| Shard::new(index, 3).unwrap().share(7));
    /// assert_eq!(shares, [0..2, 2..4, 4..7]);
    /// ```
    pub fn share(self, items: usize) -> Range<usize> {
        let start = |index: usize| {
            let start = index as u128 * items as u128 / self.count as u128;
            usize::try_from(start).unwrap_or(items)
        };
        start(self.index)..start(self.index + 1)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parts = text.split_once('/');
        let numbers =
            parts.and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        let shard = numbers.and_then(|(index, count)| Self::new(index, count));
        shard.ok_or_else(|| ShardError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// How a store is written; a [`Mode`] alone stands for one writer of compressed Zarr v3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing {
    /// What to do where the output exists.
    pub mode: Mode,
    /// The version of the format.
    pub format: Format,
    /// How chunks are compressed.
    pub compression: Compression,
    /// Which of several writers at once this is; each writes items of its own, and [`merge`](crate::merge) ends the store.
    pub shard: Option<Shard>,
}

impl From<Mode> for Writing {
    fn from(mode: Mode) -> Self {
        Self {
            mode,
            format: Format::default(),
            compression: Compression::default(),
            shard: None,
        }
    }
}
