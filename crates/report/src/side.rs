//! Cell borders along one side of a map, and which cell a position falls into.

use crate::error::FigureError;

/// Cell borders along one side, ascending.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub edges: Vec<f64>,
    /// Whether the array runs against them.
    pub descending: bool,
}

impl Side {
    /// Borders half-way between the centres; end cells reach as far out as in.
    pub fn new(axis: &'static str, centres: &[f64]) -> Result<Self, FigureError> {
        let descending = centres.first() > centres.last();
        let sign = if descending { -1.0 } else { 1.0 };
        let ascends = |i: usize| i == 0 || sign * (centres[i] - centres[i - 1]) > 0.0;
        if let Some(index) = (0..centres.len()).find(|&i| !centres[i].is_finite() || !ascends(i)) {
            return Err(FigureError::Coordinate {
                axis,
                index,
                value: centres[index],
            });
        }
        let mut c = centres.to_vec();
        if descending {
            c.reverse();
        }
        let edges = match c[..] {
            [] => {
                let label = axis.to_owned();
                return Err(FigureError::Length {
                    label,
                    what: "coordinate",
                    expected: 1,
                    found: 0,
                });
            }
            [only] => vec![only - 0.5, only + 0.5],
            [first, .., last] => {
                let inner = c.windows(2).map(|w| f64::midpoint(w[0], w[1]));
                let ends = (
                    first - (c[1] - first) / 2.0,
                    last + (last - c[c.len() - 2]) / 2.0,
                );
                std::iter::once(ends.0)
                    .chain(inner)
                    .chain([ends.1])
                    .collect()
            }
        };
        Ok(Self { edges, descending })
    }

    pub fn clipped(mut self, low: f64, high: f64) -> Self {
        self.edges.iter_mut().for_each(|e| *e = e.clamp(low, high));
        self
    }

    pub fn low(&self) -> f64 {
        self.edges[0]
    }

    pub fn high(&self) -> f64 {
        self.edges[self.edges.len() - 1]
    }

    pub fn fraction(&self, value: f64) -> f64 {
        (value - self.low()) / (self.high() - self.low())
    }

    /// Array index at a position, i at the centre of cell i and i ± 1/2 at its borders.
    pub fn index(&self, fraction: f64) -> f64 {
        let value = self.low() + fraction * (self.high() - self.low());
        let cells = self.edges.len() - 1;
        let cell = self.edges.partition_point(|e| *e <= value).clamp(1, cells) - 1;
        let (low, high) = (self.edges[cell], self.edges[cell + 1]);
        let index = cell as f64 - 0.5 + (value - low) / (high - low);
        if self.descending {
            cells as f64 - 1.0 - index
        } else {
            index
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_lie_between_centres_and_follow_the_array() {
        let side = Side::new("y", &[30.0, 10.0, 0.0]).unwrap();
        assert_eq!(side.edges, [-5.0, 5.0, 20.0, 40.0]);
        assert_eq!((side.index(0.0), side.index(1.0)), (2.5, -0.5));
        assert_eq!(side.index(side.fraction(30.0)), 0.0);
        assert!(Side::new("y", &[0.0, 1.0, 1.0]).is_err());
        assert!(Side::new("y", &[0.0, f64::NAN]).is_err());
        assert!(Side::new("y", &[]).is_err());
    }
}
