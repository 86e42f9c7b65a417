//! Fitted methods and their forecasts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bias::BiasFit;
use crate::climatology::ClimatologyFit;
use crate::emos::EmosFit;
use crate::isotonic::IsotonicFit;
use crate::member_by_member::MemberByMemberFit;
use crate::quantile_mapping::QuantileMappingFit;
use crate::{Basis, Case, Ending, Law, Method, PredictError, Scope};

/// A method fitted to one group of stations and one lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Part {
    /// Nothing to fit.
    Raw,
    /// See [`Climatology`](crate::Climatology).
    Climatology(ClimatologyFit),
    /// See [`Bias`](crate::Bias).
    Bias(BiasFit),
    /// See [`Emos`](crate::Emos).
    Emos(EmosFit),
    /// See [`MemberByMember`](crate::MemberByMember).
    MemberByMember(MemberByMemberFit),
    /// See [`QuantileMapping`](crate::QuantileMapping).
    QuantileMapping(QuantileMappingFit),
    /// See [`Isotonic`](crate::Isotonic).
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

impl LeadFit {
    pub(crate) fn new(
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
    pub(crate) fn new(method: Method, leads: Vec<LeadFit>) -> Self {
        Self { method, leads }
    }

    /// The configuration that was fitted.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The fits, by ascending lead.
    pub fn leads(&self) -> &[LeadFit] {
        &self.leads
    }

    /// Searches for parameters, and those of them that ended where the objective is not flat.
    pub fn unconverged(&self) -> [usize; 2] {
        let parts = self
            .leads
            .iter()
            .flat_map(|lead| lead.parts.iter().chain([&lead.global]));
        let endings: Vec<_> = parts.filter_map(Part::ending).collect();
        let open = endings.iter().filter(|ending| !ending.converged).count();
        [endings.len(), open]
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
            let basis = if fit.global.lacks(&case.station.name) {
                Basis::Fallback
            } else {
                Basis::Global
            };
            return fit.global.predict(case, basis);
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
    /// Whether a term asks for past errors of a station and there are none: it has those of a mean station.
    fn lacks(&self, station: &str) -> bool {
        match self {
            Self::Emos(fit) => fit.lacks(station),
            Self::Bias(fit) => fit.step().lacks(station),
            Self::MemberByMember(fit) => fit.location().lacks(station),
            Self::Raw | Self::Climatology(_) | Self::QuantileMapping(_) | Self::Isotonic(_) => {
                false
            }
        }
    }

    fn ending(&self) -> Option<Ending> {
        match self {
            Self::Emos(fit) => Some(fit.ending()),
            Self::MemberByMember(fit) => Some(fit.ending()),
            _ => None,
        }
    }

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
        date: case.when(),
        lead: case.lead,
    })?;
    Ok(Prediction {
        law,
        members: Some(members),
        basis,
    })
}
