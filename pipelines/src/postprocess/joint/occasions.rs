//! Rows of a table by date and lead.

use super::orders::Occasion;
use crate::postprocess::method::Predictions;
use foehn_calibration::{Case, Table};
use std::collections::BTreeMap;

/// The rows of every date and lead, in order.
pub(crate) fn occasions(
    table: &Table,
    rows: impl Iterator<Item = usize>,
) -> BTreeMap<(i64, i64), Vec<usize>> {
    let columns = table.columns();
    let mut occasions: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for row in rows {
        occasions
            .entry((columns.dates[row], columns.leads[row]))
            .or_default()
            .push(row);
    }
    occasions
}

impl<'a> Occasion<'a> {
    /// Some rows of a table with their forecasts.
    pub(crate) fn of(table: &'a Table, predictions: &'a Predictions, rows: &[usize]) -> Self {
        let cases: Vec<Case<'a>> = rows.iter().filter_map(|&row| table.case(row)).collect();
        Self {
            cases,
            forecasts: rows.iter().map(|&row| &predictions[row]).collect(),
            places: rows
                .iter()
                .map(|&row| table.columns().station[row])
                .collect(),
        }
    }
}
