//! The tables that a model of vectors is trained on.

use super::config::GenerateConfig;
use super::folder::Units;
use super::job::Names;
use super::sampling::Wanted;
use super::table::{Table, TableName};
use anyhow::{Result, bail};
use foehn_generation::{CouplingConfig, Pairing, Scaling, Tables, finite};
use foehn_noise::{Key, Purpose};
use ndarray::{Array2, Axis};

/// Rows that a validation needs to say anything.
const FEWEST: usize = 10;
/// Rows that are compared at most.
const COMPARED: usize = 2000;

/// The tables in scaled units, a part set aside.
pub struct Data {
    /// What the numbers mean.
    pub units: Units,
    /// Rows to train on.
    pub train: Tables,
    /// Rows set aside; none where there are too few.
    pub validation: Option<Tables>,
    /// x1 of the rows that samples are compared with, in random order: those set aside, else all.
    pub compared: Array2<f32>,
    /// Starts and conditions of the samples that are compared with them.
    pub comparison: Wanted,
    /// All starts, where they are data.
    pub starts: Option<Array2<f32>>,
    /// All conditions, where there are any.
    pub condition: Option<Array2<f32>>,
}

impl Data {
    /// Reads the tables of `names`, the data being `data`.
    ///
    /// # Errors
    /// If a table cannot be read, has values that are not finite, or does not fit the others.
    pub fn read(config: &GenerateConfig, data: &TableName, names: &Names) -> Result<Self> {
        let table = Table::read(data)?;
        let read = |name: &Option<TableName>| name.as_ref().map(Table::read).transpose();
        let (starts, condition) = (read(&names.starts)?, read(&names.condition)?);
        let coupling = config.model.coupling;
        let starts = match (starts, coupling) {
            (Some(_), CouplingConfig::Mirror) => {
                bail!("coupling = mirror starts from the data: leave --starts out")
            }
            (None, CouplingConfig::Mirror) => Some(table.values.clone()),
            (starts, _) => starts.map(|starts| starts.values),
        };
        finite("the data", &table.values)?;
        let mut both = vec![&table.values];
        if let Some(starts) = &starts {
            same_width(data, &table.values, starts)?;
            finite("the starts", starts)?;
            both.push(starts);
        }
        let state = Scaling::fit("the data", &both)?;
        let scaling = condition
            .as_ref()
            .map(|c| Scaling::fit("the condition", &[&c.values]));
        let units = Units {
            columns: table.columns,
            state,
            condition: scaling.transpose()?,
            from_rows: starts.is_some(),
        };
        let x1 = units.state.scale(&table.values);
        let x0 = starts.map(|starts| units.state.scale(&starts));
        let condition = condition.zip(units.condition.as_ref());
        let condition = condition.map(|(table, scaling)| scaling.scale(&table.values));
        let pairing = match coupling {
            CouplingConfig::Given | CouplingConfig::Mirror => Pairing::Given,
            _ => Pairing::None,
        };
        let count = x1.nrows();
        let aside = (config.validation * count as f64) as usize;
        let aside = if aside < FEWEST { 0 } else { aside };
        let order = Key::new(config.seed, Purpose::Choose).permutation(count);
        let (out, kept) = order.split_at(aside);
        let part = |rows: &[usize]| {
            let pick = |table: &Array2<f32>| table.select(Axis(0), rows);
            let x0 = x0.as_ref().map(|x0| match pairing {
                Pairing::Given if x0.nrows() == count => pick(x0),
                // without pairs every start may be met; a wrong number of pairs is refused below
                _ => x0.clone(),
            });
            Tables::new(pick(&x1), x0, condition.as_ref().map(pick), pairing)
        };
        if let Some(table) = condition.as_ref().filter(|table| table.nrows() != count) {
            bail!(
                "the condition has {} rows and the data {count}: row i of the one belongs to row i of the other",
                table.nrows()
            );
        }
        let train = part(kept)?;
        let compared = if aside == 0 { kept } else { out };
        let chosen = |table: &Array2<f32>, rows: &[usize]| {
            let rows = &rows[..rows.len().min(COMPARED)];
            table.select(Axis(0), rows)
        };
        let starting = |x0: &Array2<f32>| match pairing {
            Pairing::Given => chosen(x0, compared),
            // any starts, in an order that knows nothing of the file's
            Pairing::None => {
                let key = Key::new(config.seed, Purpose::Choose).member(1);
                chosen(x0, &key.permutation(x0.nrows()))
            }
        };
        let comparison = Wanted {
            count: compared.len().min(COMPARED),
            x0: x0.as_ref().map(starting),
            condition: condition.as_ref().map(|table| chosen(table, compared)),
        };
        Ok(Self {
            comparison,
            train,
            validation: (aside > 0).then(|| part(out)).transpose()?,
            compared: chosen(&x1, compared),
            starts: x0,
            condition,
            units,
        })
    }
}

fn same_width(name: &TableName, data: &Array2<f32>, starts: &Array2<f32>) -> Result<()> {
    let (needed, found) = (data.ncols(), starts.ncols());
    if needed != found {
        bail!(
            "the starts have {found} columns and {name} has {needed}: a path joins rows of one width"
        );
    }
    Ok(())
}
