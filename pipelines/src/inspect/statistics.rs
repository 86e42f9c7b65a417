//! Moments of a variable, read in pieces.

use super::Depth;
use anyhow::{Result, bail};
use foehn_archive::{Archive, Variable, Written};
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

    /// Those of a single value that comes so many times.
    fn repeated(self, times: u64) -> Self {
        Self {
            count: self.count * times,
            missing: self.missing * times,
            nan: self.nan * times,
            infinite: self.infinite * times,
            ..self
        }
    }

    fn statistics(self) -> Statistics {
        let all = (self.count + self.missing + self.nan + self.infinite).max(1) as f64;
        let known = |x: f64| if self.count > 0 { x } else { f64::NAN };
        Statistics {
            count: self.count,
            missing: self.missing,
            missing_share: self.missing as f64 / all,
            undeclared_nan: self.nan,
            infinite: self.infinite,
            minimum: known(self.minimum),
            maximum: known(self.maximum),
            mean: known(self.mean),
            deviation: known((self.squares / self.count.max(1) as f64).sqrt()),
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

/// The statistics of a variable that holds numbers; `None` for texts and what else cannot be counted. Of Zarr chunks that
/// were never written the fill value is counted once for all.
pub(super) fn of(
    archive: &Archive,
    variable: &Variable,
    depth: Depth,
) -> Result<Option<Statistics>> {
    let size = variable
        .shape
        .iter()
        .try_fold(1_usize, |n, m| n.checked_mul(*m));
    if archive.is_coordinate(&variable.name)? && size.is_some_and(|n| n <= PIECE) {
        return Ok(of_coordinate(archive, variable));
    }
    let nothing: Vec<Range<usize>> = variable.shape.iter().map(|_| 0..0).collect();
    if archive.read(&variable.name, &nothing).is_err() {
        return Ok(None);
    }
    let whole = || vec![variable.shape.iter().map(|n| 0..*n).collect::<Vec<_>>()];
    let (boxes, outside) = match archive.written(&variable.name)? {
        Written::Beyond { values, bytes } if depth != Depth::EveryValue => bail!(
            "{}: statistics were not taken: its {values} values are not in the {bytes} bytes of the file, nearly all were never \
             written or lie in other files; --statistics=all reads them nevertheless",
            variable.name,
        ),
        Written::Boxes { boxes, outside } => (boxes, Some(outside)),
        _ => (whole(), None),
    };
    let mut sums = Sums::NONE;
    for within in &boxes {
        for piece in pieces(within, variable.chunks.as_deref()) {
            sums = sums.merge(of_values(archive, variable, &piece)?);
        }
    }
    if let Some(place) = outside {
        let one: Vec<Range<usize>> = place.iter().map(|k| *k..k + 1).collect();
        let values = volume(whole().iter()) - volume(boxes.iter());
        sums = sums.merge(of_values(archive, variable, &one)?.repeated(values));
    }
    Ok(Some(sums.statistics()))
}

/// Positions and times are read as a run reads them: in double precision, the fill value of Zarr v2 no reason to be missing.
fn of_coordinate(archive: &Archive, variable: &Variable) -> Option<Statistics> {
    let values = archive.read_f64(&variable.name).ok()?;
    let there: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let missing = values.iter().filter(|x| x.is_nan()).count() as u64;
    let infinite = values.len() as u64 - there.len() as u64 - missing;
    Some(Sums::of(&there, (missing, 0, infinite)).statistics())
}

/// The number of values in some boxes.
fn volume<'a>(boxes: impl Iterator<Item = &'a Vec<Range<usize>>>) -> u64 {
    let product =
        |ranges: &Vec<Range<usize>>| ranges.iter().map(|r| r.len() as u64).product::<u64>();
    boxes.map(product).sum()
}

fn of_values(archive: &Archive, variable: &Variable, piece: &[Range<usize>]) -> Result<Sums> {
    let field = archive.read(&variable.name, piece)?;
    let missing = field.missing_count() as u64;
    let nan = field.values.iter().filter(|x| x.is_nan()).count() as u64;
    let there = field.values.iter().filter(|x| x.is_finite());
    let there: Vec<f64> = there.map(|x| f64::from(*x)).collect();
    let infinite = field.values.len() as u64 - there.len() as u64 - nan;
    let apart = (missing, nan.saturating_sub(missing), infinite);
    Ok(Sums::of(&there, apart))
}

/// Cuts a box, whose corner is that of a chunk, into boxes of at most [`PIECE`] values, whole chunks where they fit.
fn pieces(
    within: &[Range<usize>],
    chunks: Option<&[usize]>,
) -> impl Iterator<Item = Vec<Range<usize>>> + use<> {
    let mut lengths: Vec<usize> = within.iter().map(Range::len).collect();
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
    let counts = lengths.iter().zip(within);
    let counts: Vec<usize> = counts
        .map(|(n, range)| range.len().div_ceil((*n).max(1)))
        .collect();
    let within = within.to_vec();
    ndarray::indices(counts).into_iter().map(move |at| {
        let at = ndarray::Dimension::slice(&at);
        let along = at.iter().zip(&lengths).zip(&within);
        along
            .map(|((k, n), range)| range.start + k * n..(range.start + (k + 1) * n).min(range.end))
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
            let whole: Vec<_> = shape.iter().map(|n| 3..n + 3).collect();
            let boxes: Vec<_> = pieces(&whole, chunks.as_deref()).collect();
            let covered = volume(boxes.iter());
            assert_eq!(covered, shape.iter().product::<usize>() as u64, "{shape:?}");
            let mut each = boxes.iter().map(std::iter::once);
            assert!(each.all(|one| volume(one) <= PIECE as u64), "{shape:?}");
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
        // 4, a billion times
        let many = Sums::of(&[4.0], (0, 0, 0)).repeated(1_000_000_000);
        assert_eq!(
            (many.count, many.mean, many.squares),
            (1_000_000_000, 4.0, 0.0)
        );
        let missing = Sums::of(&[], (1, 0, 0)).repeated(7);
        assert_eq!((missing.count, missing.missing), (0, 7));
    }
}
