//! What an oracle returns: measured numbers beside the exact ones, as text and as JSON.

use super::text::short;
use foehn_report::{Figure, FigureError, Lines, Scatter};
use serde::Serialize;

/// What a measured number must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// No further from the reference than this part of it.
    Within(f64),
    /// No more than this.
    AtMost(f64),
}

/// One number and what it is held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// What the sampler gave.
    pub measured: f64,
    /// What theory or an independent computation gives.
    pub reference: Option<f64>,
    /// What is asked for.
    pub bar: Option<Bar>,
    /// Whether it was reached; true where nothing is asked for.
    pub met: bool,
}

impl Entry {
    /// A number without reference or bar.
    pub fn shown(measured: f64) -> Self {
        Self {
            measured,
            reference: None,
            bar: None,
            met: true,
        }
    }

    /// A number that may be `bar` at most.
    pub fn at_most(measured: f64, bar: f64) -> Self {
        Self {
            bar: Some(Bar::AtMost(bar)),
            met: measured <= bar,
            ..Self::shown(measured)
        }
    }

    /// A number beside its reference.
    pub fn beside(measured: f64, reference: f64) -> Self {
        Self {
            reference: Some(reference),
            ..Self::shown(measured)
        }
    }

    /// A number that may be off its reference by the part `tolerance` of it.
    pub fn within(measured: f64, reference: f64, tolerance: f64) -> Self {
        Self {
            bar: Some(Bar::Within(tolerance)),
            met: (measured / reference - 1.0).abs() <= tolerance,
            ..Self::beside(measured, reference)
        }
    }

    /// Whether the bar was met, with the bar.
    pub(super) fn verdict(&self) -> Option<String> {
        let verdict = if self.met { "met" } else { "MISSED" };
        self.bar.map(|bar| match bar {
            Bar::Within(part) => format!("{verdict} {:.3}%", 100.0 * part).replace(".000", ""),
            Bar::AtMost(most) => format!("{verdict} <={}", short(most)),
        })
    }
}

/// The entries of one sampler or quantity, one a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub label: String,
    /// One entry a column.
    pub entries: Vec<Entry>,
}

/// Rows over the same columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// What the numbers are.
    pub quantity: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// The figure of an oracle.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Numbers as curves.
    Curves(Lines),
    /// Samples as points.
    Points(Scatter),
}

impl Picture {
    /// PNG bytes.
    ///
    /// # Errors
    /// If something cannot be drawn.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        match self {
            Self::Curves(lines) => lines.png(),
            Self::Points(scatter) => scatter.png(),
        }
    }
}

/// What one oracle gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Its name on the command line.
    pub name: String,
    /// The law and how it was sampled.
    pub title: String,
    /// Its numbers.
    pub tables: Vec<Table>,
    /// The numbers as curves, or samples as points.
    #[serde(skip)]
    pub figure: Picture,
}

/// What the oracles that were asked for gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// One answer an oracle.
    pub oracles: Vec<Answer>,
}

/// Some numbers did not reach their bars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{missed} of {bars} bars were missed; they are marked MISSED")]
pub struct BarsMissed {
    /// Bars that were not reached.
    pub missed: usize,
    /// All of them.
    pub bars: usize,
}

impl Answer {
    fn counts(&self) -> BarsMissed {
        let rows = self.tables.iter().flat_map(|table| &table.rows);
        let entries: Vec<&Entry> = rows.flat_map(|row| &row.entries).collect();
        BarsMissed {
            missed: entries.iter().filter(|entry| !entry.met).count(),
            bars: entries.iter().filter(|entry| entry.bar.is_some()).count(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.name, self.title);
        for table in &self.tables {
            text.push_str(&table.text());
        }
        let BarsMissed { missed, bars } = self.counts();
        let verdict = match missed {
            0 => format!("{}: {bars} bars, all met\n", self.name),
            _ => format!("{}: {bars} bars, {missed} MISSED\n", self.name),
        };
        text + &verdict
    }
}

impl Answers {
    /// Aligned tables: below every measured number its reference, their ratio and its bar.
    pub fn text(&self) -> String {
        let texts: Vec<String> = self.oracles.iter().map(Answer::text).collect();
        texts.join("\n").trim_end().to_owned()
    }

    /// Nothing, if every bar was met.
    ///
    /// # Errors
    /// [`BarsMissed`], with how many.
    pub fn check(&self) -> Result<(), BarsMissed> {
        let counts: Vec<BarsMissed> = self.oracles.iter().map(Answer::counts).collect();
        let missed = counts.iter().map(|c| c.missed).sum();
        match missed {
            0 => Ok(()),
            missed => Err(BarsMissed {
                missed,
                bars: counts.iter().map(|c| c.bars).sum(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(entries: Vec<Entry>) -> Answers {
        let label = "a".to_owned();
        let table = Table {
            quantity: "KL".into(),
            columns: vec!["5".into(); entries.len()],
            rows: vec![Row { label, entries }],
        };
        Answers {
            oracles: vec![Answer {
                name: "test".into(),
                title: "a law".into(),
                tables: vec![table],
                figure: Picture::Curves(Lines::default()),
            }],
        }
    }

    #[test]
    fn a_bar_that_is_missed_is_counted_and_marked() {
        let missed = answers(vec![
            Entry::within(1.02, 1.0, 0.01),
            Entry::at_most(0.02, 0.02),
            Entry::at_most(f64::NAN, 0.003_774),
            Entry::shown(7.0),
        ]);
        let error = missed.check().unwrap_err();
        assert_eq!((error.missed, error.bars), (2, 3));
        let text = missed.text();
        for part in [
            "MISSED 1%",
            "met <=0.02",
            "MISSED <=3.774e-3",
            "3 bars, 2 MISSED",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(
            answers(vec![Entry::within(1.009, 1.0, 0.01)])
                .check()
                .is_ok()
        );
    }
}
