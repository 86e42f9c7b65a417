//! Whether a model may be scored as a configuration says.

use super::config::RestoreConfig;
use super::folder::Folder;
use crate::continuation::difference;
use anyhow::{Context, Result, bail};
use std::fs;
use toml::{Table, Value};

/// Sections that say what a model's weights mean.
const LAW: [&str; 5] = ["task", "coupling", "interpolant", "network", "classes"];
/// Keys of `[data]` that do so.
const DATA: [&str; 9] = [
    "crop",
    "variables",
    "centre",
    "harmonics",
    "scale",
    "missing",
    "position",
    "calendar",
    "statics",
];

/// Periods of fields that a model has seen: none of them may be scored as unseen.
const SEEN: [&str; 2] = ["train", "validation"];

/// Refuses to score a model by another law than it was trained for, or on what it has seen. Other pictures, test periods,
/// labels, seeds and samplers are the scorer's own, and paths may be written otherwise.
///
/// # Errors
/// If the laws differ, naming the first key.
pub fn refuse_other_law(folder: &Folder, config: &RestoreConfig) -> Result<()> {
    let path = folder.config();
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let before = RestoreConfig::parse(&text, &path.display().to_string(), &[])?;
    let [trained, asked] = [&before, config].map(law);
    match difference(&trained?, &asked?, "") {
        None => Ok(()),
        Some(difference) => bail!(
            "{} was trained by another law ({difference}): score it with that one, or train another with --set output=DIR",
            folder.0.display()
        ),
    }
}

fn law(config: &RestoreConfig) -> Result<Table> {
    let mut table = config.to_toml()?.parse::<Table>()?;
    let data = table.get("data").and_then(Value::as_table).cloned();
    table.retain(|section, _| LAW.contains(&section));
    let mut data = data.unwrap_or_default();
    let fields = config.fields.is_some();
    data.retain(|key, _| DATA.contains(&key) || (fields && SEEN.contains(&key)));
    table.insert("data".to_owned(), Value::Table(data));
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "name = \"x\"\n[data]\ntrain = \"x\"\n\
                          [task.inpainting.mask]\ntiles = { across = 8, hidden = 0.3 }\n";

    #[test]
    fn data_and_seeds_are_the_scorers_own_and_the_law_is_the_models() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder(place.path().to_owned());
        let config = |overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
            RestoreConfig::parse(CONFIG, "x", &overrides).unwrap()
        };
        fs::write(folder.config(), config(&[]).to_toml().unwrap()).unwrap();
        let other = [
            "seed=7",
            "data.train=elsewhere",
            "train.steps=3",
            "data.test=y",
        ];
        refuse_other_law(&folder, &config(&other)).unwrap();
        for (setting, about) in [
            ("coupling=uncoupled", "coupling was"),
            ("data.crop=8", "data.crop"),
        ] {
            let error = refuse_other_law(&folder, &config(&[setting])).unwrap_err();
            assert!(error.to_string().contains(about), "{error}");
        }
    }

    #[test]
    fn what_a_model_of_fields_has_seen_is_not_scored_as_unseen() {
        let text = "name = \"x\"\n[data]\npath = \"x.nc\"\nvariables = [\"slp\"]\nstep = \"1 day\"\n\
                    train = [\"2001-01-01\", \"2002-12-31\"]\nvalidation = [\"2003-01-01\", \"2003-12-31\"]\n\
                    test = [\"2004-01-01\", \"2004-12-31\"]\n\
                    [task.inpainting.mask]\ntiles = { across = 8, hidden = 0.3 }\n";
        let place = tempfile::tempdir().unwrap();
        let folder = Folder(place.path().to_owned());
        let config = |overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
            RestoreConfig::parse(text, "x", &overrides).unwrap()
        };
        fs::write(folder.config(), config(&[]).to_toml().unwrap()).unwrap();
        let later = "data.test=[\"2005-01-01\", \"2005-12-31\"]";
        refuse_other_law(&folder, &config(&[later])).unwrap();
        let other = [
            "data.train=[\"2004-01-01\", \"2004-12-31\"]",
            "data.test=[\"2001-01-01\", \"2002-12-31\"]",
        ];
        let error = refuse_other_law(&folder, &config(&other)).unwrap_err();
        assert!(error.to_string().contains("data.train"), "{error}");
    }
}
