//! The contact sheet of restored fields.

use super::input::Input;
use crate::report_maps::axes;
use anyhow::{Context, Result};
use foehn_archive::{open, write_whole};
use foehn_report::{Colours, FieldPanels, Figure, Isolines, PanelGroup, PanelRow, Shading};
use ndarray::{Array2, Axis, Ix2, s};
use std::path::Path;

/// Times on a sheet, the most.
const COLUMNS: usize = 4;
/// Samples on it.
const SHOWN: usize = 3;

/// Draws the first variable at some times of a finished store: what is known, samples, mean, spread, and the truth where it
/// is there. Further variables have sheets of their own.
///
/// # Errors
/// If something cannot be read, drawn or written.
pub fn draw(input: &Input, positions: &[usize], store: &Path, folder: &Path) -> Result<()> {
    let chosen: Vec<usize> = super::spread_over(0..positions.len(), COLUMNS);
    for (k, channel) in input.series().variables().iter().enumerate() {
        let sheet = Sheet {
            input,
            positions,
            store,
            variable: k,
            name: &channel.name,
            unit: channel.units(),
        };
        let name = if k == 0 {
            "sheet.png".to_owned()
        } else {
            format!("sheet-{}.png", channel.name)
        };
        let png = sheet.figure(&chosen)?.png()?;
        let path = folder.join(name);
        write_whole(&path, &png).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

struct Sheet<'a> {
    input: &'a Input<'a>,
    positions: &'a [usize],
    store: &'a Path,
    variable: usize,
    name: &'a str,
    unit: &'a str,
}

impl Sheet<'_> {
    fn figure(&self, chosen: &[usize]) -> Result<FieldPanels> {
        let archive = open(self.store)?;
        let (ny, nx) = self.input.grid().shape();
        let plane = |name: &str, time: usize, member: Option<usize>| -> Result<Array2<f32>> {
            let mut ranges = vec![time..time + 1, 0..ny, 0..nx];
            if let Some(member) = member {
                ranges.insert(1, member..member + 1);
            }
            let mut values = archive.read(name, &ranges)?.values;
            while values.ndim() > 2 {
                values = values.index_axis_move(Axis(0), 0);
            }
            Ok(values.into_dimensionality::<Ix2>()?)
        };
        let mut known = Vec::new();
        let mut truth = Vec::new();
        let mut columns = Vec::new();
        for &time in chosen {
            let question = self.input.question(self.positions[time])?;
            columns.push(
                self.input
                    .series()
                    .calendar()
                    .date(question.instant)
                    .to_string(),
            );
            known.push(Some(
                question.shown.slice(s![self.variable, .., ..]).to_owned(),
            ));
            truth.push(
                question
                    .truth
                    .map(|truth| truth.slice(s![self.variable, .., ..]).to_owned()),
            );
        }
        let samples = archive.variable(self.name)?.shape[1].min(SHOWN);
        let row = |title: String, name: &str, member: Option<usize>| {
            let fields = chosen.iter().map(|t| Ok(Some(plane(name, *t, member)?)));
            Ok::<_, anyhow::Error>(PanelRow {
                title,
                fields: fields.collect::<Result<_>>()?,
            })
        };
        let mut rows = vec![PanelRow {
            title: "known".into(),
            fields: known,
        }];
        for member in 0..samples {
            rows.push(row(
                format!("sample {}", member + 1),
                self.name,
                Some(member),
            )?);
        }
        rows.push(row("mean".into(), &format!("{}_mean", self.name), None)?);
        if truth.iter().all(Option::is_some) {
            rows.push(PanelRow {
                title: "truth".into(),
                fields: truth,
            });
        }
        let spread = row("spread".into(), &format!("{}_spread", self.name), None)?;
        let values = rows.iter().flat_map(|row| row.fields.iter().flatten());
        let signed = values.flatten().any(|value| *value < 0.0);
        Ok(FieldPanels {
            title: String::new(),
            columns,
            axes: axes(self.input.grid()),
            shading: Shading::Cells,
            groups: vec![
                PanelGroup {
                    label: self.name.to_owned(),
                    unit: self.unit.to_owned(),
                    colours: if signed {
                        Colours::Diverging
                    } else {
                        Colours::Sequential
                    },
                    isolines: Isolines::None,
                    rows,
                    ..PanelGroup::default()
                },
                PanelGroup {
                    label: "spread".into(),
                    unit: self.unit.to_owned(),
                    colours: Colours::Magnitude,
                    rows: vec![spread],
                    ..PanelGroup::default()
                },
            ],
        })
    }
}
