//! What a web server answers.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ureq::http::{Response, header};
use zarrs::storage::Bytes;

/// Why a request failed.
pub(crate) enum Failure {
    /// It may succeed when asked again.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// The server forbids it; some say so of what is not there.
    Refused(String),
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
        200..=299 => Ok(true),
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

/// A whole body in memory.
pub(crate) fn body(response: &mut Response<ureq::Body>) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    copy(response, |part| {
        bytes.extend_from_slice(part);
        Ok(())
    })?;
    Ok(bytes.into())
}
