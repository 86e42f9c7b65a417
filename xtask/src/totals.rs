//! One line for all test binaries, and the tests that had to skip.

use std::collections::BTreeSet;
use std::fmt;

/// What the lines of libtest add up to.
#[derive(Debug, Default)]
pub struct Totals {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Whose output the lines are, where they are a test's own.
    test: String,
    skipped: BTreeSet<(String, String)>,
}

impl Totals {
    /// Whether a test ran.
    pub fn any(&self) -> bool {
        self.passed + self.failed + self.ignored > 0
    }

    /// Takes one line of `cargo test -- --show-output`.
    pub fn take(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.passed += count(rest, " passed;");
            self.failed += count(rest, " failed;");
            self.ignored += count(rest, " ignored;");
            self.test.clear();
        } else if let Some(header) = line.strip_prefix("---- ") {
            header
                .trim_end_matches(" stdout ----")
                .clone_into(&mut self.test);
        } else if let Some((_, reason)) = line.split_once("SKIPPED: ") {
            let reason = reason.trim().to_owned();
            self.skipped.insert((self.test.clone(), reason));
        }
    }
}

fn count(line: &str, what: &str) -> usize {
    line.split_once(what)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (test, reason) in &self.skipped {
            writeln!(f, "SKIPPED: {test}: {reason}")?;
        }
        // libtest counts a test that skips itself as passed
        let tests: BTreeSet<_> = self.skipped.iter().map(|(test, _)| test).collect();
        writeln!(
            f,
            "total: {} passed, {} failed, {} skipped",
            self.passed.saturating_sub(tests.len()),
            self.failed,
            self.ignored + tests.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_add_up_and_skips_are_not_passes() {
        let mut totals = Totals::default();
        for line in [
            "test reads ... ok",
            "successes:",
            "---- reads stdout ----",
            "SKIPPED: no real data in ../shared/data",
            "SKIPPED: no real data in ../shared/data",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            totals.take(line);
        }
        assert_eq!(
            totals.to_string(),
            "SKIPPED: reads: no real data in ../shared/data\ntotal: 14 passed, 2 failed, 2 skipped\n"
        );
    }
}
