//! What a run found, as text and as data.

use super::config::{Levels, PostprocessConfig};
use super::joint::MemberScores;
use super::scores::{MethodScores, Scored};
use foehn_verification::Interval;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Oddities that the text names.
const ODDITIES: usize = 4;

/// How the numbers were made.
#[derive(Clone, Debug, Serialize)]
pub struct Conventions {
    /// CRPS of laws and of members.
    pub crps: &'static str,
    /// Coverage.
    pub coverage: &'static str,
    /// Transforms and ranks, and the test of their flatness.
    pub transforms: &'static str,
    /// The test against the best method.
    pub equal_to_best: &'static str,
    /// The interval of the difference from the best method.
    pub over_best: &'static str,
    /// Energy and variogram scores.
    pub joint: &'static str,
    /// Missing data.
    pub missing: &'static str,
    /// Where members lie in the law.
    pub levels: Levels,
    /// Seed of everything random.
    pub seed: u64,
}

impl Conventions {
    pub(crate) fn of(config: &PostprocessConfig) -> Self {
        Self {
            crps: "of the law in closed form, of members as the law itself (empirical, M^2 pairs); fair: members as draws, \
                   M (M - 1) pairs, which flatters members at even levels",
            coverage: "share of observations in the central 90 %; of members between their linear quantiles of 5 and 95 %",
            transforms: "an observation on a jump of the law counts evenly over the jump, and for the test at a random place \
                         of it; chi-square, corrected for the dependence of places of a date (Rao and Scott 1981), from five dates a cell",
            equal_to_best: "Diebold-Mariano on sums of dates, Bartlett weights up to the lag, Harvey's factor, Student's law",
            over_best: "the CRPS less that of the best method, and the 2.5 and 97.5 % quantiles of that of the cases of 2000 resamples \
                        of circular blocks of dates (Politis and Romano 1992), as long as the cube root of the dates rounded up, and longer than the lag; \
                        with fewer than about ten blocks too narrow",
            joint: "means over the dates and leads that every row has whole members at, of all scored places; variogram of order 1/2, fair, \
                    over pairs of at most 256 places; places are not weighted; the members of order \"independent\" are random draws of \
                    their laws and own members are what the method makes of the raw ones, all others lie at the stated levels, which \
                    are worth less error than draws: \"shuffled\" has these levels without any order",
            missing: "a case counts if it has an observation and a forecast by every method; missing members are left out \
                      of means and laws",
            levels: config.calibrated.levels,
            seed: config.seed,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct PostprocessSummary {
    /// Units of CRPS, MAE and bias.
    pub units: String,
    /// Cases and dates that the last fit was trained on.
    pub trained: [usize; 2],
    /// Fits of every method.
    pub fits: usize,
    /// Dates forecast.
    pub dates: usize,
    /// Lags of the variance in the tests against the best method: dates that begin within a lead, less one.
    pub lag: usize,
    /// Blocks of dates that a resample of the intervals draws.
    pub blocks: usize,
    /// The cases that scores are means over.
    pub scored: Scored,
    /// The methods, best CRPS first.
    pub methods: Vec<MethodScores>,
    /// Members of the methods in their orders, least energy score first.
    pub member_scores: Vec<MemberScores>,
    /// Orders of members that are not in the table, and why.
    pub orders_left_out: Vec<String>,
    /// What is to be said of the last fits, by the method's name: bases chosen, steps taken, searches without an end.
    pub fitted: BTreeMap<String, String>,
    /// What was odd in the data, and what was made of it.
    pub oddities: Vec<String>,
    /// The calibrated members.
    pub members: PathBuf,
    /// Cases without calibrated members.
    pub without_members: usize,
    /// Ranks of written members that were drawn for want of a raw member or past observation.
    pub drawn_ranks: usize,
    /// How the numbers were made.
    pub conventions: Conventions,
}

/// A p-value, or that there is none.
fn chance(p: Option<f64>) -> String {
    p.map_or_else(|| "-".to_owned(), |p| format!("{p:.1e}"))
}

/// A difference with its interval, or that there is none.
pub(crate) fn interval(of: Option<&Interval>) -> String {
    of.map_or_else(
        || "-".to_owned(),
        |i| format!("{:.4} ({:.4}, {:.4})", i.estimate, i.low, i.high),
    )
}

/// Stations that are named at most.
const SHOWN: usize = 5;
/// Blocks below which the percentile interval of a bootstrap is too narrow.
const FEW: usize = 10;

impl PostprocessSummary {
    /// That intervals are of few blocks, if they are.
    pub(crate) fn few_blocks(&self) -> Option<String> {
        let blocks = self.blocks;
        let few = self.methods.len() > 1 && blocks < FEW;
        few.then(|| {
            format!(
                "intervals of differences and tests are of {blocks} blocks of dates: with fewer than about ten they are too sure"
            )
        })
    }

    /// The scores as tables.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} cases of {} dates trained on, {} fits, {} cases of {} dates scored; CRPS, MAE and bias in {}\n",
            self.trained[0], self.trained[1], self.fits, self.scored.cases, self.dates, self.units
        );
        let names = self.methods.iter().map(|m| m.method.len());
        let width = names.max().unwrap_or(0).max(6);
        // Writing to a string cannot fail.
        let _ = self.write_methods(&mut text, width);
        let _ = self.write_members(&mut text, width);
        let _ = self.write_notes(&mut text);
        let _ = write!(text, "members in {}", self.members.display());
        text
    }

    fn write_methods(&self, text: &mut String, width: usize) -> std::fmt::Result {
        if self.methods.is_empty() {
            return Ok(());
        }
        let zeros = self.methods.iter().any(|m| m.zeros.is_some());
        write!(
            text,
            "{:width$} {:>8} {:>8} {:>8} {:>7} {:>8} {:>9} {:>27} {:>9}",
            "method",
            "CRPS",
            "MAE",
            "bias",
            "in 90%",
            "p flat",
            "p = best",
            "over best (95 % interval)",
            "fallback"
        )?;
        writeln!(text, "{}", if zeros { "  zeros (observed)" } else { "" })?;
        for m in &self.methods {
            let p = m
                .equal_to_best_p_value
                .map_or_else(|| "-".to_owned(), |p| format!("{p:.2e}"));
            let fallback = format!("{}/{}", m.fallback, m.cases);
            let zeros = m
                .zeros
                .map_or_else(String::new, |[o, f]| format!("  {f:.3} ({o:.3})"));
            writeln!(
                text,
                "{:width$} {:8.4} {:8.4} {:8.4} {:7.3} {:>8} {p:>9} {:>27} {fallback:>9}{zeros}",
                m.method,
                m.crps,
                m.mae,
                m.bias,
                m.covered_90,
                chance(m.pit_p_value),
                interval(m.over_best.as_ref())
            )?;
        }
        Ok(())
    }

    fn write_members(&self, text: &mut String, width: usize) -> std::fmt::Result {
        let Some(first) = self.member_scores.first() else {
            return Ok(());
        };
        let spectra = self.member_scores.iter().any(|m| m.spectrum.is_some());
        write!(text, "{} members", first.members)?;
        if first.occasions > 0 {
            let over = "energy and variogram over the places of a date";
            write!(
                text,
                "; {over}, means over {} dates and leads",
                first.occasions
            )?;
        }
        writeln!(text, ":")?;
        write!(
            text,
            "{:width$} {:>11} {:>8} {:>8} {:>12} {:>8} {:>8} {:>8} {:>9}",
            "method",
            "order",
            "CRPS",
            "fair",
            "spread/skill",
            "p flat",
            "energy",
            "fair",
            "variogram"
        )?;
        writeln!(text, "{}", if spectra { "  |log10 E/E_true|" } else { "" })?;
        let number = |x: Option<f64>, digits: usize| {
            x.map_or_else(|| "-".to_owned(), |x| format!("{x:.digits$}"))
        };
        for m in &self.member_scores {
            let spectrum = m.spectrum.map_or_else(String::new, |x| format!("  {x:.3}"));
            writeln!(
                text,
                "{:width$} {:>11} {:8.4} {:>8} {:12.3} {:>8} {:>8} {:>8} {:>9}{spectrum}",
                m.method,
                m.order,
                m.crps,
                number(m.crps_fair, 4),
                m.spread_skill,
                chance(m.rank_p_value),
                number(m.energy, 3),
                number(m.energy_fair, 3),
                number(m.variogram, 5)
            )?;
        }
        Ok(())
    }

    fn write_notes(&self, text: &mut String) -> std::fmt::Result {
        if self.scored.cases == 0 {
            writeln!(
                text,
                "nothing is scored: the later dates have no observations"
            )?;
        }
        if let Some(said) = self.few_blocks() {
            writeln!(text, "{said}")?;
        }
        if self.scored.without_forecast > 0 {
            let why = self.scored.first_without.as_deref().unwrap_or("");
            writeln!(
                text,
                "{} observed cases are not scored, for want of a forecast; the first: {why}",
                self.scored.without_forecast
            )?;
        }
        for m in self.methods.iter().filter(|m| m.fallback > 0) {
            let named: Vec<&str> = m.fallback_stations.iter().map(String::as_str).collect();
            let shown = &named[..named.len().min(SHOWN)];
            let more = named.len() - shown.len();
            write!(
                text,
                "{}: served as all stations: {}",
                m.method,
                shown.join(", ")
            )?;
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            writeln!(text, "{more}")?;
        }
        for (name, said) in &self.fitted {
            writeln!(text, "{name}: {said}")?;
        }
        for why in &self.orders_left_out {
            writeln!(text, "an order is not compared: {why}")?;
        }
        for oddity in self.oddities.iter().take(ODDITIES) {
            writeln!(text, "odd: {oddity}")?;
        }
        if self.oddities.len() > ODDITIES {
            let more = self.oddities.len() - ODDITIES;
            writeln!(text, "{more} more oddities are in scores.json")?;
        }
        if self.without_members > 0 {
            writeln!(
                text,
                "{} cases have no calibrated members",
                self.without_members
            )?;
        }
        if self.drawn_ranks > 0 {
            writeln!(
                text,
                "{} ranks were drawn for want of a raw member or past observation",
                self.drawn_ranks
            )?;
        }
        Ok(())
    }
}
