//! The class of a picture as a condition.

use super::config::RestoreConfig;
use anyhow::{Result, bail};
use foehn_restoration::{Labels, read_labels};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `[classes]`: the class of a picture, as `data.labels` has it, is a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassConfig {
    /// Probability with which a class is not told while training, so that the model learns to do without as well: guidance
    /// needs both.
    #[serde(default = "dropped")]
    pub dropped: f64,
    /// Names of the classes from 0 on; without, they go by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

fn dropped() -> f64 {
    0.1
}

/// The class of each picture of a set.
#[derive(Clone, Debug)]
pub struct Told {
    labels: Labels,
    /// Classes in all.
    pub count: usize,
}

impl ClassConfig {
    /// The class that is called so: by its name, or by its number.
    ///
    /// # Errors
    /// If there is none among `count`.
    pub fn find(&self, called: &str, count: usize) -> Result<usize> {
        let named = self.names.iter().position(|name| name == called);
        let number = called.parse().ok().filter(|class| *class < count);
        match named.or(number) {
            Some(class) => Ok(class),
            None if self.names.is_empty() => {
                bail!(
                    "--class {called}: the model has {count} classes, 0 to {}",
                    count - 1
                )
            }
            None => bail!(
                "--class {called}: the model has the classes {} (or 0 to {})",
                self.names.join(", "),
                count - 1
            ),
        }
    }

    /// What class `i` is called.
    pub fn name(&self, i: usize) -> String {
        self.names
            .get(i)
            .map_or_else(|| i.to_string(), String::clone)
    }
}

impl Told {
    /// Labels of `pictures` pictures, of `count` classes; as many as have names, or as the labels show, where that is not
    /// known.
    ///
    /// # Errors
    /// If the file is not one of labels, or has another number of them, or classes beyond those that there are.
    pub fn read(
        config: &ClassConfig,
        path: &Path,
        pictures: (usize, &Path),
        count: Option<usize>,
    ) -> Result<Self> {
        let labels = labels_of(path, pictures)?;
        let most = labels.iter().max().map_or(0, |most| usize::from(*most));
        let named = (!config.names.is_empty()).then_some(config.names.len());
        let count = count.or(named).unwrap_or(most + 1);
        if most >= count {
            bail!(
                "{} has a label {most}, and there are {count} classes, 0 to {}: name them all in classes.names, or take \
                 other labels",
                path.display(),
                count.saturating_sub(1)
            );
        }
        Ok(Self { labels, count })
    }

    /// The class of picture `i`.
    pub fn class(&self, i: usize) -> Option<usize> {
        self.labels.get(i).map(|label| usize::from(*label))
    }
}

/// The labels of so many pictures.
///
/// # Errors
/// If the file is not one of labels, or has another number of them.
pub fn labels_of(path: &Path, (needed, pictures): (usize, &Path)) -> Result<Labels> {
    let labels = read_labels(path)?;
    let found = labels.len();
    if found != needed {
        bail!(
            "{} has {found} labels for {needed} pictures in {}",
            path.display(),
            pictures.display()
        );
    }
    Ok(labels)
}

impl RestoreConfig {
    /// Whether classes and guidance can be.
    pub(super) fn check_classes(&self) -> Result<(), String> {
        let guidance = self.sampling.guidance;
        if let Some(w) = guidance.filter(|w| !(w.is_finite() && (0.0..=100.0).contains(w))) {
            return Err(format!("sampling.guidance = {w}: give 0 to 100"));
        }
        let Some(classes) = &self.classes else {
            return match guidance {
                Some(w) => Err(format!(
                    "sampling.guidance = {w}: the model is not told classes, so that nothing guides; leave it out, or train a \
                     model with the section [classes]"
                )),
                None => Ok(()),
            };
        };
        let dropped = classes.dropped;
        if !(0.0..1.0).contains(&dropped) {
            return Err(format!(
                "classes.dropped = {dropped}: give a probability below 1"
            ));
        }
        if dropped == 0.0
            && let Some(w) = guidance.filter(|w| *w != 1.0)
        {
            return Err(format!(
                "sampling.guidance = {w} needs a model that has also learnt without classes: set classes.dropped above 0 \
                 and train it, or leave guidance out"
            ));
        }
        if self.data.labels.is_none() {
            return Err(
                "classes: give data.labels.train and data.labels.test, IDX files with the class of each picture".into(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_goes_by_its_name_or_its_number() {
        let named = ClassConfig {
            dropped: 0.1,
            names: vec!["shirt".into(), "boot".into(), "0".into()],
        };
        assert_eq!(named.find("boot", 3).unwrap(), 1);
        assert_eq!(named.find("1", 3).unwrap(), 1);
        // a name comes before a number
        assert_eq!(named.find("0", 3).unwrap(), 2);
        let error = named.find("hat", 3).unwrap_err().to_string();
        assert!(error.contains("shirt, boot, 0 (or 0 to 2)"), "{error}");
        let plain = ClassConfig {
            names: Vec::new(),
            ..named
        };
        let error = plain.find("3", 3).unwrap_err().to_string();
        assert!(error.contains("3 classes, 0 to 2"), "{error}");
        assert_eq!(plain.name(2), "2");
    }
}
