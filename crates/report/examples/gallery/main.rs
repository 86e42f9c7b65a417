//! Renders every kind of figure from made-up data: `cargo run --release -p foehn-report --example gallery -- FOLDER`.

mod curves;
mod maps;

use std::error::Error;
use std::path::{Path, PathBuf};

use foehn_report::{Column, Figure, Page, Shading, Table};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(|| PathBuf::from("gallery"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    corners(&folder)?;
    let crps = save(&folder, "crps", &curves::crps())?;
    let ratio = save(&folder, "ratio", &curves::ratio())?;
    let loss = save(&folder, "loss", &curves::loss())?;
    let spectrum = save(&folder, "spectrum", &curves::spectrum())?;
    let pressure = save(&folder, "pressure", &maps::pressure(Shading::Smooth))?;
    let vorticity = save(&folder, "vorticity", &maps::vorticity(32, Shading::Smooth))?;
    let ranks = save(&folder, "ranks", &curves::ranks(5, 21))?;
    let page = Page::new("Sea level pressure, North Atlantic: 20-member forecast of 2008")
        .paragraph("Made-up numbers that show what a report looks like: twenty members, five days, 366 initial dates, against persistence and the climatological ensemble.")
        .table(scores())
        .section("Fields")
        .figure("One forecast: truth, ensemble mean, one member and spread at leads of 1, 3 and 5 days.", pressure)
        .section("Scores against lead")
        .figures(vec![("Fair CRPS; the bars are 95 % intervals.".into(), crps), ("Spread over skill; the strip is the target.".into(), ratio)])
        .section("Calibration")
        .figure("Rank histograms.", ranks)
        .section("Turbulence and training")
        .figure("Vorticity.", vorticity)
        .figures(vec![("Energy spectrum.".into(), spectrum), ("Loss.".into(), loss)])
        .section("Provenance")
        .provenance(vec![("made by".into(), "foehn 0.1.0, example `gallery`".into()), ("seed".into(), "1".into())])
        .details("Configuration", "[train]\nsteps = 2000\nbatch = 32\n\n[forecast]\nmembers = 20\n");
    std::fs::write(folder.join("page.html"), page.render()?)?;
    Ok(())
}

/// Awkward data: coarse and fine grids, many series, tiny, constant and missing values.
fn corners(folder: &Path) -> Outcome<()> {
    save(folder, "pressure_cells", &maps::pressure(Shading::Cells))?;
    save(
        folder,
        "vorticity_cells",
        &maps::vorticity(32, Shading::Cells),
    )?;
    save(
        folder,
        "vorticity_128",
        &maps::vorticity(128, Shading::Cells),
    )?;
    save(folder, "ranks_one", &curves::ranks(1, 51))?;
    save(folder, "ranks_few", &curves::ranks(2, 4))?;
    save(folder, "crowded", &curves::crowded())?;
    save(folder, "tiny", &curves::tiny())?;
    save(folder, "constant", &curves::constant())?;
    save(folder, "missing", &maps::missing())?;
    save(folder, "single", &maps::single())?;
    save(folder, "global", &maps::global())?;
    Ok(())
}

fn save(folder: &Path, name: &str, figure: &impl Figure) -> Outcome<Vec<u8>> {
    let png = figure.png()?;
    std::fs::write(folder.join(name).with_extension("png"), &png)?;
    std::fs::write(folder.join(name).with_extension("svg"), figure.svg()?)?;
    println!("{name}: {} kB", png.len() / 1000);
    Ok(png)
}

fn scores() -> Table {
    let lead = |day: f64, crps: f64| {
        vec![
            day.into(),
            crps.into(),
            (crps * 1.8).into(),
            (0.55 + 0.05 * day).into(),
            (1.02 - 0.02 * day).into(),
        ]
    };
    let column = |name: &str, unit: &str| Column::new(name, unit).decimals(2);
    Table {
        caption: "Scores of 2008".into(),
        columns: vec![
            Column::new("lead", "d").decimals(0),
            column("fair CRPS", "hPa"),
            column("RMSE of the mean", "hPa"),
            column("RMSE / persistence", ""),
            column("spread / skill", ""),
        ],
        rows: vec![
            lead(1.0, 1.79),
            lead(2.0, 3.1),
            lead(3.0, 4.02),
            lead(4.0, 4.5),
            lead(5.0, 4.7),
        ],
        notes: vec![
            "Area weights: sin(upper edge) − sin(lower edge). 366 cases.".into(),
            "CRPS: fair estimator, M(M − 1) pairs. Spread: ddof 1, factor sqrt((M + 1)/M).".into(),
        ],
    }
}
