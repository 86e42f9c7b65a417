//! From laws at single places to members that hold together across places.

use super::occasions::occasions;
use super::past::Past;
use crate::postprocess::config::{CalibratedConfig, Levels, Order};
use crate::postprocess::method::Forecast;
use foehn_calibration::{Case, DependenceError, Law, Table, Template, shuffle, transformation};
use foehn_noise::{Key, Purpose};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// Why members cannot be made in an order.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum OrderError {
    /// The template of the Schaake shuffle is as many past dates as members.
    #[error(
        "calibrated.order = \"schaake\" needs {needed} past dates with observations at most places, and {found} have \
         them: write fewer members (calibrated.members), or choose ecc_q"
    )]
    TooFewDates { needed: usize, found: usize },
    /// Levels of another number of members.
    #[error(
        "calibrated.order = \"ecc_t\" takes the levels of the {raw} raw members: leave out calibrated.members = \
         {asked}, or choose ecc_q"
    )]
    Levels { raw: usize, asked: usize },
    /// What cannot be ordered.
    #[error(transparent)]
    Dependence(#[from] DependenceError),
}

/// How members are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joint {
    pub(crate) order: Order,
    pub(crate) levels: Levels,
    /// How many.
    pub(crate) count: usize,
    pub(crate) seed: u64,
}

/// The cases of one date and lead with their forecasts.
pub(crate) struct Occasion<'a> {
    pub(crate) cases: Vec<Case<'a>>,
    pub(crate) forecasts: Vec<&'a Forecast>,
    /// Index of the place of each case.
    pub(crate) places: Vec<usize>,
}

/// Members of one occasion.
pub(crate) struct Members {
    /// (members, cases), NaN where there is no forecast.
    pub(crate) values: Array2<f64>,
    /// Cases without members.
    pub(crate) left_out: usize,
    /// Ranks that were drawn for want of a raw member or past observation.
    pub(crate) drawn: usize,
}

impl Joint {
    /// The members that a configuration asks for.
    pub(crate) fn of(calibrated: &CalibratedConfig, table: &Table, seed: u64) -> Self {
        let raw = table.columns().members.ncols();
        Self {
            order: calibrated.order,
            levels: calibrated.levels,
            count: calibrated.members.unwrap_or(raw),
            seed,
        }
    }

    /// Whether a forecast's members are its own, in the order of the raw ones.
    pub(crate) fn keeps(&self, forecast: &Forecast) -> bool {
        let members = forecast.as_ref().ok().and_then(|own| own.members.as_ref());
        members.is_some_and(|members| members.len() == self.count)
    }

    /// That members of some rows of a table can be made, before any law is there.
    ///
    /// # Errors
    /// An order by the raw members' levels of another number; too few past dates.
    pub(crate) fn check<'a>(
        &self,
        table: &Table,
        rows: impl Iterator<Item = usize>,
        past: impl Fn(i64) -> &'a Past,
    ) -> Result<(), OrderError> {
        let raw = table.columns().members.ncols();
        match self.order {
            Order::EccT => self.check_levels(raw),
            Order::Schaake => {
                let places = |rows: &[usize]| -> Vec<usize> {
                    rows.iter()
                        .map(|&row| table.columns().station[row])
                        .collect()
                };
                let mut each = occasions(table, rows).into_iter();
                each.try_for_each(|((date, lead), rows)| {
                    past(date)
                        .full(lead, &places(&rows), self.count)
                        .map(|_| ())
                })
            }
            Order::EccQ | Order::Independent | Order::Shuffled => Ok(()),
        }
    }

    fn check_levels(&self, raw: usize) -> Result<(), OrderError> {
        let asked = self.count;
        if raw == asked {
            return Ok(());
        }
        Err(OrderError::Levels { raw, asked })
    }

    /// The members of an occasion.
    ///
    /// # Errors
    /// An order by the raw members' levels of another number; too few past dates.
    pub(crate) fn members(&self, on: &Occasion<'_>, past: &Past) -> Result<Members, OrderError> {
        let mut done = Members {
            values: Array2::from_elem((self.count, on.cases.len()), f64::NAN),
            left_out: 0,
            drawn: 0,
        };
        let (mut laws, mut at): (Vec<&Law>, Vec<usize>) = (Vec::new(), Vec::new());
        for (s, forecast) in on.forecasts.iter().enumerate() {
            match forecast {
                Ok(own) if self.keeps(forecast) => {
                    let members = own.members.as_deref().unwrap_or(&[]);
                    done.values.column_mut(s).assign(&ArrayView1::from(members));
                }
                Ok(prediction) => {
                    laws.push(&prediction.law);
                    at.push(s);
                }
                Err(_) => done.left_out += 1,
            }
        }
        if laws.is_empty() {
            return Ok(done);
        }
        let ordered = self.ordered(&laws, &at, on, past, &mut done.drawn)?;
        for (column, &s) in ordered.axis_iter(Axis(1)).zip(&at) {
            done.values.column_mut(s).assign(&column);
        }
        Ok(done)
    }

    fn ordered(
        &self,
        laws: &[&Law],
        at: &[usize],
        on: &Occasion<'_>,
        past: &Past,
        drawn: &mut usize,
    ) -> Result<Array2<f64>, OrderError> {
        let date = on.cases[at[0]].date;
        let lead = (on.cases[at[0]].lead / 60) as u32;
        let ties = Key::new(self.seed, Purpose::Ties).init(date).lead(lead);
        let places: Vec<usize> = at.iter().map(|&s| on.places[s]).collect();
        let template = match self.order {
            Order::Independent | Order::Shuffled => self.random_ranks(&places, ties.step(3)),
            Order::Schaake => {
                past.template(on.cases[at[0]].lead, &places, self.count, ties, drawn)?
            }
            Order::EccQ | Order::EccT => {
                let raw = complete(on, at, ties.step(2), drawn);
                if self.order == Order::EccT {
                    return self.by_raw_levels(laws, &raw, ties);
                }
                self.repeated(&raw, &places, ties)
            }
        };
        let mut values = Array2::zeros((self.count, laws.len()));
        for (margin, mut column) in values.columns_mut().into_iter().enumerate() {
            let own = self.values(laws[margin], places[margin], date, lead);
            column.assign(&Array1::from(own));
        }
        Ok(shuffle(values.view(), Template(template.view()), ties)?)
    }

    /// Ascending values of a law.
    fn values(&self, law: &Law, place: usize, date: i64, lead: u32) -> Vec<f64> {
        let count = self.count as f64;
        let random = self.order == Order::Independent || self.levels == Levels::Random;
        let mut levels: Vec<f64> = if random {
            let key = Key::new(self.seed, Purpose::Sample)
                .init(date)
                .lead(lead + 1);
            let mut draws = vec![0.0; self.count];
            key.member(place as u32).uniforms(&mut draws);
            draws.sort_unstable_by(f64::total_cmp);
            draws
        } else {
            let level = |i: usize| match self.levels {
                Levels::LeastCrps => (i as f64 + 0.5) / count,
                _ => (i as f64 + 1.0) / (count + 1.0),
            };
            (0..self.count).map(level).collect()
        };
        // A draw of exactly zero would be an infinite value.
        for u in &mut levels {
            *u = u.max(f64::EPSILON / 2.0);
        }
        levels.into_iter().map(|u| law.quantile(u)).collect()
    }

    fn random_ranks(&self, places: &[usize], key: Key) -> Array2<f64> {
        let mut template = Array2::zeros((self.count, places.len()));
        for (mut column, &place) in template.columns_mut().into_iter().zip(places) {
            let order = key.member(place as u32).permutation(self.count);
            column
                .iter_mut()
                .zip(order)
                .for_each(|(x, rank)| *x = rank as f64);
        }
        template
    }

    /// Ranks after the raw members, each of which leads several members in one order at all places.
    fn repeated(&self, raw: &Array2<f64>, places: &[usize], ties: Key) -> Array2<f64> {
        let count = raw.nrows();
        let copies = self.count.div_ceil(count);
        let among: Vec<Vec<usize>> = (0..count)
            .map(|r| ties.step(1).member(r as u32).permutation(copies))
            .collect();
        let mut template = Array2::zeros((self.count, places.len()));
        for (margin, mut column) in template.columns_mut().into_iter().enumerate() {
            let values = raw.column(margin);
            let mut order = ties.member(places[margin] as u32).permutation(count);
            order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
            for (rank, r) in order.into_iter().enumerate() {
                for (copy, member) in (r..self.count).step_by(count).enumerate() {
                    column[member] = (rank * copies + among[r][copy]) as f64;
                }
            }
        }
        template
    }

    fn by_raw_levels(
        &self,
        laws: &[&Law],
        raw: &Array2<f64>,
        ties: Key,
    ) -> Result<Array2<f64>, OrderError> {
        self.check_levels(raw.nrows())?;
        let laws: Vec<Law> = laws.iter().map(|law| (*law).clone()).collect();
        Ok(transformation(&laws, raw.view(), ties)?)
    }
}

/// Raw members (members, cases); in place of a missing one, another of the case at random.
fn complete(on: &Occasion<'_>, at: &[usize], key: Key, drawn: &mut usize) -> Array2<f64> {
    let count = on.cases[at[0]].members.len();
    let mut raw = Array2::zeros((count, at.len()));
    for (mut column, &s) in raw.columns_mut().into_iter().zip(at) {
        let present = on.cases[s].present();
        let mut u = vec![0.0; count];
        key.member(on.places[s] as u32).uniforms(&mut u);
        for ((to, from), u) in column.iter_mut().zip(on.cases[s].members).zip(u) {
            *to = *from;
            if !from.is_finite() {
                *drawn += 1;
                // Without any member (climatology has a law still) the order is random.
                let other = present.get((u * present.len() as f64) as usize);
                *to = other.copied().unwrap_or(u);
            }
        }
    }
    raw
}
