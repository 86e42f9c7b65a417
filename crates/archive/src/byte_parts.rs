//! Parts of bytes, and keys, as a web server is asked for them.

use std::fmt::Write as _;

use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator, InvalidByteRangeError};
use zarrs::storage::{Bytes, StorageError};

/// `None` for the whole.
pub(crate) fn range_header(range: &ByteRange) -> Option<String> {
    match range {
        ByteRange::FromStart(0, None) => None,
        ByteRange::FromStart(start, None) => Some(format!("bytes={start}-")),
        ByteRange::FromStart(start, Some(length)) => {
            let last = start.saturating_add(length.saturating_sub(1));
            Some(format!("bytes={start}-{last}"))
        }
        ByteRange::Suffix(length) => Some(format!("bytes=-{length}")),
    }
}

/// A part, which must be as long as asked.
pub(crate) fn exact(bytes: Bytes, range: ByteRange) -> Result<Bytes, String> {
    let (ByteRange::FromStart(_, Some(wanted)) | ByteRange::Suffix(wanted)) = range else {
        return Ok(bytes);
    };
    if bytes.len() as u64 == wanted {
        return Ok(bytes);
    }
    Err(format!(
        "of {wanted} bytes asked for there are {}",
        bytes.len()
    ))
}

pub(crate) fn part(bytes: &Bytes, range: ByteRange) -> Result<Bytes, InvalidByteRangeError> {
    let length = bytes.len() as u64;
    let (start, end) = match range {
        ByteRange::FromStart(start, None) => (Some(start), Some(length)),
        ByteRange::FromStart(start, Some(count)) => (Some(start), start.checked_add(count)),
        ByteRange::Suffix(count) => (length.checked_sub(count), Some(length)),
    };
    match (start, end) {
        (Some(start), Some(end)) if start <= end && end <= length => {
            Ok(bytes.slice(start as usize..end as usize))
        }
        _ => Err(InvalidByteRangeError::new(range, length)),
    }
}

/// Parts of bytes that are here.
pub(crate) fn cut<'a>(
    bytes: Bytes,
    ranges: ByteRangeIterator<'a>,
) -> Box<dyn Iterator<Item = Result<Bytes, StorageError>> + 'a> {
    Box::new(ranges.map(move |range| Ok(part(&bytes, range)?)))
}

/// A key as an address has it.
pub(crate) fn encoded(key: &str) -> String {
    let mut text = String::new();
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
