//! Which stations share a fit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Case, Station};

/// The cases that a station's fit is made from.
///
/// A station without a fit of its own (unseen, or too few cases) has that of all stations, and its forecasts say so:
/// [`Basis::Fallback`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One fit for all.
    #[default]
    Global,
    /// Every station by itself.
    Local,
    /// Every station with so many nearest ones (by great circle); with all where there are fewer. Needs their places.
    Neighbours(usize),
    /// So many clusters of stations of alike mean observation, mean error and standard deviation of the error; one a
    /// station where there are fewer stations.
    Clusters(usize),
}

/// Which fit a forecast came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// That of all stations, as configured.
    Global,
    /// That of the station or its group.
    Own,
    /// That of all stations, for want of one of the station's group.
    Fallback,
}

/// Groups of stations: the members of each, and the group that each station looks to.
pub(crate) struct Groups {
    pub(crate) cases: Vec<Vec<usize>>,
    pub(crate) of_station: BTreeMap<String, usize>,
}

impl Scope {
    /// The groups of complete cases; none for one fit for all.
    pub(crate) fn groups(self, cases: &[Case<'_>]) -> Groups {
        let mut rows: BTreeMap<&str, (&Station, Vec<usize>)> = BTreeMap::new();
        for (i, case) in cases.iter().enumerate() {
            rows.entry(&case.station.name)
                .or_insert_with(|| (case.station, Vec::new()))
                .1
                .push(i);
        }
        let stations: Vec<(&Station, Vec<usize>)> = rows.into_values().collect();
        let own = |s: usize| s;
        match self {
            Self::Global => Groups {
                cases: Vec::new(),
                of_station: BTreeMap::new(),
            },
            Self::Local => Groups {
                cases: stations.iter().map(|(_, rows)| rows.clone()).collect(),
                of_station: index(&stations, own),
            },
            Self::Neighbours(count) => Groups {
                cases: (0..stations.len())
                    .map(|s| with_neighbours(&stations, s, count))
                    .collect(),
                of_station: index(&stations, own),
            },
            Self::Clusters(count) => {
                let count = count.clamp(1, stations.len().max(1));
                let labels = clusters(&stations, cases, count);
                let mut grouped = vec![Vec::new(); count];
                for ((_, rows), label) in stations.iter().zip(&labels) {
                    grouped[*label].extend(rows);
                }
                for rows in &mut grouped {
                    rows.sort_unstable();
                }
                Groups {
                    cases: grouped,
                    of_station: index(&stations, |s| labels[s]),
                }
            }
        }
    }
}

fn index(
    stations: &[(&Station, Vec<usize>)],
    group: impl Fn(usize) -> usize,
) -> BTreeMap<String, usize> {
    stations
        .iter()
        .enumerate()
        .map(|(s, (station, _))| (station.name.clone(), group(s)))
        .collect()
}

fn with_neighbours(stations: &[(&Station, Vec<usize>)], s: usize, count: usize) -> Vec<usize> {
    let here = stations[s].0;
    let mut order: Vec<(f64, usize)> = stations
        .iter()
        .enumerate()
        .map(|(i, (station, _))| (here.distance(station), i))
        .collect();
    // The station itself first, even where another stands on the same place.
    order[s].0 = -1.0;
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let near = order.iter().take(count.saturating_add(1));
    let mut rows: Vec<usize> = near
        .flat_map(|(_, i)| stations[*i].1.iter().copied())
        .collect();
    rows.sort_unstable();
    rows
}

/// Lloyd's k-means on standardised features, from starts that are far apart: no randomness.
fn clusters(stations: &[(&Station, Vec<usize>)], cases: &[Case<'_>], count: usize) -> Vec<usize> {
    const ROUNDS: usize = 100;
    let mut features: Vec<[f64; 3]> = stations
        .iter()
        .map(|(_, rows)| feature(rows, cases))
        .collect();
    standardise(&mut features);
    let mut centres = far_apart(&features, count);
    let mut labels = vec![0; features.len()];
    for _ in 0..ROUNDS {
        let next: Vec<usize> = features.iter().map(|x| nearest(x, &centres).0).collect();
        let done = next == labels;
        labels = next;
        for (c, centre) in centres.iter_mut().enumerate() {
            let own: Vec<&[f64; 3]> = features
                .iter()
                .zip(&labels)
                .filter(|(_, l)| **l == c)
                .map(|(x, _)| x)
                .collect();
            if !own.is_empty() {
                *centre = std::array::from_fn(|k| {
                    own.iter().map(|x| x[k]).sum::<f64>() / own.len() as f64
                });
            }
        }
        if done {
            break;
        }
    }
    labels
}

/// Mean observation, mean error, standard deviation of the error of a station.
fn feature(rows: &[usize], cases: &[Case<'_>]) -> [f64; 3] {
    let count = rows.len() as f64;
    let error =
        |i: &usize| cases[*i].observation - cases[*i].mean_and_deviation().map_or(0.0, |(m, _)| m);
    let observation = rows.iter().map(|i| cases[*i].observation).sum::<f64>() / count;
    let bias = rows.iter().map(error).sum::<f64>() / count;
    let variance = rows.iter().map(|i| (error(i) - bias).powi(2)).sum::<f64>() / count;
    [observation, bias, variance.sqrt()]
}

fn standardise(features: &mut [[f64; 3]]) {
    let count = features.len().max(1) as f64;
    for k in 0..3 {
        let mean = features.iter().map(|x| x[k]).sum::<f64>() / count;
        let variance = features.iter().map(|x| (x[k] - mean).powi(2)).sum::<f64>() / count;
        let width = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        for x in features.iter_mut() {
            x[k] = (x[k] - mean) / width;
        }
    }
}

fn square_distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn nearest(x: &[f64; 3], centres: &[[f64; 3]]) -> (usize, f64) {
    let distances = centres.iter().map(|c| square_distance(x, c)).enumerate();
    distances
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((0, f64::INFINITY))
}

/// The feature nearest to the middle, then always the one farthest from all chosen, until every other one is chosen or
/// the same as one that is.
fn far_apart(features: &[[f64; 3]], count: usize) -> Vec<[f64; 3]> {
    let middle = nearest(&[0.0; 3], features).0;
    let mut centres: Vec<[f64; 3]> = features.get(middle).copied().into_iter().collect();
    while !centres.is_empty() && centres.len() < count {
        let distance = |x: &&[f64; 3]| nearest(x, &centres).1;
        match features
            .iter()
            .max_by(|a, b| distance(a).total_cmp(&distance(b)))
        {
            Some(farthest) if distance(&farthest) > 0.0 => centres.push(*farthest),
            _ => break,
        }
    }
    centres
}
