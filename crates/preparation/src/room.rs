//! Much memory at once.

use std::io;

use memmap2::MmapMut;

/// Numbers that are zero, and take memory only once they are written.
///
/// The system is asked for large pages: first use of hundreds of megabytes in small ones takes longer than adding up.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: MmapMut,
    count: usize,
}

impl Room {
    pub(crate) fn of(count: usize) -> io::Result<Self> {
        let size = count.checked_mul(size_of::<f64>());
        let bytes = MmapMut::map_anon(size.ok_or(io::ErrorKind::OutOfMemory)?.max(1))?;
        #[cfg(target_os = "linux")]
        {
            // a hint: a system without large pages works as before
            let _ = bytes.advise(memmap2::Advice::HugePage);
        }
        Ok(Self { bytes, count })
    }

    pub(crate) fn values(&self) -> &[f64] {
        bytemuck::cast_slice(&self.bytes[..self.count * size_of::<f64>()])
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f64] {
        bytemuck::cast_slice_mut(&mut self.bytes[..self.count * size_of::<f64>()])
    }
}
