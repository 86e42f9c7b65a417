//! Names of stations in a file.

use foehn_archive::{Archive, Variable};
use std::collections::BTreeSet;

use crate::{CasesError, Oddity, Variables};

/// The names of so many stations, from the first variable of texts or letters along their dimension: the one that is asked
/// for, the coordinate of the dimension, one that says `cf_role = "timeseries_id"`. None without any, or where a name is
/// empty or comes twice, which is said.
pub(crate) fn names(
    archive: &Archive,
    variables: &Variables,
    count: usize,
    oddities: &mut Vec<Oddity>,
) -> Result<Option<Vec<String>>, CasesError> {
    let along = |variable: &Variable| {
        let first = variable.dims.first() == Some(&variables.station);
        match variable.dtype.as_str() {
            "string" => first && variable.dims.len() == 1,
            "char" => first && variable.dims.len() == 2,
            _ => false,
        }
    };
    let all = archive.variables();
    let named = [&variables.station_name, &variables.station];
    let by_name = named.into_iter().filter_map(|name| all.get(name));
    let role = |variable: &&Variable| variable.text("cf_role") == Some("timeseries_id");
    let by_role = all.values().filter(role);
    let Some(variable) = by_name.chain(by_role).find(|variable| along(variable)) else {
        return Ok(None);
    };
    let texts = archive.read_texts(&variable.name)?;
    let names: Vec<String> = texts
        .iter()
        .map(|text| text.trim_matches(['\0', ' ']).to_owned())
        .collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    if names.len() == count && distinct.len() == count && !distinct.contains(&String::new()) {
        return Ok(Some(names));
    }
    oddities.push(Oddity(format!(
        "{}: {} of {count} names are there and differ; stations are counted from 0 instead",
        variable.name,
        distinct.iter().filter(|name| !name.is_empty()).count()
    )));
    Ok(None)
}
