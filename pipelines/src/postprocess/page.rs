//! The report of a run as one page.

use super::config::PostprocessConfig;
use super::scores::MethodScores;
use super::summary::{PostprocessSummary, interval};
use anyhow::Result;
use foehn_calibration::{Cases, Station};
use foehn_report::{
    Axis, Cell, Cloud, Colours, Column, Extent, FieldPanels, Figure, Isolines, MapAxes, Page,
    PanelGroup, PanelRow, RankHistogram, Ranks, RowOrder, Scatter, Shading, Table,
};
use ndarray::Array2;

/// Histograms on the page at most, best methods first.
const SHOWN: usize = 10;
/// Ends of the classes of skill that stations are shown in.
const CLASSES: [(f64, f64, &str); 4] = [
    (f64::NEG_INFINITY, 0.0, "worse"),
    (0.0, 0.15, "0 to 15 % less"),
    (0.15, 0.3, "15 to 30 % less"),
    (0.3, f64::INFINITY, "over 30 % less"),
];

/// The page.
///
/// # Errors
/// If a figure cannot be drawn.
pub(crate) fn page(
    config: &PostprocessConfig,
    summary: &PostprocessSummary,
    cases: &Cases,
) -> Result<String> {
    let mut page = Page::new(format!("foehn postprocess: {}", config.name))
        .paragraph(format!(
            "{} cases of {} dates, forecast from {} cases of {} past dates.",
            summary.scored.cases, summary.dates, summary.trained[0], summary.trained[1]
        ))
        .table(methods(summary))
        .table(members(summary));
    if summary.methods.is_empty() {
        page = page.paragraph("Nothing is scored: the later dates have no observations.");
        return finished(page, config, summary);
    }
    page = page.figure(
        "Transforms of the observations in the laws of the methods: flat where calibrated.",
        histogram(summary.methods.iter().map(|m| (&m.method, &m.pit)), summary)?,
    );
    let ranks = summary
        .member_scores
        .iter()
        .filter(|m| m.order == "own" || m.order == config.calibrated.order.name());
    page = page.figure(
        format!(
            "Ranks of the observations among {} members.",
            summary.member_scores.first().map_or(0, |m| m.members)
        ),
        histogram(ranks.map(|m| (&m.method, &m.ranks)), summary)?,
    );
    if let Some((caption, png)) = map(config, summary, cases)? {
        page = page.figure(caption, png);
    }
    if let Some(table) = hardest(config, summary, cases) {
        page = page.table(table);
    }
    finished(page, config, summary)
}

/// The page with what it was made by.
fn finished(
    page: Page,
    config: &PostprocessConfig,
    summary: &PostprocessSummary,
) -> Result<String> {
    let conventions = serde_json::to_string_pretty(&summary.conventions)?;
    let page = page
        .details("How the numbers were made", conventions)
        .details("Configuration", config.to_toml()?)
        .provenance(vec![
            (
                "program".into(),
                format!("foehn {}", env!("CARGO_PKG_VERSION")),
            ),
            ("seed".into(), config.seed.to_string()),
        ]);
    Ok(page.render()?)
}

fn methods(summary: &PostprocessSummary) -> Table {
    let units = &summary.units;
    let row = |m: &MethodScores| {
        vec![
            Cell::from(m.method.as_str()),
            m.crps.into(),
            m.mae.into(),
            m.bias.into(),
            (100.0 * m.covered_90).into(),
            m.pit_p_value.into(),
            m.equal_to_best_p_value.into(),
            interval(m.over_best.as_ref()).into(),
        ]
    };
    Table {
        caption: "Laws at single places".into(),
        columns: vec![
            Column::new("method", ""),
            Column::new("CRPS", units).decimals(4),
            Column::new("MAE", units).decimals(4),
            Column::new("bias", units).decimals(4),
            Column::new("in 90 %", "%").decimals(1),
            Column::new("p flat", ""),
            Column::new("p = best", ""),
            Column::new("over best (95 % interval)", units),
        ],
        rows: summary.methods.iter().map(row).collect(),
        notes: [
            summary.conventions.crps.to_owned(),
            summary.conventions.equal_to_best.to_owned(),
            format!("over best: {}", summary.conventions.over_best),
            summary.conventions.missing.to_owned(),
        ]
        .into_iter()
        .chain(summary.few_blocks())
        .collect(),
    }
}

fn members(summary: &PostprocessSummary) -> Table {
    let row = |m: &super::joint::MemberScores| {
        vec![
            Cell::from(format!("{}, {}", m.method, m.order)),
            m.crps.into(),
            m.crps_fair.into(),
            m.spread_skill.into(),
            m.rank_p_value.into(),
            m.energy.into(),
            m.energy_fair.into(),
            m.variogram.into(),
            m.spectrum.into(),
        ]
    };
    Table {
        caption: "Members, over all places of a date".into(),
        columns: vec![
            Column::new("method, order", ""),
            Column::new("CRPS", &summary.units).decimals(4),
            Column::new("fair CRPS", &summary.units).decimals(4),
            Column::new("spread/skill", "").decimals(3),
            Column::new("p flat", ""),
            Column::new("energy", &summary.units).decimals(3),
            Column::new("fair energy", &summary.units).decimals(3),
            Column::new("variogram", "").decimals(5),
            Column::new("mean |log10 E/E_true|", "").decimals(3),
        ],
        rows: summary.member_scores.iter().map(row).collect(),
        notes: vec![summary.conventions.joint.to_owned()],
    }
}

fn histogram<'a>(
    shares: impl Iterator<Item = (&'a String, &'a Vec<f64>)>,
    summary: &PostprocessSummary,
) -> Result<Vec<u8>> {
    let cases = summary.dates as f64;
    let one = |(title, shares): (&String, &Vec<f64>)| Ranks {
        title: title.clone(),
        counts: shares.iter().map(|share| share * cases).collect(),
        cases,
    };
    let figure = RankHistogram {
        title: String::new(),
        histograms: shares.take(SHOWN).map(one).collect(),
    };
    Ok(figure.png()?)
}

/// The stations where the chosen method has the greatest CRPS, by name.
fn hardest(
    config: &PostprocessConfig,
    summary: &PostprocessSummary,
    cases: &Cases,
) -> Option<Table> {
    let mut methods = summary.methods.iter();
    let chosen = methods.find(|m| m.method == config.calibrated.method)?;
    let stations = &cases.table.columns().stations;
    if cases.layout.is_grid() || chosen.by_place.len() < 2 {
        return None;
    }
    let mut places: Vec<(f64, f64, usize)> = chosen
        .by_place
        .iter()
        .map(|(place, (sum, count))| (sum / count, *count, *place))
        .collect();
    places.sort_by(|a, b| b.0.total_cmp(&a.0));
    let row = |(crps, count, place): &(f64, f64, usize)| {
        vec![
            Cell::from(stations[*place].name.as_str()),
            (*count).into(),
            (*crps).into(),
        ]
    };
    Some(Table {
        caption: format!("Stations of the greatest CRPS by {}", chosen.method),
        columns: vec![
            Column::new("station", ""),
            Column::new("cases", "").decimals(0),
            Column::new("CRPS", &summary.units).decimals(3),
        ],
        rows: places.iter().take(SHOWN).map(row).collect(),
        notes: vec![],
    })
}

/// Mean CRPS of the chosen method against the raw members (or the worst method), place by place.
fn map(
    config: &PostprocessConfig,
    summary: &PostprocessSummary,
    cases: &Cases,
) -> Result<Option<(String, Vec<u8>)>> {
    let named = |name: &str| summary.methods.iter().find(|m| m.method == name);
    let chosen = named(&config.calibrated.method);
    let (Some(chosen), Some(reference)) = (chosen, named("raw").or(summary.methods.last())) else {
        return Ok(None);
    };
    let skill = |place: usize| {
        let mean = |m: &MethodScores| m.by_place.get(&place).map(|(sum, n)| sum / n);
        Some(1.0 - mean(chosen)? / mean(reference)?)
    };
    let text = format!(
        "CRPS of {} against that of {}, place by place.",
        chosen.method, reference.method
    );
    if cases.layout.is_grid() {
        return Ok(grid(&cases.layout.shape, skill)?.map(|png| (text, png)));
    }
    Ok(stations(&cases.table.columns().stations, skill)?.map(|png| (text, png)))
}

fn stations(stations: &[Station], skill: impl Fn(usize) -> Option<f64>) -> Result<Option<Vec<u8>>> {
    let placed: Vec<(f64, f64, f64)> = stations
        .iter()
        .enumerate()
        .filter(|(_, station)| station.has_place())
        .filter_map(|(i, station)| Some((station.longitude, station.latitude, skill(i)?)))
        .collect();
    if placed.len() < 2 {
        return Ok(None);
    }
    let class = |(low, high, title): &(f64, f64, &str)| {
        let inside = placed
            .iter()
            .filter(|(.., skill)| (*low..*high).contains(skill));
        let points: Vec<(f64, f64)> = inside.map(|(x, y, _)| (*x, *y)).collect();
        Cloud {
            title: format!("{title}: {} stations", points.len()),
            points,
            links: Vec::new(),
        }
    };
    let figure = Scatter {
        title: String::new(),
        x: Axis::new("longitude", "degrees east"),
        y: Axis::new("latitude", "degrees north"),
        clouds: CLASSES
            .iter()
            .map(class)
            .filter(|cloud| !cloud.points.is_empty())
            .collect(),
    };
    Ok(Some(figure.png()?))
}

fn grid(shape: &[usize], skill: impl Fn(usize) -> Option<f64>) -> Result<Option<Vec<u8>>> {
    let [ny, nx] = *shape else { return Ok(None) };
    let field = Array2::from_shape_fn((ny, nx), |(i, j)| {
        skill(i * nx + j).map_or(f32::NAN, |skill| 100.0 * skill as f32)
    });
    let figure = FieldPanels {
        title: String::new(),
        columns: vec![String::new()],
        axes: MapAxes::Cells {
            shape: (ny, nx),
            rows: RowOrder::Ascending,
        },
        shading: Shading::Cells,
        groups: vec![PanelGroup {
            label: "CRPS saved".into(),
            unit: "%".into(),
            colours: Colours::Diverging,
            extent: Extent::default(),
            isolines: Isolines::None,
            rows: vec![PanelRow {
                title: String::new(),
                fields: vec![Some(field)],
            }],
        }],
    };
    Ok(Some(figure.png()?))
}
