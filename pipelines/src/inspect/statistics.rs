//! Moments of a variable, read in pieces.

use anyhow::{Result, bail};
use foehn_archive::{Archive, Variable};
use serde::Serialize;
use std::ops::Range;

/// Values read at once.
const PIECE: usize = 4 << 20;

/// The moments of a variable over everything that is not missing.
#[derive(Clone, Debug, Serialize)]
pub struct Statistics {
    /// Values that are there.
    pub count: u64,
    /// Values declared missing.
    pub missing: u64,
    /// Their share of all values.
    pub missing_share: f64,
    /// NaN that nothing declares missing.
    pub undeclared_nan: u64,
    /// Infinite values, which are left out of the moments.
    pub infinite: u64,
    /// The least value.
    pub minimum: f64,
    /// The greatest value.
    pub maximum: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation, `sqrt(mean((x - mean)^2))`.
    pub deviation: f64,
}

/// Sums of one pass, merged by the method of Chan, Golub and `LeVeque` (1983).
#[derive(Clone, Copy, Debug)]
struct Sums {
    count: u64,
    missing: u64,
    nan: u64,
    infinite: u64,
    minimum: f64,
    maximum: f64,
    mean: f64,
    squares: f64,
}

impl Sums {
    const NONE: Self = Self {
        count: 0,
        missing: 0,
        nan: 0,
        infinite: 0,
        minimum: f64::INFINITY,
        maximum: f64::NEG_INFINITY,
        mean: 0.0,
        squares: 0.0,
    };

    fn of(values: &[f64], (missing, nan, infinite): (u64, u64, u64)) -> Self {
        let count = values.len() as u64;
        let mean = values.iter().sum::<f64>() / (count.max(1) as f64);
        Self {
            count,
            missing,
            nan,
            infinite,
            minimum: values.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean,
            squares: values.iter().map(|x| (x - mean) * (x - mean)).sum(),
        }
    }

    fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        let (n, m) = (self.count as f64, other.count as f64);
        let total = (count.max(1)) as f64;
        let apart = other.mean - self.mean;
        Self {
            count,
            missing: self.missing + other.missing,
            nan: self.nan + other.nan,
            infinite: self.infinite + other.infinite,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
            mean: self.mean + apart * m / total,
            squares: self.squares + other.squares + apart * apart * n * m / total,
        }
    }
}

/// The statistics of a variable that holds numbers; `None` for texts and what else cannot be counted.
pub(super) fn of(archive: &Archive, variable: &Variable) -> Result<Option<Statistics>> {
    let nothing: Vec<Range<usize>> = variable.shape.iter().map(|_| 0..0).collect();
    if archive.read(&variable.name, &nothing).is_err() {
        return Ok(None);
    }
    if archive.is_hollow(&variable.name)? {
        bail!(
            "{}: statistics were not taken: the file is too small to hold a share of its {:?} values worth reading; \
             the rest were never written",
            variable.name,
            variable.shape
        );
    }
    let mut sums = Sums::NONE;
    for piece in pieces(&variable.shape, variable.chunks.as_deref()) {
        let field = archive.read(&variable.name, &piece)?;
        let missing = field.missing_count() as u64;
        let nan = field.values.iter().filter(|x| x.is_nan()).count() as u64;
        let there = field.values.iter().filter(|x| x.is_finite());
        let there: Vec<f64> = there.map(|x| f64::from(*x)).collect();
        let infinite = field.values.len() as u64 - there.len() as u64 - nan;
        let apart = (missing, nan.saturating_sub(missing), infinite);
        sums = sums.merge(Sums::of(&there, apart));
        crate::progress::check_interrupt()?;
    }
    let all = (sums.count + sums.missing + sums.nan + sums.infinite).max(1) as f64;
    let known = |x: f64| if sums.count > 0 { x } else { f64::NAN };
    Ok(Some(Statistics {
        count: sums.count,
        missing: sums.missing,
        missing_share: sums.missing as f64 / all,
        undeclared_nan: sums.nan,
        infinite: sums.infinite,
        minimum: known(sums.minimum),
        maximum: known(sums.maximum),
        mean: known(sums.mean),
        deviation: known((sums.squares / sums.count.max(1) as f64).sqrt()),
    }))
}

/// Cuts an array into boxes of at most [`PIECE`] values, whole chunks where they fit.
fn pieces(
    shape: &[usize],
    chunks: Option<&[usize]>,
) -> impl Iterator<Item = Vec<Range<usize>>> + use<> {
    let mut lengths = shape.to_vec();
    for axis in 0..lengths.len() {
        let inner: usize = lengths[axis + 1..]
            .iter()
            .fold(1, |n, m| n.saturating_mul(*m));
        if inner.saturating_mul(lengths[axis]) <= PIECE {
            break;
        }
        let chunk = chunks.and_then(|c| c.get(axis)).copied().unwrap_or(1);
        let fits = (PIECE / inner.max(1)).max(1);
        let whole = if fits >= chunk.max(1) {
            fits - fits % chunk.max(1)
        } else {
            fits
        };
        lengths[axis] = whole.min(lengths[axis]).max(1);
    }
    let counts = lengths.iter().zip(shape);
    let counts: Vec<usize> = counts
        .map(|(n, total)| total.div_ceil((*n).max(1)))
        .collect();
    let shape = shape.to_vec();
    ndarray::indices(counts).into_iter().map(move |at| {
        let at = ndarray::Dimension::slice(&at);
        let along = at.iter().zip(&lengths).zip(&shape);
        along
            .map(|((k, n), total)| k * n..((k + 1) * n).min(*total))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_once() {
        for (shape, chunks) in [
            (vec![10_000, 700, 9], Some(vec![24, 700, 9])),
            (vec![3, 5_000_000], None),
            (vec![], None),
            (vec![0, 4], None),
        ] {
            let boxes: Vec<_> = pieces(&shape, chunks.as_deref()).collect();
            let volume =
                |ranges: &Vec<Range<usize>>| ranges.iter().map(Range::len).product::<usize>();
            let covered: usize = boxes.iter().map(volume).sum();
            assert_eq!(covered, shape.iter().product::<usize>(), "{shape:?}");
            assert!(boxes.iter().all(|b| volume(b) <= PIECE), "{shape:?}");
        }
    }

    #[test]
    fn sums_of_parts_are_those_of_the_whole() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        let whole = Sums::of(&values, (0, 0, 0));
        let parts = Sums::of(&values[..2], (0, 0, 0)).merge(Sums::of(&values[2..], (0, 0, 0)));
        // mean 6.2, squares 27.04 + 17.64 + 4.84 + 3.24 + 96.04
        assert!((whole.squares - 148.8).abs() < 1e-12 && (parts.squares - 148.8).abs() < 1e-12);
        assert!((parts.mean - 6.2).abs() < 1e-15);
        assert_eq!((parts.minimum, parts.maximum), (1.0, 16.0));
    }
}
