//! Maps of made-up fields.

use std::f64::consts::TAU;

use foehn_report::{
    Colours, Extent, FieldPanels, Isolines, MapAxes, PanelGroup, PanelRow, RowOrder, Shading,
};
use ndarray::Array2;

pub fn pressure(shading: Shading) -> FieldPanels {
    let field = |phase: f64, scale: f64| bump((17, 33), phase, scale) + 1013.0;
    let spread = |day: f64| bump((17, 33), 2.0 * day, 0.5 * day).mapv(|v| v.abs() + day as f32);
    FieldPanels {
        title: "Sea level pressure from 2008-01-17 12:00".into(),
        columns: vec!["day 1".into(), "day 3".into(), "day 5".into()],
        axes: north_atlantic(),
        shading,
        groups: vec![
            PanelGroup {
                label: "sea level pressure".into(),
                unit: "hPa".into(),
                isolines: Isolines::AtTicks,
                rows: vec![
                    row("truth", [0.0, 0.8, 1.6].map(|p| field(p, 18.0))),
                    row("mean of 20", [0.1, 0.9, 1.5].map(|p| field(p, 15.0))),
                    row("member 1", [0.1, 0.6, 1.9].map(|p| field(p, 19.0))),
                ],
                ..PanelGroup::default()
            },
            PanelGroup {
                label: "spread".into(),
                unit: "hPa".into(),
                colours: Colours::Magnitude,
                extent: Extent::FromZero,
                rows: vec![row("spread", [1.0, 3.0, 5.0].map(spread))],
                ..PanelGroup::default()
            },
        ],
    }
}

pub fn vorticity(n: usize, shading: Shading) -> FieldPanels {
    let axis: Vec<f64> = (0..n).map(|i| TAU * (i as f64 + 0.5) / n as f64).collect();
    let spread = |s: f64| (turbulence(n, s) - turbulence(n, s + 9.0)).mapv(|v| 0.4 * v.abs());
    FieldPanels {
        title: "Vorticity, stochastic Navier-Stokes".into(),
        columns: ["lag 0.5", "lag 1", "lag 2", "lag 4"]
            .map(String::from)
            .to_vec(),
        axes: MapAxes::Plane {
            y: axis.clone(),
            x: axis,
            unit: String::new(),
        },
        shading,
        groups: vec![
            PanelGroup {
                label: "vorticity".into(),
                unit: "s⁻¹".into(),
                colours: Colours::Diverging,
                rows: ["truth", "ensemble mean", "member 1", "member 2"]
                    .iter()
                    .enumerate()
                    .map(|(r, name)| {
                        row(
                            name,
                            [1.0, 2.0, 3.0, 4.0].map(|s| turbulence(n, s + 0.02 * r as f64)),
                        )
                    })
                    .collect(),
                ..PanelGroup::default()
            },
            PanelGroup {
                label: "spread".into(),
                unit: "s⁻¹".into(),
                colours: Colours::Magnitude,
                extent: Extent::FromZero,
                rows: vec![row("spread", [1.0, 2.0, 3.0, 4.0].map(spread))],
                ..PanelGroup::default()
            },
        ],
    }
}

/// Missing cells, a whole missing map, a place left free and constant data.
pub fn missing() -> FieldPanels {
    let mut coast = bump((17, 33), 0.0, 2e-5);
    coast
        .indexed_iter_mut()
        .filter(|((j, i), _)| i + 2 * j < 22)
        .for_each(|(_, v)| *v = f32::NAN);
    let mut sequential = row(
        "constant",
        [
            Array2::from_elem((17, 33), 1013.0),
            Array2::from_elem((17, 33), 1013.0),
        ],
    );
    sequential.fields[1] = None;
    FieldPanels {
        title: "Missing cells".into(),
        columns: vec!["a coast".into(), "nothing at all".into()],
        axes: MapAxes::Cells {
            shape: (17, 33),
            rows: RowOrder::Descending,
        },
        shading: Shading::Smooth,
        groups: vec![
            PanelGroup {
                label: "anomaly".into(),
                unit: "s⁻¹".into(),
                colours: Colours::Diverging,
                rows: vec![row(
                    "anomaly",
                    [coast, Array2::from_elem((17, 33), f32::NAN)],
                )],
                ..PanelGroup::default()
            },
            PanelGroup {
                label: "sea level pressure".into(),
                unit: "hPa".into(),
                rows: vec![sequential],
                ..PanelGroup::default()
            },
        ],
    }
}

pub fn single() -> FieldPanels {
    FieldPanels {
        title: String::new(),
        columns: vec!["Bias of the ensemble mean at day 5".into()],
        axes: north_atlantic(),
        shading: Shading::Smooth,
        groups: vec![PanelGroup {
            label: "bias".into(),
            unit: "hPa".into(),
            colours: Colours::Diverging,
            extent: Extent::Fixed(-2.0, 2.0),
            rows: vec![row("", [bump((17, 33), 1.0, 2.0)])],
            ..PanelGroup::default()
        }],
    }
}

pub fn global() -> FieldPanels {
    let latitude: Vec<f64> = (0..73).map(|i| -90.0 + 2.5 * f64::from(i)).collect();
    let longitude: Vec<f64> = (0..144).map(|i| 2.5 * f64::from(i)).collect();
    FieldPanels {
        title: "Global fields".into(),
        columns: ["6 h", "24 h"].map(String::from).to_vec(),
        axes: MapAxes::Geographic {
            latitude,
            longitude,
        },
        shading: Shading::Smooth,
        groups: vec![PanelGroup {
            label: "temperature".into(),
            unit: "K".into(),
            rows: vec![row(
                "truth",
                [0.0, 1.0].map(|p| bump((73, 144), p, 25.0) + 280.0),
            )],
            ..PanelGroup::default()
        }],
    }
}

fn bump(shape: (usize, usize), phase: f64, scale: f64) -> Array2<f32> {
    Array2::from_shape_fn(shape, |(j, i)| {
        let (y, x) = (j as f64 / shape.0 as f64, i as f64 / shape.1 as f64);
        let wave = (TAU * (1.3 * x + 0.4 * y) + phase).sin() * (TAU * y * 0.7).cos();
        (scale * (wave + 0.35 * (TAU * (2.0 * x - y) - phase).cos())) as f32
    })
}

fn north_atlantic() -> MapAxes {
    MapAxes::Geographic {
        latitude: (0..17).map(|i| 60.0 - 2.5 * f64::from(i)).collect(),
        longitude: (0..33).map(|i| 280.0 + 2.5 * f64::from(i)).collect(),
    }
}

fn row(title: &str, fields: impl IntoIterator<Item = Array2<f32>>) -> PanelRow {
    PanelRow {
        title: title.into(),
        fields: fields.into_iter().map(Some).collect(),
    }
}

/// Random waves with energy falling as a power of the wavenumber.
fn turbulence(n: usize, seed: f64) -> Array2<f32> {
    let random =
        |a: f64, b: f64| ((a * 12.9898 + b * 78.233 + seed * 37.719).sin() * 43758.5453).fract();
    let coordinates: Vec<f64> = (0..n).map(|i| TAU * i as f64 / n as f64).collect();
    let mut field = Array2::zeros((n, n));
    for ky in -8..=8_i32 {
        for kx in 0..=8_i32 {
            let k = f64::from(kx * kx + ky * ky).sqrt();
            if !(1.0..=8.0).contains(&k) {
                continue;
            }
            let (size, phase) = (k.powf(-1.2), TAU * random(f64::from(kx), f64::from(ky)));
            for ((j, i), v) in field.indexed_iter_mut() {
                *v += (size
                    * (f64::from(kx) * coordinates[i] + f64::from(ky) * coordinates[j] + phase)
                        .cos()) as f32;
            }
        }
    }
    field
}
