//! The search for the coefficients of an EMOS fit.

use crate::emos::LEAST;
use crate::minimise::Ending;
use crate::regression::Design;
use crate::special::{logistic, softplus};
use crate::{Case, Emos, EmosFit, Family, Link, Scale, Slope};

/// Exponents of the scale are kept within these of the observations' own scale.
const EXPONENT: f64 = 12.0;
/// The parameters of a search: standardised location, then scale, then `ln shift`.
pub(crate) struct Search<'a> {
    emos: &'a Emos,
    location: Design,
    scale: Design,
    spreads: Vec<f64>,
    observations: Vec<f64>,
    /// Standard deviation of the least-squares residuals.
    unit: f64,
    softness: f64,
}

impl<'a> Search<'a> {
    pub(crate) fn new(emos: &'a Emos, cases: &[Case<'_>]) -> Self {
        let location = Design::new(cases, &emos.location);
        let observations: Vec<f64> = cases.iter().map(|case| case.observation).collect();
        let count = observations.len() as f64;
        let fitted =
            &location.rows * nalgebra::DVector::from_vec(location.least_squares(&observations));
        let squares: f64 = observations
            .iter()
            .zip(&fitted)
            .map(|(y, m)| (y - m).powi(2))
            .sum();
        let mean = observations.iter().sum::<f64>() / count;
        // A perfect fit of rounded data must not make the scale vanish altogether.
        let unit = (squares / count).sqrt().max(1e-9 * (1.0 + mean.abs()));
        let softness = if emos.has_shift() {
            mean.max(1e-3 * unit)
        } else {
            0.0
        };
        Self {
            emos,
            location,
            scale: Design::new(cases, &emos.scale),
            spreads: cases
                .iter()
                .map(|c| c.mean_and_deviation().map_or(0.0, |(_, s)| s))
                .collect(),
            observations,
            unit,
            softness,
        }
    }

    fn scale_width(&self) -> usize {
        match self.emos.link {
            Link::Log => self.scale.width(),
            Link::Square => 2,
        }
    }

    pub(crate) fn start(&self) -> Vec<f64> {
        let mut start = self.location.least_squares(&self.observations);
        let at = start.len();
        start.resize(at + self.scale_width(), 0.0);
        match (self.emos.link, self.emos.family) {
            (Link::Square, _) => (start[at], start[at + 1]) = (self.unit, 0.5),
            // The logistic law's standard deviation is pi/sqrt 3 of its scale.
            (Link::Log, Family::Logistic) => start[at] = -0.6,
            (Link::Log, _) => {}
        }
        if self.emos.has_shift() {
            start.push((0.1f64).ln());
        }
        start
    }

    /// Location with its derivative along the linear predictor.
    fn locate(&self, linear: f64) -> (f64, f64) {
        if self.softness == 0.0 {
            return (linear, 1.0);
        }
        let x = linear / self.softness;
        (self.softness * (softplus(x) + LEAST), logistic(x))
    }

    /// Scale of row i, with its derivatives along its parameters.
    fn spread_out(&self, i: usize, at: &[f64], slopes: &mut [f64]) -> f64 {
        if self.emos.link == Link::Square {
            let (c, d, spread) = (at[0], at[1], self.spreads[i]);
            let floor = 1e-6 * self.unit;
            let s = (c * c + d * d * spread * spread + floor * floor).sqrt();
            (slopes[0], slopes[1]) = (c / s, d * spread * spread / s);
            return s;
        }
        let row = self.scale.rows.row(i);
        let exponent: f64 = row.iter().zip(at).map(|(u, d)| u * d).sum();
        let inside = exponent.abs() <= EXPONENT;
        let s = self.unit * exponent.clamp(-EXPONENT, EXPONENT).exp();
        for (slope, u) in slopes.iter_mut().zip(row.iter()) {
            *slope = if inside { s * u } else { 0.0 };
        }
        s
    }

    /// The mean objective and its gradient.
    pub(crate) fn objective(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let (p, q) = (self.location.width(), self.scale_width());
        let shift = at
            .get(p + q)
            .map_or(0.0, |ln| self.softness * ln.clamp(-20.0, 5.0).exp());
        let mut slopes = vec![0.0; q];
        let mut sum = 0.0;
        for (i, &y) in self.observations.iter().enumerate() {
            let row = self.location.rows.row(i);
            let linear: f64 = row.iter().zip(at).map(|(x, b)| x * b).sum();
            let (m, m_linear) = self.locate(linear);
            let s = self.spread_out(i, &at[p..p + q], &mut slopes);
            let slope: Slope = self
                .emos
                .family
                .slope(self.emos.objective, [m, s, shift], y);
            sum += slope.value;
            for (g, x) in gradient.iter_mut().zip(row.iter()) {
                *g += slope.location * m_linear * x;
            }
            for (g, along) in gradient[p..].iter_mut().zip(&slopes) {
                *g += slope.scale * along;
            }
            if let Some(g) = gradient.get_mut(p + q) {
                *g += slope.shift * shift;
            }
        }
        let count = self.observations.len() as f64;
        for g in gradient {
            *g /= count;
        }
        sum / count
    }

    pub(crate) fn finish(&self, at: &[f64], ending: Ending, cases: usize) -> EmosFit {
        let (p, q) = (self.location.width(), self.scale_width());
        let scale = match self.emos.link {
            Link::Square => Scale::Square {
                constant: at[p].abs(),
                factor: at[p + 1].abs(),
            },
            Link::Log => {
                let mut regression = self.scale.regression(&at[p..p + q]);
                regression.shift_intercept(self.unit.ln());
                Scale::Log(regression)
            }
        };
        EmosFit {
            family: self.emos.family,
            location: self.location.regression(&at[..p]),
            scale,
            shift: at
                .get(p + q)
                .map_or(0.0, |ln| self.softness * ln.clamp(-20.0, 5.0).exp()),
            softness: self.softness,
            ending,
            cases,
        }
    }
}
