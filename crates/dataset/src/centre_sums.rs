//! Least squares for what is subtracted: sums over training states, then one small system a site.

use ndarray::Array2;

use crate::season::Cholesky;
use crate::{Centre, Frame, Missing, Series};

/// Sums of `w phi phi^T` and `w phi x` over training states, phi the terms 1, cos p, sin p, ...
///
/// A site is a variable (all its cells, weighted by area) or one cell of a variable.
pub(crate) struct CentreSums {
    terms: usize,
    cells: usize,
    /// Sites of a variable.
    sites: usize,
    /// Whether one matrix serves all sites: no value is missing and each site is a cell.
    shared: bool,
    normal: Vec<f64>,
    right: Vec<f64>,
    areas: Vec<f64>,
}

impl CentreSums {
    pub(crate) fn new(series: &Series, terms: usize) -> Self {
        let config = series.config();
        let (channels, ny, nx) = series.shape();
        let cells = ny * nx;
        let sites = if config.centre == Centre::Variable {
            1
        } else {
            cells
        };
        let shared = sites == cells && config.missing == Missing::Refuse;
        let matrices = if shared { 1 } else { channels * sites };
        Self {
            terms,
            cells,
            sites,
            shared,
            normal: vec![0.0; matrices * terms * terms],
            right: vec![0.0; channels * sites * terms],
            areas: row_major(series.areas()),
        }
    }

    pub(crate) fn add(&mut self, frame: &Frame, phi: &[f64]) {
        for (channel, plane) in frame.values.outer_iter().enumerate() {
            let there = plane.iter().map(|x| f64::from(*x)).enumerate();
            let there = there.filter(|(_, x)| !x.is_nan());
            if self.sites == self.cells {
                for (cell, x) in there {
                    self.add_site(channel * self.cells + cell, phi, 1.0, x);
                }
            } else {
                // a sum a state first: fewer roundings than one long sum
                let weigh = |(total, sum): (f64, f64), (cell, x): (usize, f64)| {
                    (total + self.areas[cell], sum + self.areas[cell] * x)
                };
                let (total, sum) = there.fold((0.0, 0.0), weigh);
                self.add_site(channel, phi, total, sum);
            }
        }
        if self.shared {
            add_outer(&mut self.normal, phi, 1.0);
        }
    }

    /// Adds values of total weight `total` and weighted sum `sum` to a site.
    fn add_site(&mut self, site: usize, phi: &[f64], total: f64, sum: f64) {
        let terms = self.terms;
        let right = &mut self.right[site * terms..][..terms];
        for (right, p) in right.iter_mut().zip(phi) {
            *right += p * sum;
        }
        if !self.shared {
            let square = terms * terms;
            add_outer(&mut self.normal[site * square..][..square], phi, total);
        }
    }

    /// Coefficients of every site; where the states of a cell do not tell the terms apart only its mean, and zero
    /// where it never has a value.
    pub(crate) fn solve(mut self) -> Vec<f64> {
        let (terms, square) = (self.terms, self.terms * self.terms);
        let shared = self
            .shared
            .then(|| Cholesky::of(&self.normal, terms))
            .flatten();
        for (site, right) in self.right.chunks_exact_mut(terms).enumerate() {
            let normal = self
                .normal
                .chunks_exact(square)
                .nth(site)
                .unwrap_or(&self.normal);
            let factor = shared.clone().or_else(|| Cholesky::of(normal, terms));
            if let Some(factor) = factor {
                factor.solve(right);
                continue;
            }
            let mean = if normal[0] > 0.0 {
                right[0] / normal[0]
            } else {
                0.0
            };
            right.fill(0.0);
            right[0] = mean;
        }
        self.right
    }
}

fn add_outer(matrix: &mut [f64], phi: &[f64], weight: f64) {
    for (row, p) in matrix.chunks_exact_mut(phi.len()).zip(phi) {
        for (sum, q) in row.iter_mut().zip(phi) {
            *sum += weight * p * q;
        }
    }
}

/// The values of a plane, rows first.
pub(crate) fn row_major(plane: &Array2<f64>) -> Vec<f64> {
    plane.iter().copied().collect()
}
