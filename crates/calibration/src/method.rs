//! The methods by one name, their fits and their forecasts.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::regression::{check_terms, is_complete};
use crate::scope::Groups;
use crate::{
    Bias, Case, Climatology, Emos, FitError, Fitted, Isotonic, IsotonicFit, LeadFit,
    MemberByMember, Part, QuantileMapping, Scope, Table, Term,
};

/// A post-processing method: one line of configuration.
///
/// ```
/// use foehn_calibration::{Emos, Family, Method, Scope};
/// #[derive(serde::Deserialize)]
/// struct Run { method: Method }
/// let run: Run = toml::from_str(
///     r#"method = { name = "emos", family = "logistic", location = ["mean", { season = 1 }], scope = "local" }"#,
/// )?;
/// let Method::Emos(Emos { family, scope, .. }) = run.method else { panic!() };
/// assert_eq!((family, scope), (Family::Logistic, Scope::Local));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Method {
    /// The members as they are.
    Raw(Raw),
    /// Past observations of the season.
    Climatology(Climatology),
    /// One step for all members.
    Bias(Bias),
    /// A parametric law regressed on the ensemble.
    Emos(Emos),
    /// Every member moved and spread.
    MemberByMember(MemberByMember),
    /// Quantiles of the members to those of the observations.
    QuantileMapping(QuantileMapping),
    /// Isotonic distributional regression.
    Isotonic(Isotonic),
}

/// The members as they are: nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {}

/// Complete cases that a fit needs for each parameter.
const CASES_A_PARAMETER: usize = 5;

fn cases_for(parameters: usize) -> usize {
    parameters.saturating_mul(CASES_A_PARAMETER)
}

impl Method {
    /// The name in configuration and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
            Self::Climatology(_) => "climatology",
            Self::Bias(_) => "bias",
            Self::Emos(_) => "emos",
            Self::MemberByMember(_) => "member_by_member",
            Self::QuantileMapping(_) => "quantile_mapping",
            Self::Isotonic(_) => "isotonic",
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Raw(_) => Scope::Global,
            Self::Climatology(method) => method.scope,
            Self::Bias(method) => method.scope,
            Self::Emos(method) => method.scope,
            Self::MemberByMember(method) => method.scope,
            Self::QuantileMapping(method) => method.scope,
            Self::Isotonic(method) => method.scope,
        }
    }

    /// What a case must have to count.
    fn terms(&self) -> Vec<Term> {
        match self {
            Self::Raw(_) | Self::Climatology(_) => Vec::new(),
            Self::Bias(method) => method.terms(),
            Self::Emos(method) => method.terms(),
            Self::MemberByMember(method) => method.terms(),
            Self::QuantileMapping(_) | Self::Isotonic(_) => vec![Term::Mean],
        }
    }

    /// Complete cases that one fit needs: five for each parameter, thirty for the methods without parameters, one for
    /// climatology and none for raw members.
    pub fn needed(&self, members: usize) -> usize {
        match self {
            Self::Raw(_) => 0,
            Self::Climatology(_) => 1,
            Self::Bias(method) => cases_for(method.parameters(members)),
            Self::Emos(method) => cases_for(method.parameters(members)),
            Self::MemberByMember(method) => cases_for(method.parameters(members)),
            Self::QuantileMapping(_) | Self::Isotonic(_) => 30,
        }
    }

    /// Fits every lead of a table by itself, to the cases that have an observation and all that the terms need.
    ///
    /// # Errors
    /// [`FitError`]: no observation, too few cases (with how many are needed), a term that the table has nothing for or
    /// of too many harmonics, neighbours of a station without a place, an observation that the family cannot hold.
    pub fn fit(&self, training: &Table) -> Result<Fitted, FitError> {
        self.check(training)?;
        let mut leads = training.distinct_leads();
        if leads.is_empty() {
            return Err(self.too_few(training, 0, 0));
        }
        leads.sort_unstable();
        let fit = |&lead: &i64| self.fit_lead(training, lead);
        let leads = leads.iter().map(fit).collect::<Result<_, _>>()?;
        Ok(Fitted::new(self.clone(), leads))
    }

    /// What can be said before anything is computed.
    fn check(&self, training: &Table) -> Result<(), FitError> {
        self.terms().iter().try_for_each(Term::check)?;
        if let Self::Emos(emos) = self {
            emos.check()?;
        }
        let Scope::Neighbours(_) = self.scope() else {
            return Ok(());
        };
        let mut stations = training.cases().map(|case| case.station);
        stations
            .find(|station| !station.has_place())
            .map_or(Ok(()), |station| {
                Err(FitError::NoPlace {
                    method: self.name(),
                    station: station.name.clone(),
                })
            })
    }

    fn too_few(&self, training: &Table, found: usize, rows: usize) -> FitError {
        let needed = self.needed(training.columns().members.ncols());
        FitError::TooFewCases {
            method: self.name(),
            needed,
            found,
            rows,
        }
    }

    fn fit_lead(&self, training: &Table, lead: i64) -> Result<LeadFit, FitError> {
        let rows: Vec<Case<'_>> = training.cases().filter(|case| case.lead == lead).collect();
        let cases = self.complete(&rows)?;
        let needed = self.needed(training.columns().members.ncols());
        if cases.len() < needed {
            return Err(self.too_few(training, cases.len(), rows.len()));
        }
        let global = self.fit_part(&cases)?;
        let Groups {
            cases: groups,
            of_station,
        } = self.scope().groups(&cases);
        let fitted: Vec<Option<Part>> = groups
            .par_iter()
            .map(|rows| {
                let own: Vec<Case<'_>> = rows.iter().map(|&i| cases[i].clone()).collect();
                (own.len() >= needed.max(1))
                    .then(|| self.fit_part(&own))
                    .transpose()
            })
            .collect::<Result<_, _>>()?;
        Ok(LeadFit::new(lead, global, fitted, &of_station))
    }

    /// The rows that can be fitted to.
    fn complete<'a>(&self, rows: &[Case<'a>]) -> Result<Vec<Case<'a>>, FitError> {
        if matches!(self, Self::Raw(_)) {
            return Ok(Vec::new());
        }
        let observed = |case: &&Case<'_>| case.observation.is_finite();
        if !rows.iter().any(|case| case.observation.is_finite()) {
            return Err(FitError::NoObservation {
                method: self.name(),
                rows: rows.len(),
            });
        }
        let terms = self.terms();
        check_terms(rows, &terms)?;
        Ok(rows
            .iter()
            .filter(observed)
            .filter(|case| is_complete(case, &terms))
            .cloned()
            .collect())
    }

    fn fit_part(&self, cases: &[Case<'_>]) -> Result<Part, FitError> {
        Ok(match self {
            Self::Raw(_) => Part::Raw,
            Self::Climatology(method) => Part::Climatology(method.fit(cases)),
            Self::Bias(method) => Part::Bias(method.fit(cases)),
            Self::Emos(method) => Part::Emos(method.fit(cases)?),
            Self::MemberByMember(method) => Part::MemberByMember(method.fit(cases)?),
            Self::QuantileMapping(method) => Part::QuantileMapping(method.fit(cases)),
            Self::Isotonic(_) => Part::Isotonic(IsotonicFit::fit(cases)?),
        })
    }
}
