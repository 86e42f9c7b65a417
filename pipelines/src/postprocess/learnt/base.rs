//! The law that a flow starts from: that of EMOS, or that of a network that moves its parameters.

use super::distributional::DistributionalConfig;
use super::fitted_distributional::FittedDistributional;
use crate::postprocess::method::Predictions;
use anyhow::Result;
use foehn_calibration::{Case, Emos, Family, Fitted, Method, Table};
use foehn_compute::Workers;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A method whose law can be carried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Base {
    /// A parametric law regressed on the ensemble; its `name` may be left out.
    Emos(Emos),
    /// A parametric law whose parameters a network moves.
    Distributional(Box<DistributionalConfig>),
}

/// One base, or several of one family, whose parameters are averaged by weights from training dates.
#[derive(Clone, Debug, PartialEq)]
pub struct Bases(pub Vec<Base>);

impl Default for Bases {
    fn default() -> Self {
        Self::from(Emos::default())
    }
}

impl From<Emos> for Bases {
    fn from(emos: Emos) -> Self {
        Self(vec![Base::Emos(emos)])
    }
}

impl Serialize for Bases {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => one.serialize(to),
            several => several.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Bases {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let each = match toml::Value::deserialize(from)? {
            toml::Value::Array(each) => each,
            one => vec![one],
        };
        if each.is_empty() {
            return Err(D::Error::custom("base = []: give at least one law"));
        }
        let base = |mut value: toml::Value| {
            if let Some(table) = value.as_table_mut() {
                let name = || toml::Value::String("emos".to_owned());
                table.entry("name").or_insert_with(name);
            }
            // The other reader's message is kept, with the keys and names that it knows.
            Base::deserialize(value).map_err(|e| D::Error::custom(format!("base: {}", e.message())))
        };
        Ok(Self(each.into_iter().map(base).collect::<Result<_, _>>()?))
    }
}

/// A fitted base.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum FittedBase {
    Statistical(Fitted),
    Distributional(Box<FittedDistributional>),
}

impl Base {
    /// What is wrong with the values, if anything.
    ///
    /// # Errors
    /// The first value found out of range.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            // What is wrong with its terms is said by the fit, before anything is computed.
            Self::Emos(_) => Ok(()),
            Self::Distributional(method) => method.check(),
        }
    }

    /// Fits to a table.
    ///
    /// # Errors
    /// As [`Method::fit`] and [`DistributionalConfig::fit`].
    pub(crate) fn fit(&self, training: &Table, seed: u64, workers: &Workers) -> Result<FittedBase> {
        Ok(match self {
            // On a worker, whose threads are those that were asked for.
            Self::Emos(emos) => {
                let fit = |_| Method::Emos(emos.clone()).fit(training);
                FittedBase::Statistical(workers.map(1, fit)?.swap_remove(0))
            }
            Self::Distributional(method) => {
                FittedBase::Distributional(Box::new(method.fit(training, seed, workers)?))
            }
        })
    }

    /// The shape of its laws.
    pub(crate) fn family(&self) -> Family {
        match self {
            Self::Emos(emos) => emos.family,
            Self::Distributional(method) => method.base.family,
        }
    }

    /// A base that is fitted in a moment, and can be to many parts of the dates.
    pub(crate) fn quick(&self) -> Option<&Emos> {
        match self {
            Self::Emos(emos) => Some(emos),
            Self::Distributional(_) => None,
        }
    }

    /// What is fitted to parts of the dates: with one network a block.
    pub(crate) fn for_parts(&self) -> Self {
        match self {
            Self::Emos(_) => self.clone(),
            Self::Distributional(method) => Self::Distributional(Box::new(DistributionalConfig {
                networks: method.blocks,
                ..(**method).clone()
            })),
        }
    }
}

impl FittedBase {
    /// The forecasts of some cases; observations are not looked at.
    ///
    /// # Errors
    /// Never in practice.
    pub(crate) fn predictions(&self, cases: &[Case<'_>]) -> Result<Predictions> {
        match self {
            Self::Statistical(fitted) => {
                Ok(cases.iter().map(|case| fitted.predict(case)).collect())
            }
            Self::Distributional(fitted) => fitted.of_cases(cases),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_are_read_and_written() {
        #[derive(Serialize, Deserialize)]
        struct Line {
            base: Bases,
        }
        for (text, count) in [
            ("base = { scale = [\"spread\"] }", 1),
            ("base = [{}, { name = \"distributional\", steps = 7 }]", 2),
        ] {
            let line: Line = toml::from_str(text).expect(text);
            assert_eq!(line.base.0.len(), count);
            let written = toml::to_string(&line).expect("toml");
            assert_eq!(
                toml::from_str::<Line>(&written).expect("back").base,
                line.base
            );
        }
        let wrong = toml::from_str::<Line>("base = { familly = \"normal\" }");
        assert!(wrong.err().expect("a key").to_string().contains("familly"));
    }
}
