//! Ensemble model output statistics: a parametric law whose parameters are regressed on the ensemble.

use serde::{Deserialize, Serialize};

use crate::minimise::{Ending, minimise};
use crate::regression::{Design, Regression};
use crate::special::{logistic, softplus};
use crate::{Case, Family, FitError, Law, Objective, PredictError, Scope, Slope, Term};

/// How the scale follows its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `ln s = c + sum d_j u_j`; with the term `spread`: `ln s = c + d ln S`.
    #[default]
    Log,
    /// `s^2 = c^2 + d^2 S^2`, S the members' standard deviation; the only term is `spread`.
    Square,
}

/// Non-homogeneous regression (NGR, EMOS): `Y ~ family(m, s)`, `m = a + sum b_j x_j`, s by its [`Link`].
///
/// The location of the gamma family is `w softplus(m/w)`, w the mean observation, so that it stays positive; its shift
/// is one positive number a fit.
///
/// # Reference
/// Gneiting, Raftery, Westveld and Goldman (2005), Mon. Weather Rev. 133, 1098; Scheuerer and Hamill (2015) for the
/// gamma family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Emos {
    /// Shape of the law.
    pub family: Family,
    /// What is made small.
    pub objective: Objective,
    /// How the scale follows its terms.
    pub link: Link,
    /// Terms of the location.
    pub location: Vec<Term>,
    /// Terms of the scale.
    pub scale: Vec<Term>,
    /// Which stations share a fit.
    pub scope: Scope,
}

impl Default for Emos {
    fn default() -> Self {
        Self {
            family: Family::Normal,
            objective: Objective::Crps,
            link: Link::Log,
            location: vec![Term::Mean],
            scale: vec![Term::Spread],
            scope: Scope::Global,
        }
    }
}

/// Scale parameters of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// `s = exp(regression)`.
    Log(Regression),
    /// `s^2 = constant^2 + factor^2 S^2`.
    Square {
        /// c.
        constant: f64,
        /// d.
        factor: f64,
    },
}

/// A fitted regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmosFit {
    family: Family,
    location: Regression,
    scale: Scale,
    shift: f64,
    /// Width of the softplus of the gamma family; zero: the location is the regression itself.
    softness: f64,
    ending: Ending,
    cases: usize,
}

/// Exponents of the scale are kept within these of the observations' own scale.
const EXPONENT: f64 = 12.0;
/// The least location of a gamma law, in units of its softness.
const LEAST: f64 = 1e-6;

impl Emos {
    pub(crate) fn terms(&self) -> Vec<Term> {
        let mut terms = vec![Term::Mean];
        terms.extend(self.location.iter().chain(&self.scale).cloned());
        terms
    }

    pub(crate) fn check(&self) -> Result<(), FitError> {
        if self.link == Link::Square && self.scale != [Term::Spread] {
            return Err(FitError::Configuration(format!(
                "link square takes the scale terms [\"spread\"] and nothing else, found {:?}; use link log",
                self.scale.iter().map(Term::label).collect::<Vec<_>>()
            )));
        }
        Ok(())
    }

    pub(crate) fn check_observations(&self, cases: &[Case<'_>]) -> Result<(), FitError> {
        let below = |case: &&Case<'_>| self.family.is_non_negative() && case.observation < 0.0;
        cases.iter().find(below).map_or(Ok(()), |case| {
            Err(FitError::Negative {
                family: format!("{:?}", self.family),
                value: case.observation,
                station: case.station.name.clone(),
            })
        })
    }

    pub(crate) fn parameters(&self, members: usize) -> usize {
        let columns = |terms: &[Term]| {
            1 + terms
                .iter()
                .map(|t| t.columns(members).len())
                .sum::<usize>()
        };
        columns(&self.location) + columns(&self.scale) + usize::from(self.has_shift())
    }

    fn has_shift(&self) -> bool {
        self.family == Family::CensoredShiftedGamma
    }

    /// Fits to complete cases.
    pub(crate) fn fit(&self, cases: &[Case<'_>]) -> Result<EmosFit, FitError> {
        self.check_observations(cases)?;
        let search = Search::new(self, cases);
        let (at, ending) = minimise(&search.start(), |at, gradient| {
            search.objective(at, gradient)
        })
        .map_err(|value| FitError::Start {
            method: "emos",
            value,
        })?;
        Ok(search.finish(&at, ending, cases.len()))
    }
}

/// The parameters of a search: standardised location, then scale, then `ln shift`.
struct Search<'a> {
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
    fn new(emos: &'a Emos, cases: &[Case<'_>]) -> Self {
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

    fn start(&self) -> Vec<f64> {
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
    fn objective(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
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
        gradient.iter_mut().for_each(|g| *g /= count);
        sum / count
    }

    fn finish(&self, at: &[f64], ending: Ending, cases: usize) -> EmosFit {
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

impl EmosFit {
    /// Coefficients of the location.
    pub fn location(&self) -> &Regression {
        &self.location
    }

    /// Parameters of the scale.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The shift of the gamma family, else zero.
    pub fn shift(&self) -> f64 {
        self.shift
    }

    /// How the search ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Number of complete cases of the training.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The predictive law of a case.
    ///
    /// # Errors
    /// No member, a missing covariate, another number of members where they are weighed one by one.
    pub fn predict(&self, case: &Case<'_>) -> Result<Law, PredictError> {
        let linear = self.location.at(case)?;
        let location = if self.softness == 0.0 {
            linear
        } else {
            self.softness * (softplus(linear / self.softness) + LEAST)
        };
        let scale = match &self.scale {
            // Within what f64 holds, whatever a new predictor says.
            Scale::Log(regression) => regression.at(case)?.clamp(-600.0, 600.0).exp(),
            Scale::Square { constant, factor } => {
                let (_, spread) =
                    case.mean_and_deviation()
                        .ok_or_else(|| PredictError::NoMember {
                            station: case.station.name.clone(),
                            date: case.date,
                            lead: case.lead,
                        })?;
                constant.hypot(factor * spread).max(f64::MIN_POSITIVE)
            }
        };
        Ok(self.family.law(location, scale, self.shift))
    }
}
