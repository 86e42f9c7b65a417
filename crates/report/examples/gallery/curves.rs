//! Curves and histograms of made-up scores.

use foehn_report::{Axis, Lines, RankHistogram, Ranks, Reference, Series, Stroke, Ticks, Tint};

pub fn crps() -> Lines {
    let grow = |scale: f64, rate: f64| {
        days()
            .iter()
            .map(|d| scale * (1.0 - (-rate * d).exp()))
            .collect::<Vec<f64>>()
    };
    let forecast = grow(5.2, 0.45);
    let (low, high) = (
        forecast.iter().map(|v| v - 0.25).collect(),
        forecast.iter().map(|v| v + 0.25).collect(),
    );
    Lines {
        title: "Fair CRPS, sea level pressure, 2008".into(),
        x: Axis {
            ticks: Ticks::At(days()),
            ..Axis::new("lead", "d")
        },
        y: Axis::new("CRPS", "hPa").from_zero(),
        series: vec![
            Series::new("forecast (20 members)", days(), forecast).bars(low, high),
            Series::new("persistence", days(), grow(8.4, 0.6))
                .styled(Stroke::Dashed, Tint::Vermilion),
            Series::new("climatological ensemble", days(), vec![5.1; 5])
                .styled(Stroke::Dotted, Tint::Grey),
        ],
        ..Lines::default()
    }
}

pub fn ratio() -> Lines {
    let y = vec![0.96, 1.01, 1.03, f64::NAN, 0.97];
    let (low, high) = (
        y.iter().map(|v| v - 0.03).collect(),
        y.iter().map(|v| v + 0.03).collect(),
    );
    Lines {
        title: "Spread over skill".into(),
        x: Axis::new("lead", "h").every(24.0),
        y: Axis::new("spread / skill", "").between(0.7, 1.2),
        series: vec![
            Series::new("forecast", days().iter().map(|d| 24.0 * d).collect(), y).band(low, high),
        ],
        references: vec![
            Reference::Line {
                value: 1.0,
                label: "perfect".into(),
            },
            Reference::Band {
                low: 0.9,
                high: 1.1,
                label: "target".into(),
            },
        ],
        ..Lines::default()
    }
}

pub fn loss() -> Lines {
    let step: Vec<f64> = (0..2000).map(f64::from).collect();
    let noisy = |s: &f64| {
        (0.9 * (-s / 150.0).exp() + 0.08)
            * (1.0 + 0.25 * ((s * 12.9898).sin() * 43758.5453).fract())
    };
    let every: Vec<f64> = (0..=20).map(|i| 100.0 * f64::from(i)).collect();
    let validation = every
        .iter()
        .map(|s| 0.9 * (-s / 150.0).exp() + 0.1)
        .collect();
    let train: Vec<f64> = step.iter().map(noisy).collect();
    Lines {
        title: "Loss".into(),
        x: Axis::new("step", ""),
        y: Axis::new("mean square of the drift error, standardised", "").logarithmic(),
        series: vec![
            Series::new("validation (EMA weights)", every, validation)
                .styled(Stroke::Solid, Tint::Vermilion),
            Series::new("training", step, train).styled(Stroke::Solid, Tint::Sky),
        ],
        ..Lines::default()
    }
}

pub fn spectrum() -> Lines {
    let k: Vec<f64> = (0..=16).map(f64::from).collect();
    let energy = |slope: f64| {
        k.iter()
            .map(|k| {
                if *k == 0.0 {
                    0.0
                } else {
                    0.02 * k.powf(slope) * (-k / 12.0).exp()
                }
            })
            .collect()
    };
    Lines {
        title: "Kinetic energy spectrum at lag 1".into(),
        x: Axis::new("wavenumber k", "").logarithmic(),
        y: Axis::new("E(k)", "m³ s⁻²").logarithmic(),
        series: vec![
            Series::new("truth", k.clone(), energy(-3.0)).styled(Stroke::Solid, Tint::Black),
            Series::new("members", k.clone(), energy(-2.95)).styled(Stroke::Solid, Tint::Blue),
            Series::new("ensemble mean", k.clone(), energy(-4.2))
                .styled(Stroke::Dashed, Tint::Vermilion),
        ],
        ..Lines::default()
    }
}

pub fn ranks(panels: usize, bins: usize) -> RankHistogram {
    let one = |p: usize| {
        let bar = |r: usize| {
            let u = 2.0 * r as f64 / (bins as f64 - 1.0) - 1.0;
            1.0 + 0.25 * (p as f64 - 1.0) * u * u + 0.12 * (r as f64 * 12.9898).sin()
        };
        Ranks {
            title: format!("day {}", p + 1),
            counts: (0..bins).map(|r| 366.0 * bar(r)).collect(),
            cases: 366.0,
        }
    };
    RankHistogram {
        title: "Rank histograms, sea level pressure".into(),
        histograms: (0..panels).map(one).collect(),
    }
}

pub fn crowded() -> Lines {
    let x: Vec<f64> = (0..=60).map(|i| 6.0 * f64::from(i)).collect();
    let series = |n: usize| {
        let y = x
            .iter()
            .map(|x| (n as f64 + 1.0) * (x / 100.0).tanh())
            .collect();
        let stroke = if n < 6 { Stroke::Solid } else { Stroke::Dashed };
        Series {
            stroke,
            ..Series::new(
                format!(
                    "experiment {n} with a rather long label, hidden width {}",
                    16 << n
                ),
                x.clone(),
                y,
            )
        }
    };
    Lines {
        title: "A title that is far too long for one line because it names the variable, the region, the season, the estimator and the reference of the score".into(),
        x: Axis::new("lead time since the initial date of the forecast", "h").every(6.0),
        y: Axis::new("area-weighted root-mean-square error of the ensemble mean of sea level pressure over the North Atlantic", "hPa"),
        series: (0..10).map(series).collect(),
        ..Lines::default()
    }
}

pub fn tiny() -> Lines {
    let x: Vec<f64> = (0..40).map(|i| 250_000.0 * f64::from(i)).collect();
    let y = x.iter().map(|x| 3e-5 * (x / 2e6).sin()).collect();
    Lines {
        title: "Tiny and huge values".into(),
        x: Axis::new("distance", "m"),
        y: Axis::new("vorticity", "s⁻¹"),
        series: vec![Series::new("", x, y)],
        size: (480.0, 300.0),
        ..Lines::default()
    }
}

pub fn constant() -> Lines {
    Lines {
        title: "Constant data, one of them without values".into(),
        x: Axis::new("lead", "h"),
        y: Axis::new("pressure", "hPa"),
        series: vec![
            Series::new("constant", vec![0.0, 1.0, 2.0], vec![1013.25; 3]),
            Series::new("not a number", vec![0.0, 1.0, 2.0], vec![f64::NAN; 3]),
        ],
        size: (480.0, 300.0),
        ..Lines::default()
    }
}

fn days() -> Vec<f64> {
    (1..=5).map(f64::from).collect()
}
