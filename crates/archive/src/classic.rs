//! The length that a classic NetCDF file must have.
//!
//! The NetCDF library reads what lies beyond the end of a classic file as zeros, so that half a download
//! looks like data. The header says where every variable ends (NetCDF classic format specification).

use std::io::{self, Read};

/// Ways in which the three classic formats differ: the bytes of a count and of a position.
#[derive(Debug, Clone, Copy)]
struct Widths {
    count: usize,
    offset: usize,
}

/// Where a variable lies.
struct Extent {
    begin: u64,
    /// Bytes of the variable, or of one of its records.
    bytes: u64,
    is_record: bool,
}

/// The least length of a classic file, from its beginning; `None` for a file written as a stream.
///
/// # Errors
/// The end of the file within its header, or a header that makes no sense.
pub(crate) fn least_length(file: &mut impl Read) -> io::Result<Option<u64>> {
    let mut header = Header {
        file,
        widths: Widths {
            count: 4,
            offset: 4,
        },
    };
    let magic = header.bytes(4)?;
    header.widths = match magic.as_slice() {
        b"CDF\x01" => Widths {
            count: 4,
            offset: 4,
        },
        b"CDF\x02" => Widths {
            count: 4,
            offset: 8,
        },
        b"CDF\x05" => Widths {
            count: 8,
            offset: 8,
        },
        _ => return Err(nonsense("it is not a classic file")),
    };
    let records = header.count()?;
    let streaming = records
        == if header.widths.count == 4 {
            u64::from(u32::MAX)
        } else {
            u64::MAX
        };
    let lengths = header.list(|header| {
        header.name()?;
        header.count()
    })?;
    header.attributes()?;
    let extents = header.list(|header| header.variable(&lengths))?;
    Ok((!streaming).then(|| end(&extents, records)))
}

/// Where the last variable ends; records of all variables alternate, each padded to 4 bytes unless it is alone.
fn end(extents: &[Extent], records: u64) -> u64 {
    let sizes: Vec<u64> = extents
        .iter()
        .filter(|e| e.is_record)
        .map(|e| e.bytes)
        .collect();
    let record: u64 = match sizes.as_slice() {
        [alone] => *alone,
        all => all.iter().fold(0, |sum: u64, bytes| {
            sum.saturating_add(bytes.next_multiple_of(4))
        }),
    };
    let last = |e: &Extent| match (e.is_record, records) {
        (true, 0) => 0,
        (true, _) => e
            .begin
            .saturating_add((records - 1).saturating_mul(record))
            .saturating_add(e.bytes),
        (false, _) => e.begin.saturating_add(e.bytes),
    };
    extents.iter().map(last).max().unwrap_or(0)
}

struct Header<'a, R> {
    file: &'a mut R,
    widths: Widths,
}

impl<R: Read> Header<'_, R> {
    fn bytes(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.by_ref().take(count).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == count {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn number(&mut self, width: usize) -> io::Result<u64> {
        Ok(self
            .bytes(width as u64)?
            .into_iter()
            .fold(0, |n, byte| n << 8 | u64::from(byte)))
    }

    fn count(&mut self) -> io::Result<u64> {
        self.number(self.widths.count)
    }

    /// Text or values of a given length, padded to 4 bytes.
    fn padded(&mut self, length: u64) -> io::Result<()> {
        self.bytes(
            length
                .checked_next_multiple_of(4)
                .ok_or_else(|| nonsense("a length is too large"))?,
        )
        .map(drop)
    }

    fn name(&mut self) -> io::Result<()> {
        let length = self.count()?;
        self.padded(length)
    }

    /// A list: a tag, the number of items, the items.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        self.number(4)?;
        let count = self.count()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn attributes(&mut self) -> io::Result<()> {
        let items = self.list(|header| {
            header.name()?;
            let size = header.size()?;
            let length = header.count()?.saturating_mul(size);
            header.padded(length)
        })?;
        drop(items);
        Ok(())
    }

    fn variable(&mut self, lengths: &[u64]) -> io::Result<Extent> {
        self.name()?;
        let rank = self.count()?;
        let dims = (0..rank)
            .map(|_| self.count())
            .collect::<io::Result<Vec<u64>>>()?;
        self.attributes()?;
        let size = self.size()?;
        self.count()?; // the stored size of the variable overflows where it is large
        let begin = self.number(self.widths.offset)?;
        let length = |id: &u64| {
            usize::try_from(*id)
                .ok()
                .and_then(|id| lengths.get(id))
                .copied()
        };
        let shape = dims
            .iter()
            .map(length)
            .collect::<Option<Vec<u64>>>()
            .ok_or_else(|| nonsense("an unknown dimension"))?;
        let is_record = shape.first() == Some(&0);
        let bytes = shape
            .iter()
            .skip(usize::from(is_record))
            .fold(size, |n, length| n.saturating_mul(*length));
        Ok(Extent {
            begin,
            bytes,
            is_record,
        })
    }

    /// The size of a value of the type that comes next.
    fn size(&mut self) -> io::Result<u64> {
        match self.number(4)? {
            1 | 2 | 7 => Ok(1),
            3 | 8 => Ok(2),
            4 | 5 | 9 => Ok(4),
            6 | 10 | 11 => Ok(8),
            _ => Err(nonsense("an unknown type of values")),
        }
    }
}

fn nonsense(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
