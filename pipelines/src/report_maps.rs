//! The maps of a report.

use crate::scores::lead_name;
use anyhow::Result;
use foehn_field::Grid;
use foehn_report::{
    Colours, Extent, FieldPanels, Figure, Isolines, MapAxes, PanelGroup, PanelRow, RowOrder,
    Shading,
};
use ndarray::{Array2, Array3, Axis};

/// One forecast with what happened: a lead each.
pub struct Example {
    /// Name of the variable and its units.
    pub quantity: (String, String),
    /// Leads, s.
    pub leads: Vec<i64>,
    /// The truth: (ny, nx) each.
    pub truth: Vec<Array2<f32>>,
    /// The members: (M, ny, nx) each.
    pub members: Vec<Array3<f32>>,
}

/// Truth, mean, members and spread of one forecast at some leads.
pub fn maps(example: &Example, grid: &Grid) -> Result<Vec<u8>> {
    let step = example.leads.len().div_ceil(5).max(1);
    let shown: Vec<usize> = (0..example.leads.len()).step_by(step).collect();
    let mean = |m: &Array3<f32>| m.mean_axis(Axis(0));
    let spread = |m: &Array3<f32>| {
        let ddof = if m.len_of(Axis(0)) > 1 { 1.0 } else { 0.0 };
        Some(m.std_axis(Axis(0), ddof))
    };
    let row = |title: &str, field: &dyn Fn(usize) -> Option<Array2<f32>>| PanelRow {
        title: title.into(),
        fields: shown.iter().map(|i| field(*i)).collect(),
    };
    let member = |number: usize| {
        move |i: usize| {
            let members = &example.members[i];
            (number < members.len_of(Axis(0)))
                .then(|| members.index_axis(Axis(0), number).to_owned())
        }
    };
    let signed = example.truth.iter().flatten().any(|v| *v < 0.0);
    let (label, unit) = example.quantity.clone();
    let fields = PanelGroup {
        label: label.clone(),
        unit: unit.clone(),
        colours: if signed {
            Colours::Diverging
        } else {
            Colours::Sequential
        },
        isolines: if signed {
            Isolines::None
        } else {
            Isolines::AtTicks
        },
        rows: vec![
            row("truth", &|i| Some(example.truth[i].clone())),
            row("ensemble mean", &|i| mean(&example.members[i])),
            row("member 1", &member(0)),
            row("member 2", &member(1)),
        ],
        ..PanelGroup::default()
    };
    let spreads = PanelGroup {
        label: "spread".into(),
        unit,
        colours: Colours::Magnitude,
        extent: Extent::default(),
        rows: vec![row("spread", &|i| spread(&example.members[i]))],
        ..PanelGroup::default()
    };
    let figure = FieldPanels {
        title: String::new(),
        columns: shown.iter().map(|i| lead_name(example.leads[*i])).collect(),
        axes: axes(grid),
        shading: Shading::Smooth,
        groups: vec![fields, spreads],
    };
    Ok(figure.png()?)
}

/// The axes of maps on a grid.
pub fn axes(grid: &Grid) -> MapAxes {
    match grid {
        Grid::Rectilinear {
            latitude,
            longitude,
        } => MapAxes::Geographic {
            latitude: latitude.clone(),
            longitude: longitude.clone(),
        },
        Grid::Cartesian { y, x, .. } => MapAxes::Plane {
            y: y.clone(),
            x: x.clone(),
            unit: String::new(),
        },
        Grid::Curvilinear { latitude, .. } => {
            let column = latitude.index_axis(Axis(1), 0);
            let rises = column.first() <= column.last();
            MapAxes::Cells {
                shape: latitude.dim(),
                rows: if rises {
                    RowOrder::Ascending
                } else {
                    RowOrder::Descending
                },
            }
        }
    }
}
