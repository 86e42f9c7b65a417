//! Whether a run may continue what another one began.

use anyhow::{Result, bail};
use foehn_archive::open;
use foehn_field::Attribute;
use std::path::Path;
use toml::{Table, Value};

/// Refuses to continue `output` where it was begun `before` and is asked for `now`, naming the first key
/// that differs.
///
/// # Errors
/// If they differ.
pub fn refuse_other(output: &Path, before: &Table, now: &Table) -> Result<()> {
    let [before, now] = [before, now].map(without_caches);
    let Some(difference) = difference(&before, &now, "") else {
        return Ok(());
    };
    bail!(
        "{} was begun with another configuration ({difference}): take that one to --resume, or give --overwrite \
         to begin again",
        output.display()
    );
}

/// Less what no result depends on: how many states are kept in memory.
pub fn without_caches(table: &Table) -> Table {
    let mut table = table.clone();
    if let Some(data) = table.get_mut("data").and_then(Value::as_table_mut) {
        data.remove("memory");
    }
    table
}

/// The text attribute `name` of the store at `output`, if there is a store and it has one.
pub fn recorded(output: &Path, name: &str) -> Option<String> {
    let store = open(output).ok()?;
    let text = store.attributes().get(name).and_then(Attribute::text);
    text.map(str::to_owned)
}

/// The first key in which two tables differ, with both values.
pub fn difference(before: &Table, now: &Table, section: &str) -> Option<String> {
    let only_now = now.keys().filter(|key| !before.contains_key(*key));
    before.keys().chain(only_now).find_map(|key| {
        let name = format!("{section}{key}");
        match (before.get(key), now.get(key)) {
            (Some(Value::Table(a)), Some(Value::Table(b))) => difference(a, b, &format!("{name}.")),
            (a, b) if a == b => None,
            (a, b) => {
                let show = |v: Option<&Value>| v.map_or("not set".to_owned(), ToString::to_string);
                Some(format!("{name} was {} and is {}", show(a), show(b)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_that_differs_is_named_with_both_values() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let before = table("seed = 1\n[network]\nchannels = [8, 16]\n[verify]\nwindow_days = 15.0");
        assert_eq!(difference(&before, &before, ""), None);
        let other = table("seed = 1\n[network]\nchannels = [8, 12]\n[verify]\nwindow_days = 15.0");
        assert_eq!(
            difference(&before, &other, "").as_deref(),
            Some("network.channels was [8, 16] and is [8, 12]")
        );
        let less = table("seed = 1\n[network]\nchannels = [8, 16]\n[verify]");
        assert_eq!(
            difference(&less, &before, "").as_deref(),
            Some("verify.window_days was not set and is 15.0")
        );
    }
}
