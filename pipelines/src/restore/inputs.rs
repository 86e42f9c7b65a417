//! Which of the pictures that are given can be restored.

use super::apply::{Damage, TOGETHER};
use super::case::Case;
use super::fields::FieldOptions;
use super::folder::Model;
use anyhow::{Result, bail};
use foehn_restoration::Collection;
use std::collections::BTreeSet;
use std::path::Path;

/// What was wrong with a picture.
pub type Bad = Vec<anyhow::Error>;

/// Looks at every input before the first is restored: those that can be, and what is wrong with the others.
///
/// # Errors
/// If none can be.
pub fn looked_at(
    model: &Model,
    damage: (&Damage, u64),
    collection: &Collection,
    count: usize,
) -> Result<(Vec<usize>, Bad)> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for i in 0..count {
        match Case::new(model, damage, collection, i) {
            Ok(_) => good.push(i),
            Err(error) => bad.push(error),
        }
    }
    match bad.pop() {
        Some(error) if good.is_empty() => Err(error),
        last => {
            bad.extend(last);
            Ok((good, bad))
        }
    }
}

/// Says which pictures could not be restored, after the others were.
///
/// # Errors
/// If there are any.
pub fn refuse_bad(bad: &[anyhow::Error], count: usize, output: &Path) -> Result<()> {
    if bad.is_empty() {
        return Ok(());
    }
    let each: Vec<String> = bad.iter().map(|error| format!("{error:#}")).collect();
    bail!(
        "{} of {count} pictures could not be restored, the others are in {}: {}",
        bad.len(),
        output.display(),
        each.join("; ")
    )
}

/// Results of pictures of one name, such as `a.png` and `a.jpg`, would lie in one folder.
///
/// # Errors
/// If there are two of a name.
pub fn refuse_one_name(collection: &Collection, count: usize) -> Result<()> {
    let mut seen = BTreeSet::from([TOGETHER.to_owned()]);
    for i in 0..count {
        // some file systems take upper and lower case for the same
        let name = collection.name(i);
        if !seen.insert(name.to_lowercase()) {
            bail!(
                "results of {name} would lie in the place of others: give pictures of a folder names that differ in more \
                 than their endings and case, and none the name {TOGETHER}"
            );
        }
    }
    Ok(())
}

/// Options that only fields have.
///
/// # Errors
/// If one is given.
pub fn refuse_field_options(options: &FieldOptions) -> Result<()> {
    let given = [
        ("--variable", !options.variables.is_empty()),
        ("--times", options.times.is_some()),
        ("--resume", options.mode.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => {
            bail!("{option}: the model restores pictures, and only fields have these; leave it out")
        }
    }
}
