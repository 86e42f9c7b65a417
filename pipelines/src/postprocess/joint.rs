//! From laws at single places to members that hold together across places.

use super::config::{Levels, Order};
use super::method::Forecast;
use super::past::Past;
use anyhow::{Result, bail};
use foehn_calibration::{Case, Law, transformation};
use foehn_noise::{Key, Purpose};
use ndarray::{Array2, ArrayView1, Axis};

/// How members are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    pub(super) order: Order,
    pub(super) levels: Levels,
    /// How many.
    pub(super) count: usize,
    pub(super) seed: u64,
}

/// The cases of one date and lead with their forecasts.
pub(super) struct Occasion<'a> {
    pub(super) cases: Vec<Case<'a>>,
    pub(super) forecasts: Vec<&'a Forecast>,
    /// Index of the place of each case.
    pub(super) places: Vec<usize>,
}

/// Members of one occasion.
pub(super) struct Members {
    /// (members, cases), NaN where there is no forecast.
    pub(super) values: Array2<f64>,
    /// Cases without members.
    pub(super) left_out: usize,
    /// Ranks that were drawn for want of a raw member or past observation.
    pub(super) drawn: usize,
}

impl Joint {
    /// Whether a forecast's members are its own, in the order of the raw ones.
    pub(super) fn keeps(&self, forecast: &Forecast) -> bool {
        let members = forecast.as_ref().ok().and_then(|own| own.members.as_ref());
        members.is_some_and(|members| members.len() == self.count)
    }

    /// The members of an occasion.
    ///
    /// # Errors
    /// An order by the raw members' levels of another number; too few past dates.
    pub(super) fn members(&self, on: &Occasion<'_>, past: &Past) -> Result<Members> {
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
    ) -> Result<Array2<f64>> {
        let date = on.cases[at[0]].date;
        let lead = (on.cases[at[0]].lead / 60) as u32;
        let ties = Key::new(self.seed, Purpose::Ties).init(date).lead(lead);
        let places: Vec<usize> = at.iter().map(|&s| on.places[s]).collect();
        let template = match self.order {
            Order::Independent => self.random_ranks(&places, ties.step(3)),
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
        let mut out = Array2::zeros((self.count, laws.len()));
        for (margin, mut column) in out.columns_mut().into_iter().enumerate() {
            let values = self.values(laws[margin], places[margin], date, lead);
            let mut order: Vec<usize> = (0..self.count).collect();
            order.sort_by(|a, b| template[[*a, margin]].total_cmp(&template[[*b, margin]]));
            order
                .into_iter()
                .zip(values)
                .for_each(|(member, value)| column[member] = value);
        }
        Ok(out)
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

    fn by_raw_levels(&self, laws: &[&Law], raw: &Array2<f64>, ties: Key) -> Result<Array2<f64>> {
        if raw.nrows() != self.count {
            bail!(
                "calibrated.order = \"ecc_t\" takes the levels of the {} raw members: leave out calibrated.members = \
                 {}, or choose ecc_q",
                raw.nrows(),
                self.count
            );
        }
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
