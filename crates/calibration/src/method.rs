//! The methods by one name, their fits and their forecasts.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::bias::BiasFit;
use crate::climatology::ClimatologyFit;
use crate::emos::EmosFit;
use crate::isotonic::IsotonicFit;
use crate::member_by_member::MemberByMemberFit;
use crate::quantile_mapping::QuantileMappingFit;
use crate::regression::{check_terms, is_complete};
use crate::scope::Groups;
use crate::{
    Basis, Bias, Case, Climatology, Emos, FitError, Isotonic, Law, MemberByMember, PredictError,
    QuantileMapping, Scope, Table, Term,
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
    Raw,
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

/// A method fitted to one group of stations and one lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Part {
    /// Nothing to fit.
    Raw,
    /// See [`Climatology`].
    Climatology(ClimatologyFit),
    /// See [`Bias`].
    Bias(BiasFit),
    /// See [`Emos`].
    Emos(EmosFit),
    /// See [`MemberByMember`].
    MemberByMember(MemberByMemberFit),
    /// See [`QuantileMapping`].
    QuantileMapping(QuantileMappingFit),
    /// See [`Isotonic`].
    Isotonic(IsotonicFit),
}

/// The fits of one lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadFit {
    /// Seconds.
    lead: i64,
    global: Part,
    parts: Vec<Part>,
    of_station: BTreeMap<String, usize>,
    /// Stations whose group had too few cases.
    too_few: Vec<String>,
}

/// A fitted method: every lead by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    method: Method,
    leads: Vec<LeadFit>,
}

/// A forecast and the fit that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The predictive law.
    pub law: Law,
    /// Corrected members in the order of the raw ones (NaN where missing), for methods that correct members.
    pub members: Option<Vec<f64>>,
    /// Which fit.
    pub basis: Basis,
}

/// Complete cases that a fit needs for each parameter.
const CASES_A_PARAMETER: usize = 5;

impl Method {
    /// The name in configuration and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Climatology(_) => "climatology",
            Self::Bias(_) => "bias",
            Self::Emos(_) => "emos",
            Self::MemberByMember(_) => "member_by_member",
            Self::QuantileMapping(_) => "quantile_mapping",
            Self::Isotonic(_) => "isotonic",
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Self::Raw => Scope::Global,
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
            Self::Raw | Self::Climatology(_) => Vec::new(),
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
            Self::Raw => 0,
            Self::Climatology(_) => 1,
            Self::Bias(method) => CASES_A_PARAMETER * method.parameters(members),
            Self::Emos(method) => CASES_A_PARAMETER * method.parameters(members),
            Self::MemberByMember(method) => CASES_A_PARAMETER * method.parameters(members),
            Self::QuantileMapping(_) | Self::Isotonic(_) => 30,
        }
    }

    /// Fits every lead of a table by itself, to the cases that have an observation and all that the terms need.
    ///
    /// # Errors
    /// [`FitError`]: no observation, too few cases (with how many are needed), a term that the table has nothing for, an
    /// observation that the family cannot hold.
    pub fn fit(&self, training: &Table) -> Result<Fitted, FitError> {
        if let Self::Emos(emos) = self {
            emos.check()?;
        }
        let mut leads = training.distinct_leads();
        if leads.is_empty() {
            return Err(self.too_few(training, 0, 0));
        }
        leads.sort_unstable();
        let fit = |&lead: &i64| self.fit_lead(training, lead);
        let leads = leads.iter().map(fit).collect::<Result<_, _>>()?;
        Ok(Fitted {
            method: self.clone(),
            leads,
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
        if matches!(self, Self::Raw) {
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
            Self::Raw => Part::Raw,
            Self::Climatology(method) => Part::Climatology(method.fit(cases)),
            Self::Bias(method) => Part::Bias(method.fit(cases)),
            Self::Emos(method) => Part::Emos(method.fit(cases)?),
            Self::MemberByMember(method) => Part::MemberByMember(method.fit(cases)?),
            Self::QuantileMapping(method) => Part::QuantileMapping(method.fit(cases)),
            Self::Isotonic(method) => Part::Isotonic(method.fit(cases)?),
        })
    }
}

impl LeadFit {
    fn new(
        lead: i64,
        global: Part,
        fitted: Vec<Option<Part>>,
        of_station: &BTreeMap<String, usize>,
    ) -> Self {
        let mut at = vec![None; fitted.len()];
        let mut parts = Vec::new();
        for (group, part) in fitted.into_iter().enumerate() {
            if let Some(part) = part {
                at[group] = Some(parts.len());
                parts.push(part);
            }
        }
        let placed = |(name, group): (&String, &usize)| Some((name.clone(), at[*group]?));
        let too_few = of_station.iter().filter(|(_, group)| at[**group].is_none());
        Self {
            lead,
            global,
            parts,
            too_few: too_few.map(|(name, _)| name.clone()).collect(),
            of_station: of_station.iter().filter_map(placed).collect(),
        }
    }

    /// Seconds.
    pub fn lead(&self) -> i64 {
        self.lead
    }

    /// The fit of all stations together.
    pub fn global(&self) -> &Part {
        &self.global
    }

    /// The fit of a station or its group; `None` where the fallback serves it.
    pub fn of_station(&self, name: &str) -> Option<&Part> {
        self.of_station.get(name).and_then(|&at| self.parts.get(at))
    }

    /// Stations seen in training whose group had too few cases for a fit of its own.
    pub fn too_few(&self) -> &[String] {
        &self.too_few
    }
}

impl Fitted {
    /// The configuration that was fitted.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The fits, by ascending lead.
    pub fn leads(&self) -> &[LeadFit] {
        &self.leads
    }

    /// The forecast for a case; its observation is not looked at.
    ///
    /// # Errors
    /// [`PredictError`]: no member, a missing covariate, a lead that was not fitted, no past observation of the season.
    pub fn predict(&self, case: &Case<'_>) -> Result<Prediction, PredictError> {
        let fit = self.leads.iter().find(|fit| fit.lead == case.lead);
        let fit = fit.ok_or_else(|| PredictError::Lead {
            lead: case.lead,
            fitted: self.leads.iter().map(|fit| fit.lead).collect(),
        })?;
        if self.method.scope() == Scope::Global {
            return fit.global.predict(case, Basis::Global);
        }
        match fit
            .of_station(&case.station.name)
            .map(|part| part.predict(case, Basis::Own))
        {
            // A station without this season has that of all stations.
            None | Some(Err(PredictError::NoSeason { .. })) => {
                fit.global.predict(case, Basis::Fallback)
            }
            Some(own) => own,
        }
    }
}

impl Part {
    fn predict(&self, case: &Case<'_>, basis: Basis) -> Result<Prediction, PredictError> {
        let of_law = |law: Law| Prediction {
            law,
            members: None,
            basis,
        };
        match self {
            Self::Climatology(fit) => fit.predict(case).map(of_law),
            Self::Emos(fit) => fit.predict(case).map(of_law),
            Self::Isotonic(fit) => fit.predict(case).map(of_law),
            Self::Raw => of_members(case, case.members.to_vec(), basis),
            Self::Bias(fit) => of_members(case, fit.members(case)?, basis),
            Self::MemberByMember(fit) => of_members(case, fit.members(case)?, basis),
            Self::QuantileMapping(fit) => of_members(case, fit.members(case), basis),
        }
    }
}

fn of_members(
    case: &Case<'_>,
    members: Vec<f64>,
    basis: Basis,
) -> Result<Prediction, PredictError> {
    let present: Vec<f64> = members.iter().copied().filter(|x| x.is_finite()).collect();
    let law = Law::of_members(&present).map_err(|_| PredictError::NoMember {
        station: case.station.name.clone(),
        date: case.date,
        lead: case.lead,
    })?;
    Ok(Prediction {
        law,
        members: Some(members),
        basis,
    })
}
