//! What a web server answers.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ureq::http::{Response, header};
use zarrs::storage::Bytes;
use zarrs::storage::byte_range::ByteRange;

/// Why a request failed.
pub(crate) enum Failure {
    /// It may succeed when asked again.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// The server forbids it; some say so of what is not there.
    Refused(String),
    /// It sends without an end, which it is not asked for twice.
    Endless(String),
}

/// What a server sends when asked for a part: some servers know no parts.
pub(crate) enum Answer {
    Part(Bytes),
    Whole(Bytes),
}

impl Answer {
    pub(crate) fn bytes(self) -> Bytes {
        let (Self::Part(bytes) | Self::Whole(bytes)) = self;
        bytes
    }
}

/// A failure that may pass.
pub(crate) fn passing(error: impl std::fmt::Display) -> Failure {
    Failure::Passing(error.to_string())
}

/// Whether there is an answer; gone is gone, a busy or broken server may recover.
pub(crate) fn found(status: u16) -> Result<bool, Failure> {
    match status {
        200 | 203 | 206 => Ok(true),
        404 | 410 => Ok(false),
        408 | 425 | 429 | 500..=599 => Err(Failure::Passing(format!(
            "the server answers with status {status}"
        ))),
        400 | 401 | 403 => Err(Failure::Refused(format!(
            "the server refuses access (status {status})"
        ))),
        _ => Err(Failure::Lasting(format!(
            "the server answers with status {status}"
        ))),
    }
}

/// The length that the server announces.
pub(crate) fn announced(response: &Response<ureq::Body>) -> Option<u64> {
    let length = response.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Refuses a part that is not the one asked for, as far as the server says which it sends.
pub(crate) fn right_part(
    response: &Response<ureq::Body>,
    asked: Option<ByteRange>,
) -> Result<(), Failure> {
    let said = response.headers().get(header::CONTENT_RANGE);
    let said = said.and_then(|text| text.to_str().ok()).unwrap_or("");
    let right = match (asked, sent(said)) {
        (Some(ByteRange::FromStart(start, _)), Some((first, _))) => first == start,
        (Some(ByteRange::Suffix(length)), Some((first, Some(total)))) => {
            first.checked_add(length) == Some(total)
        }
        // of which nobody knows the end, or which is not said: as many bytes as were asked for
        (Some(ByteRange::Suffix(_)), Some((_, None))) => true,
        (Some(_), None) => said.is_empty(),
        _ => false,
    };
    if right {
        return Ok(());
    }
    Err(Failure::Lasting(format!(
        "the server sends a part that was not asked for (Content-Range: {said})"
    )))
}

/// First byte and total length in a text such as `bytes 4-7/20` or `bytes 4-7/*`.
fn sent(content_range: &str) -> Option<(u64, Option<u64>)> {
    let (places, total) = content_range
        .trim()
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let (first, _) = places.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()))
}

/// A body as it comes, with the count of its bytes on the way.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// Hands on the bytes of a body, which must be as many as the server announced; unpacks them where the server packed
/// them, though it was asked not to.
pub(crate) fn copy(
    response: &mut Response<ureq::Body>,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let announced = announced(response);
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    let encoding = encoding.map(|text| text.to_str().unwrap_or("?").to_owned());
    let mut counted = Counted {
        reader: response.body_mut().as_reader(),
        count: 0,
    };
    let mut buffer = vec![0; 1 << 16];
    let mut pass = |reader: &mut dyn Read| loop {
        match reader.read(&mut buffer).map_err(passing)? {
            0 => return Ok(()),
            more => take(&buffer[..more])?,
        }
    };
    match encoding.as_deref() {
        None | Some("" | "identity") => pass(&mut counted)?,
        Some("gzip" | "x-gzip") => pass(&mut MultiGzDecoder::new(&mut counted))?,
        Some(other) => {
            let why = format!("the server packs its answers ({other}), which is not read");
            return Err(Failure::Lasting(why));
        }
    }
    match announced {
        Some(length) if length != counted.count => Err(Failure::Passing(format!(
            "the answer is cut off after {} of {length} bytes",
            counted.count
        ))),
        _ => Ok(()),
    }
}

/// Bytes of a body at most that comes without its length, or packed.
const UNANNOUNCED: u64 = 256 << 20;

/// A whole body in memory.
pub(crate) fn body(response: &mut Response<ureq::Body>) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    let packed = response.headers().contains_key(header::CONTENT_ENCODING);
    let most = announced(response).filter(|_| !packed);
    let most = most.unwrap_or(UNANNOUNCED);
    copy(response, |part| {
        let length = bytes.len() + part.len();
        if length as u64 > most || bytes.try_reserve(part.len()).is_err() {
            let why = format!("the answer has no end: {length} bytes were read");
            return Err(Failure::Endless(why));
        }
        bytes.extend_from_slice(part);
        Ok(())
    })?;
    Ok(bytes.into())
}
