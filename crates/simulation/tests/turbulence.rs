//! The statistics that METHOD O7 asks of the flow, and the determinism of runs.

use std::{ops::ControlFlow, sync::Mutex};

use foehn_simulation::{Climate, RunError, StepError, TurbulenceConfig, run, run_many};
use ndarray::Array3;

/// Ten runs of 60 time units on 64 x 64, every window of METHOD O7, on the full grid: the truncation to a
/// coarser one takes rms away and raises the correlations. n = 10; over 40 runs the means are 3.153, .597,
/// .318, .112 and .997 and one run's sigma is .09, .016, .021, .016 and .063, so the windows lie 3.4, 1.4,
/// 4, 4 and 2.5 standard errors of ten runs away or more. The seed is fixed and the result the same on
/// every x86 processor with fused multiply-add.
#[test]
fn climate_lies_in_the_windows() {
    let config = TurbulenceConfig {
        output_grid: 64,
        ..TurbulenceConfig::default()
    };
    let climate = Climate::measure(&config, &[0.5, 1.0, 2.0]).unwrap();
    println!("{climate:#?}");
    assert!((3.05..3.3).contains(&climate.rms.mean));
    for (lag, window) in climate
        .lags
        .iter()
        .zip([0.59..0.62, 0.29..0.35, 0.09..0.14])
    {
        assert!(window.contains(&lag.correlation.mean), "{lag:?}");
    }
    assert!((climate.budget.mean - 1.0).abs() < 0.05);
    assert!(climate.worst_budget < 0.2);
}

fn short() -> TurbulenceConfig {
    TurbulenceConfig {
        grid: 32,
        spin_up: 1.0,
        length: 2.0,
        runs: 3,
        ..TurbulenceConfig::default()
    }
}

/// A run is the same alone, among others and in any order; two runs differ.
#[test]
fn runs_depend_on_seed_and_index_only() {
    let config = short();
    let collected = Mutex::new(vec![None; 3]);
    let end = run_many(
        &config,
        &[2, 0, 1],
        |_, _| ControlFlow::Continue(()),
        |index, frames| {
            collected.lock().unwrap()[index as usize] = Some(frames);
            ControlFlow::Continue(())
        },
    );
    assert_eq!(end, Ok(ControlFlow::Continue(())));
    let collected: Vec<Array3<f32>> = collected
        .into_inner()
        .unwrap()
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(collected[0].dim(), (config.frames(), 32, 32));
    for (index, frames) in collected.iter().enumerate() {
        let end = run(&config, index as u32, |number, frame| {
            assert_eq!(frame, frames.index_axis(ndarray::Axis(0), number));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(end.is_continue());
    }
    assert_ne!(collected[0], collected[1]);
}

#[test]
fn a_run_can_be_stopped_and_a_failure_names_it() {
    let mut seen = 0;
    let end = run(&short(), 0, |number, _| {
        seen = number;
        if number == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((end, seen), (Ok(ControlFlow::Break(())), 2));

    let violent = TurbulenceConfig {
        amplitude: 100.0,
        ..short()
    };
    let error = run(&violent, 5, |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(
        error,
        RunError::Step {
            run: 5,
            source: StepError::Courant { .. }
        }
    ));
    println!("{error}");
}
