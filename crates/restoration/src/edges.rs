//! What lies beyond the edges of a picture or field.

/// What lies beyond the ends of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// Nothing: cells beyond equal the outermost one, and no flux leaves.
    #[default]
    Closed,
    /// The other end: longitudes around the globe, doubly periodic boxes.
    Periodic,
}

/// What lies beyond the edges, along y and along x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Beyond the first and the last row.
    pub y: Edge,
    /// Beyond the first and the last column.
    pub x: Edge,
}

impl Edges {
    /// Those of a picture.
    pub const CLOSED: Self = Self {
        y: Edge::Closed,
        x: Edge::Closed,
    };
}

impl Edge {
    /// The cell that stands for cell `i` of an axis of `n`.
    pub(crate) fn cell(self, i: isize, n: usize) -> usize {
        let n = n as isize;
        let cell = match self {
            Self::Closed => i.clamp(0, n - 1),
            Self::Periodic => i.rem_euclid(n),
        };
        cell as usize
    }

    /// The neighbours of cell `i`, before and after.
    pub(crate) fn neighbours(self, i: usize, n: usize) -> [Option<usize>; 2] {
        let (i, last) = (i as isize, n as isize - 1);
        [i - 1, i + 1].map(|k| {
            let there = (0..=last).contains(&k) || (self == Self::Periodic && n > 2);
            there.then(|| self.cell(k, n))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_or_go_on() {
        assert_eq!(Edge::Closed.neighbours(0, 4), [None, Some(1)]);
        assert_eq!(Edge::Periodic.neighbours(0, 4), [Some(3), Some(1)]);
        assert_eq!(Edge::Periodic.neighbours(3, 4), [Some(2), Some(0)]);
        // of two cells, one is the neighbour of the other once
        assert_eq!(Edge::Periodic.neighbours(0, 2), [None, Some(1)]);
        assert_eq!(Edge::Closed.cell(-3, 5), 0);
        assert_eq!(Edge::Periodic.cell(-3, 5), 2);
    }
}
