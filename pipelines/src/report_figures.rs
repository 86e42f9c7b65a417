//! The curves and histograms of a report.

use crate::loss_log::LossCurve;
use crate::scores::{VariableScores, lead_name};
use anyhow::Result;
use foehn_report::{Axis, Figure, Lines, RankHistogram, Ranks, Reference, Series, Stroke, Tint};

/// Spread and skill agree within ten per cent.
const CALIBRATED: (f64, f64) = (0.9, 1.1);

fn leads_in_days(scores: &VariableScores) -> (Vec<f64>, Axis) {
    let hours = scores.leads.iter().any(|l| l.seconds % 86_400 != 0);
    let (unit, name) = if hours {
        (3_600.0, "h")
    } else {
        (86_400.0, "d")
    };
    let leads: Vec<f64> = scores
        .leads
        .iter()
        .map(|l| l.seconds as f64 / unit)
        .collect();
    let axis = Axis::new("lead", name);
    let axis = match leads.first() {
        Some(first) if leads.len() < 12 => axis.every(*first),
        _ => axis,
    };
    (leads, axis)
}

fn baseline(label: &str, x: &[f64], y: Vec<f64>, stroke: Stroke) -> Series {
    Series::new(label, x.to_vec(), y).styled(stroke, Tint::Grey)
}

/// CRPS against lead.
pub fn crps(scores: &VariableScores) -> Result<Vec<u8>> {
    let (x, axis) = leads_in_days(scores);
    let y = |f: &dyn Fn(&crate::scores::LeadScores) -> f64| {
        scores.leads.iter().map(f).collect::<Vec<_>>()
    };
    let figure = Lines {
        title: "Fair CRPS".into(),
        x: axis,
        y: Axis::new("CRPS", &scores.units).from_zero(),
        series: vec![
            Series::new("forecast", x.clone(), y(&|l| l.forecast.crps)),
            baseline(
                "climatological ensemble",
                &x,
                y(&|l| l.climatology.crps),
                Stroke::Dashed,
            ),
            baseline(
                "persistence (absolute error)",
                &x,
                y(&|l| l.persistence.crps),
                Stroke::Dotted,
            ),
        ],
        ..Lines::default()
    };
    Ok(figure.png()?)
}

/// RMSE of the mean and spread against lead.
pub fn rmse(scores: &VariableScores) -> Result<Vec<u8>> {
    let (x, axis) = leads_in_days(scores);
    let y = |f: &dyn Fn(&crate::scores::LeadScores) -> f64| {
        scores.leads.iter().map(f).collect::<Vec<_>>()
    };
    let figure = Lines {
        title: "Error of the ensemble mean, and spread".into(),
        x: axis,
        y: Axis::new("RMSE, spread", &scores.units).from_zero(),
        series: vec![
            Series::new("RMSE of the mean", x.clone(), y(&|l| l.forecast.rmse)),
            Series::new(
                "spread",
                x.clone(),
                y(&|l| l.forecast.spread.unwrap_or(f64::NAN)),
            ),
            baseline(
                "RMSE of climatology",
                &x,
                y(&|l| l.climatology.rmse),
                Stroke::Dashed,
            ),
            baseline(
                "RMSE of persistence",
                &x,
                y(&|l| l.persistence.rmse),
                Stroke::Dotted,
            ),
        ],
        ..Lines::default()
    };
    Ok(figure.png()?)
}

/// Spread/skill against lead.
pub fn spread_skill(scores: &VariableScores) -> Result<Vec<u8>> {
    let (x, axis) = leads_in_days(scores);
    let y: Vec<f64> = scores
        .leads
        .iter()
        .map(|l| l.forecast.spread_skill.unwrap_or(f64::NAN))
        .collect();
    let reach = y
        .iter()
        .filter(|y| y.is_finite())
        .fold(1.25f64, |a, b| a.max(*b + 0.1));
    let figure = Lines {
        title: "Spread over error".into(),
        x: axis,
        y: Axis::new("spread/skill", "").between(0.0, reach),
        series: vec![Series::new("forecast", x, y)],
        references: vec![
            Reference::Band {
                low: CALIBRATED.0,
                high: CALIBRATED.1,
                label: "within 10 %".into(),
            },
            Reference::Line {
                value: 1.0,
                label: "calibrated".into(),
            },
        ],
        ..Lines::default()
    };
    Ok(figure.png()?)
}

/// Spectra of members and truth at the first and last lead.
pub fn spectra(scores: &VariableScores) -> Result<Option<Vec<u8>>> {
    let with = scores
        .leads
        .iter()
        .filter_map(|l| l.spectra.as_ref().map(|s| (l.seconds, s)));
    let with: Vec<_> = with.collect();
    let (Some(first), Some(last)) = (with.first(), with.last()) else {
        return Ok(None);
    };
    let curve = |label: String, s: &foehn_verification::Spectrum| {
        let shells = 1..=s.resolved;
        let (k, e) = shells.map(|i| (s.wavenumber[i], s.energy[i])).unzip();
        Series::new(label, k, e)
    };
    let mut series = vec![curve(
        format!("members, {}", lead_name(first.0)),
        &first.1.forecast,
    )];
    if with.len() > 1 {
        series.push(curve(
            format!("members, {}", lead_name(last.0)),
            &last.1.forecast,
        ));
    }
    series.push(curve("truth".into(), &last.1.truth).styled(Stroke::Dashed, Tint::Black));
    let figure = Lines {
        title: "Power spectrum".into(),
        x: Axis::new("wavenumber", "").logarithmic(),
        y: Axis::new("power", "").logarithmic(),
        series,
        ..Lines::default()
    };
    Ok(Some(figure.png()?))
}

/// Rank histograms of some leads.
pub fn ranks(scores: &VariableScores) -> Result<Vec<u8>> {
    let step = scores.leads.len().div_ceil(5).max(1);
    let histogram = |lead: &crate::scores::LeadScores| Ranks {
        title: lead_name(lead.seconds),
        counts: lead
            .forecast
            .ranks
            .counts()
            .iter()
            .map(|c| *c as f64)
            .collect(),
        cases: lead.forecast.convention.cases as f64,
    };
    let figure = RankHistogram {
        title: "Rank of the truth among the members".into(),
        histograms: scores.leads.iter().step_by(step).map(histogram).collect(),
    };
    Ok(figure.png()?)
}

/// Loss against step, a pair of curves for each network.
pub fn losses(curves: &[LossCurve]) -> Result<Vec<u8>> {
    let smooth = |values: &[f64]| -> Vec<f64> {
        let mut mean = values.first().copied().unwrap_or(f64::NAN);
        let step = |v: &f64| {
            mean += 0.02 * (v - mean);
            mean
        };
        values.iter().map(step).collect()
    };
    let mut series = Vec::new();
    for (number, curve) in (1..).zip(curves) {
        let name = if curves.len() > 1 {
            format!(", network {number}")
        } else {
            String::new()
        };
        let (x, y) = &curve.train;
        series.push(Series::new(format!("training{name}"), x.clone(), smooth(y)));
        if !curve.validation.0.is_empty() {
            let (x, y) = curve.validation.clone();
            series.push(Series::new(format!("validation{name}"), x, y));
        }
    }
    let figure = Lines {
        title: "Loss (running mean), and validation loss of the averaged weights".into(),
        x: Axis::new("step", ""),
        y: Axis::new("loss", "").logarithmic(),
        series,
        ..Lines::default()
    };
    Ok(figure.png()?)
}
