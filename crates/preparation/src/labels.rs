//! What is read and what is written, by name.

use foehn_archive::STORAGE_ATTRIBUTES;
use foehn_field::{Attribute, Attributes};

use crate::derive::{Anomaly, Label};
use crate::input::{InputVariable, Levels};
use crate::join::Joined;
use crate::{PrepareConfig, PrepareError};

/// What is read: the levels of each variable, and a label for each variable and level.
pub(crate) fn inputs(
    joined: &Joined,
    config: &PrepareConfig,
) -> Result<(Vec<Vec<usize>>, Vec<Label>), PrepareError> {
    let (mut levels, mut labels) = (Vec::new(), Vec::new());
    let along = along(joined, &config.levels);
    for track in &joined.tracks {
        let Some(part) = track.parts.first() else {
            return Err(PrepareError::config(
                "period",
                format!("{} has no state in it", track.name),
            ));
        };
        let variable = joined.variable(part);
        let chosen = match &variable.axes.level {
            // levels of another kind, such as 2 m beside pressures, are not chosen from
            Some(known) if known.values.len() == 1 && along.is_some_and(|dim| dim != known.dim) => {
                Vec::new()
            }
            Some(known) if known.values.len() > 1 || !config.levels.is_empty() => {
                chosen(&track.name, known, &config.levels)?
            }
            _ => Vec::new(),
        };
        match &variable.axes.level {
            Some(known) if !chosen.is_empty() => {
                labels.extend(
                    chosen
                        .iter()
                        .map(|k| label(&track.name, variable, Some((known, *k)))),
                );
            }
            _ => labels.push(label(&track.name, variable, None)),
        }
        levels.push(chosen);
    }
    if !config.levels.is_empty() && levels.iter().all(Vec::is_empty) {
        let problem = "none of the variables has levels to choose from: leave it out";
        return Err(PrepareError::config("levels", problem));
    }
    Ok((levels, labels))
}

/// The dimension along which the wanted levels are found.
fn along<'a>(joined: &'a Joined, wanted: &[f64]) -> Option<&'a str> {
    let parts = joined.tracks.iter().filter_map(|t| t.parts.first());
    let mut known = parts.filter_map(|part| joined.variable(part).axes.level.as_ref());
    let found = known.find(|l| !wanted.is_empty() && chosen("", l, wanted).is_ok());
    found.map(|levels| levels.dim.as_str())
}

fn chosen(name: &str, known: &Levels, wanted: &[f64]) -> Result<Vec<usize>, PrepareError> {
    if wanted.is_empty() {
        return Ok((0..known.values.len()).collect());
    }
    let find = |level: &f64| {
        let near = |x: &f64| (x - level).abs() <= 1e-6 * level.abs().max(1.0);
        let problem = || {
            format!(
                "{name} has no level {level}; its {} are {:?}",
                known.dim, known.values
            )
        };
        known
            .values
            .iter()
            .position(near)
            .ok_or_else(|| PrepareError::config("levels", problem()))
    };
    wanted.iter().map(find).collect()
}

pub(crate) fn label(
    name: &str,
    variable: &InputVariable,
    level: Option<(&Levels, usize)>,
) -> Label {
    let mut attributes: Attributes = variable.attributes.clone();
    attributes.retain(|key, _| !STORAGE_ATTRIBUTES.contains(&key.as_str()));
    let mut name = name.rsplit('/').next().unwrap_or(name).to_owned();
    if let Some((levels, k)) = level {
        let value = levels.values[k];
        name = format!("{name}_{value}");
        attributes.insert("level".to_owned(), Attribute::Float(value));
        attributes.extend(
            levels
                .units
                .clone()
                .map(|units| ("level_units".to_owned(), Attribute::from(units))),
        );
    }
    Label { name, attributes }
}

/// The labels that are written: all but those to drop.
pub(crate) fn outputs(
    config: &PrepareConfig,
    labels: &[Label],
) -> Result<Vec<usize>, PrepareError> {
    if let Some(name) = config
        .drop
        .iter()
        .find(|name| !labels.iter().any(|c| c.name == **name))
    {
        let names: Vec<&str> = labels.iter().map(|c| c.name.as_str()).collect();
        return Err(PrepareError::config(
            "drop",
            format!("{name:?} is not among {}", names.join(", ")),
        ));
    }
    let mut names: Vec<&str> = labels.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b);
    if let Some((name, _)) = twice {
        return Err(PrepareError::config(
            "variables",
            format!("{name:?} would be written twice"),
        ));
    }
    let kept = |k: &usize| !config.drop.contains(&labels[*k].name);
    let kept: Vec<usize> = (0..labels.len()).filter(kept).collect();
    if kept.is_empty() {
        return Err(PrepareError::config("drop", "nothing is left to write"));
    }
    Ok(kept)
}

/// Anomalies count among the outputs what they are anomalies of.
pub(crate) fn of_outputs(
    anomalies: Vec<Anomaly>,
    outputs: &[usize],
    labels: &[Label],
) -> Result<Vec<Anomaly>, PrepareError> {
    let written = |anomaly: Anomaly| {
        let place = outputs.iter().position(|k| *k == anomaly.of);
        let problem = || {
            format!(
                "{:?} is dropped, but its anomaly is made of what is written",
                labels[anomaly.of].name
            )
        };
        let key = format!("derive.{}", anomaly.label.name);
        let of = place.ok_or_else(|| PrepareError::config(&key, problem()))?;
        Ok(Anomaly { of, ..anomaly })
    };
    anomalies.into_iter().map(written).collect()
}
