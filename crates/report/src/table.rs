//! Tables of numbers with units and stated conventions.

use maud::{Markup, html};

use crate::error::PageError;
use crate::number;

/// How numbers of a column are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// This many digits after the decimal point.
    Decimals(usize),
    /// This many significant digits, as a power of ten where the number is far from one.
    Significant(usize),
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Heading.
    pub heading: String,
    /// Unit of its numbers; may be empty.
    pub unit: String,
    /// Rounding of its numbers.
    pub precision: Precision,
}

impl Column {
    /// Column of numbers with three significant digits.
    pub fn new(heading: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            unit: unit.into(),
            precision: Precision::Significant(3),
        }
    }

    /// The same column with a fixed number of decimals.
    #[must_use]
    pub fn decimals(self, decimals: usize) -> Self {
        Self {
            precision: Precision::Decimals(decimals),
            ..self
        }
    }
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text, set left.
    Text(String),
    /// A number, set right with the precision of its column; a dash when it is NaN.
    Number(f64),
    /// No value: a dash.
    Missing,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }
}

/// A table; the first column names the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Caption above the table.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, each with one cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Conventions below the table: estimators, weights, cases.
    pub notes: Vec<String>,
}

impl Table {
    pub(crate) fn render(&self) -> Result<Markup, PageError> {
        let expected = self.columns.len();
        let ragged = |(_, row): &(usize, &Vec<Cell>)| row.len() != expected;
        if let Some((row, cells)) = self.rows.iter().enumerate().find(ragged) {
            let (table, found) = (self.caption.clone(), cells.len());
            return Err(PageError::RowLength {
                table,
                row,
                expected,
                found,
            });
        }
        Ok(html! {
            div.wide {
                table {
                    caption { (self.caption) }
                    thead { tr { @for i in 0..expected { (self.heading(i)) } } }
                    tbody { @for row in &self.rows { tr { @for i in 0..expected { (self.cell(row, i)) } } } }
                }
            }
            @if !self.notes.is_empty() { ul.notes { @for note in &self.notes { li { (note) } } } }
        })
    }

    /// Whether a column holds numbers, which are set right.
    fn numeric(&self, i: usize) -> bool {
        self.rows.iter().any(|r| matches!(r[i], Cell::Number(_)))
    }

    fn heading(&self, i: usize) -> Markup {
        let Column { heading, unit, .. } = &self.columns[i];
        html! {
            th.number[self.numeric(i)] scope="col" {
                (heading)
                @if !unit.is_empty() { " " span.unit { "(" (unit) ")" } }
            }
        }
    }

    fn cell(&self, row: &[Cell], i: usize) -> Markup {
        let text = row[i].show(self.columns[i].precision);
        html! {
            @if i == 0 { th.number[self.numeric(i)] scope="row" { (text) } }
            @else { td.number[self.numeric(i)] { (text) } }
        }
    }
}

impl Cell {
    fn show(&self, precision: Precision) -> String {
        match (self, precision) {
            (Self::Text(text), _) => text.clone(),
            (Self::Missing, _) => "–".into(),
            (Self::Number(v), _) if v.is_nan() => "–".into(),
            (Self::Number(v), _) if v.is_infinite() => (if *v > 0.0 { "∞" } else { "−∞" }).into(),
            (Self::Number(v), Precision::Decimals(n)) => number::fixed(*v, n),
            (Self::Number(v), Precision::Significant(n)) => number::significant(*v, n),
        }
    }
}
