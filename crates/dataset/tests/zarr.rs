//! Simulated runs in a Zarr store, laid end to end with gaps between them.

// helpers of tests may panic too
#![allow(clippy::unwrap_used)]

mod common;

use common::{config, open, rough};
use foehn_archive::{ArrayPlan, Coordinate, Element, Mode, Store};
use foehn_dataset::{DataConfig, Split};
use foehn_field::{Attribute, Attributes, Calendar, Grid, Instant, TimeAxis};
use ndarray::Array4;
use tempfile::tempdir;

const RUNS: usize = 4;
const STATES: usize = 10;
const HALF_DAY: i64 = 43_200;

fn axis() -> TimeAxis {
    let start = Calendar::Standard.parse("2001-01-01").unwrap();
    let state = |k: usize| start.plus((10 * 2 * (k / STATES) + k % STATES) as i64 * HALF_DAY);
    let instants: Vec<Instant> = (0..RUNS * STATES).map(state).collect();
    TimeAxis {
        calendar: Calendar::Standard,
        instants,
    }
}

#[test]
fn no_window_joins_two_runs_and_a_periodic_plane_has_equal_weights() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("runs.zarr");
    let side: Vec<f64> = (0..4).map(f64::from).collect();
    let grid = Grid::Cartesian {
        y: side.clone(),
        x: side,
        period: Some((4.0, 4.0)),
    };
    let mut coordinates = Coordinate::of_grid(&grid);
    coordinates.push(Coordinate::time("time", "time", "time", &axis()).unwrap());
    let count = (RUNS * STATES) as u64;
    let units = Attributes::from_iter([("units".to_owned(), Attribute::from("1"))]);
    let mut plan = ArrayPlan::whole(
        "vorticity",
        &["time", "y", "x"],
        &[count as usize, 4, 4],
        Element::F32,
        units,
    );
    plan.chunks = vec![7, 4, 4];
    let mut plans: Vec<ArrayPlan> = coordinates.iter().map(|c| c.plan.clone()).collect();
    plans.push(plan);
    let store = Store::create(&path, &Attributes::new(), plans, Mode::Create).unwrap();
    for coordinate in &coordinates {
        coordinate.write(&store).unwrap();
    }
    let values = Array4::from_shape_fn((1, RUNS * STATES, 4, 4), |(_, t, y, x)| rough(t, y, x));
    let values = values.index_axis_move(ndarray::Axis(0), 0).into_dyn();
    store
        .write_f32("vorticity", &[0, 0, 0], values.view())
        .unwrap();
    store.finish().unwrap();

    let dates = |first: &str, last: &str| [first.to_owned(), last.to_owned()];
    let series = open(&DataConfig {
        variables: vec!["vorticity".into()],
        step: "12 hours".into(),
        history: 2,
        train: dates("2001-01-01", "2001-01-20"),
        validation: dates("2001-01-21", "2001-01-30"),
        test: dates("2001-01-31", "2001-02-04"),
        ..config(&path)
    });
    // of the ten states of a run the first has no past and the last two no future of two steps
    let windows = |split| {
        series
            .windows(split, 2)
            .iter()
            .map(|w| w.index)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        windows(Split::Train),
        (1..8).chain(11..18).collect::<Vec<_>>()
    );
    assert_eq!(windows(Split::Validation), (21..28).collect::<Vec<_>>());
    assert_eq!(windows(Split::Test), (31..38).collect::<Vec<_>>());
    assert!(series.weights().iter().all(|w| (w - 1.0).abs() < 1e-15));
    for k in [0, 6, 7, 39] {
        let frame = series.frame(k).unwrap();
        assert!(
            frame
                .values
                .indexed_iter()
                .all(|((_, y, x), v)| *v == rough(k, y, x))
        );
    }
}
