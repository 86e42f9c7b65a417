//! Ensemble model output statistics: a parametric law whose parameters are regressed on the ensemble.

use serde::{Deserialize, Serialize};

use crate::emos_search::Search;
use crate::minimise::{Ending, minimise};
use crate::regression::Regression;
use crate::special::softplus;
use crate::{Case, Family, FitError, Law, Objective, PredictError, Scope, Term};

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
    pub(crate) family: Family,
    pub(crate) location: Regression,
    pub(crate) scale: Scale,
    pub(crate) shift: f64,
    /// Width of the softplus of the gamma family; zero: the location is the regression itself.
    pub(crate) softness: f64,
    pub(crate) ending: Ending,
    pub(crate) cases: usize,
}

/// The least location of a gamma law, in units of its softness.
pub(crate) const LEAST: f64 = 1e-6;

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
        Term::width(&self.location, members)
            .saturating_add(Term::width(&self.scale, members))
            .saturating_add(2 + usize::from(self.has_shift()))
    }

    pub(crate) fn has_shift(&self) -> bool {
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

    /// Whether a term asks for past errors of a station and there are none.
    pub(crate) fn lacks(&self, station: &str) -> bool {
        let of_scale = match &self.scale {
            Scale::Log(regression) => regression.lacks(station),
            Scale::Square { .. } => false,
        };
        self.location.lacks(station) || of_scale
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
                            date: case.when(),
                            lead: case.lead,
                        })?;
                constant.hypot(factor * spread).max(f64::MIN_POSITIVE)
            }
        };
        Ok(self.family.law(location, scale, self.shift))
    }
}
