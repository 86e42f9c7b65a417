//! No label of any figure may reach beyond its picture.

use ndarray::Array2;

use crate::drawing::{Anchor, Label, Shape, Turn};
use crate::{
    Axis, Colours, Drawing, FieldPanels, Figure, Isolines, Lines, MapAxes, PanelGroup, PanelRow,
    RankHistogram, Ranks, Reference, RowOrder, Series, Shading,
};

const LONG: &str = "area-weighted root-mean-square error of the ensemble mean of sea level pressure over the North Atlantic";

/// Labels that are cut off, with the four sides of their box.
fn cut(drawing: &Drawing) -> Vec<(String, [f64; 4])> {
    let reach = |label: &Label| {
        let along = drawing.font.width(&label.text, label.size, label.weight);
        let (before, after) = match label.anchor {
            Anchor::Start => (0.0, along),
            Anchor::Middle => (along / 2.0, along / 2.0),
            Anchor::End => (along, 0.0),
        };
        let across = label.size / 2.0;
        let (x, y) = label.at;
        match label.turn {
            Turn::Level => [x - before, x + after, y - across, y + across],
            Turn::Upward => [x - across, x + across, y - after, y + before],
        }
    };
    let (width, height) = drawing.size();
    let labels = drawing.shapes.iter().filter_map(|s| {
        if let Shape::Text(label) = s {
            Some(label)
        } else {
            None
        }
    });
    labels
        .map(|l| (l.text.clone(), reach(l)))
        .filter(|(_, [left, right, top, bottom])| {
            *left < 0.0 || *right > width || *top < 0.0 || *bottom > height
        })
        .collect()
}

fn fits(figure: &impl Figure) {
    let drawing = figure.draw().unwrap();
    assert_eq!(cut(&drawing), [], "picture of {:?}", drawing.size());
    assert!(drawing.shapes.iter().any(|s| matches!(s, Shape::Text(_))));
}

fn lines(scale: f64, label: &str) -> Lines {
    let x: Vec<f64> = (0..9).map(|i| f64::from(i) * scale).collect();
    let y: Vec<f64> = x
        .iter()
        .map(|x| scale * (1.0 + (x / scale).sin()))
        .collect();
    Lines {
        title: label.into(),
        x: Axis::new(label, "m"),
        y: Axis::new(label, "s⁻¹"),
        series: (0..8)
            .map(|_| Series::new(label, x.clone(), y.clone()).band(y.clone(), y.clone()))
            .collect(),
        references: vec![Reference::Band {
            low: 0.0,
            high: scale,
            label: label.into(),
        }],
        ..Lines::default()
    }
}

#[test]
fn labels_of_lines_fit_for_all_magnitudes() {
    for scale in [1e-12, 3e-5, 0.1, 1.0, 777.0, 123_456.0, 9e9] {
        for label in ["", "CRPS", LONG] {
            fits(&lines(scale, label));
            let mut figure = lines(scale, label);
            (figure.x, figure.y) = (figure.x.logarithmic(), figure.y.logarithmic());
            figure.references.clear();
            fits(&figure);
        }
    }
}

#[test]
fn labels_of_maps_fit_on_all_grids() {
    let degrees = |n: usize, first: f64, step: f64| {
        (0..n)
            .map(|i| first + step * i as f64)
            .collect::<Vec<f64>>()
    };
    let geographic = |latitude, longitude| MapAxes::Geographic {
        latitude,
        longitude,
    };
    let plane = |n: usize, step: f64| MapAxes::Plane {
        y: degrees(n, 0.0, step),
        x: degrees(n, 0.0, step),
        unit: "m".into(),
    };
    let axes = [
        geographic(degrees(17, 60.0, -2.5), degrees(33, 280.0, 2.5)),
        geographic(degrees(73, -90.0, 2.5), degrees(144, 0.0, 2.5)),
        geographic(degrees(9, 60.0, 0.01), degrees(5, 5.0, 0.01)),
        plane(32, 0.2),
        plane(8, 2.5e6),
        MapAxes::Cells {
            shape: (40, 3),
            rows: RowOrder::Descending,
        },
        MapAxes::Cells {
            shape: (1, 1),
            rows: RowOrder::Ascending,
        },
    ];
    for axes in axes {
        for (columns, title) in [(1, "truth"), (3, LONG), (9, "")] {
            let field = Array2::from_elem(axes.shape(), f32::NAN);
            let row = PanelRow {
                title: title.into(),
                fields: vec![Some(field); columns],
            };
            let group = |colours| PanelGroup {
                label: LONG.into(),
                unit: "hPa".into(),
                colours,
                isolines: Isolines::AtTicks,
                rows: vec![row.clone(); 2],
                ..PanelGroup::default()
            };
            fits(&FieldPanels {
                title: title.into(),
                columns: vec![title.into(); columns],
                axes: axes.clone(),
                shading: Shading::Smooth,
                groups: vec![group(Colours::Sequential), group(Colours::Diverging)],
            });
        }
    }
}

#[test]
fn labels_of_rank_histograms_fit() {
    for (panels, bins) in [(1, 2), (3, 11), (5, 51), (7, 101)] {
        let ranks = Ranks {
            title: "day 1".into(),
            counts: vec![1.0; bins],
            cases: 1e5,
        };
        fits(&RankHistogram {
            title: LONG.into(),
            histograms: vec![ranks; panels],
        });
    }
}
