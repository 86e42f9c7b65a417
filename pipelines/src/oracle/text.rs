//! Tables of an oracle as aligned text.

use super::answer::{Entry, Table};
use std::fmt::Write;

impl Table {
    /// Below every measured number its reference, their ratio and its bar.
    pub(crate) fn text(&self) -> String {
        let number = self.format();
        let optional = |value: Option<f64>| value.map_or(String::new(), number);
        let mut lines = vec![Line {
            label: "",
            kind: "",
            cells: self.columns.clone(),
        }];
        for row in &self.rows {
            let mut line = |kind: &'static str, of: &dyn Fn(&Entry) -> String| {
                let cells: Vec<String> = row.entries.iter().map(of).collect();
                if cells.iter().any(|cell| !cell.is_empty()) {
                    // the label stands on the first line only
                    let first = kind == "measured";
                    let label = if first { row.label.as_str() } else { "" };
                    lines.push(Line { label, kind, cells });
                }
            };
            line("measured", &|entry| number(entry.measured));
            line("reference", &|entry| optional(entry.reference));
            line("ratio", &|entry| {
                let ratio = entry.reference.map(|r| entry.measured / r);
                ratio.map_or(String::new(), |ratio| format!("{ratio:.4}"))
            });
            line("bar", &|entry| entry.verdict().unwrap_or_default());
        }
        format!("{}\n{}", self.quantity, aligned(&lines))
    }

    /// Four digits, with a power of ten where the numbers of the table differ by much.
    fn format(&self) -> fn(f64) -> String {
        let mut entries = self.rows.iter().flat_map(|row| &row.entries);
        if entries.all(|entry| (0.01..1000.0).contains(&entry.measured.abs())) {
            |value| format!("{value:.4}")
        } else {
            |value| format!("{value:.3e}")
        }
    }
}

/// One line of a table.
struct Line<'a> {
    label: &'a str,
    kind: &'a str,
    cells: Vec<String>,
}

/// The labels to the left, the cells to the right.
fn aligned(lines: &[Line]) -> String {
    let widest = |of: fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let label = widest(|line| line.label.chars().count());
    let kind = widest(|line| line.kind.chars().count());
    let cell = widest(|line| {
        let widths = line.cells.iter().map(|cell| cell.chars().count());
        widths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for line in lines {
        let mut one = format!("  {:label$}  {:kind$}", line.label, line.kind);
        for value in &line.cells {
            // writing to a string cannot fail
            let _ = write!(one, "  {value:>cell$}");
        }
        text.push_str(one.trim_end());
        text.push('\n');
    }
    text
}

/// A bar in as few digits as say it, four at most.
pub fn short(value: f64) -> String {
    let text = |digits: usize| format!("{value:.digits$e}");
    let says = |text: &String| text.parse() == Ok(value);
    if value >= 0.01 && value.to_string().len() <= 6 {
        return value.to_string();
    }
    (0..3).map(text).find(says).unwrap_or_else(|| text(3))
}
