//! What is odd about cases that are fitted all the same: said, because it is often a mistake.

use foehn_calibration::Table;

/// Ranges from the first to the last percentile, beyond the median, at which a value is said to be far away.
const FAR: f64 = 10.0;
/// Standard deviations between observations and members, in the mean, at which units are doubted.
const APART: f64 = 10.0;

/// Constant predictors, single values far from all others, and observations far from all members.
pub(super) fn remarks(table: &Table) -> Vec<String> {
    let mut said = constants(table);
    let members = table.cases().flat_map(|case| case.present());
    said.extend(far("members", table, members.collect(), |case| {
        case.members
    }));
    let observations = table.cases().map(|case| case.observation);
    said.extend(far(
        "observations",
        table,
        observations.filter(|y| y.is_finite()).collect(),
        |case| std::slice::from_ref(&case.observation),
    ));
    said.extend(apart(table));
    said
}

/// Predictors that tell nothing.
fn constants(table: &Table) -> Vec<String> {
    let moments: Vec<(f64, f64)> = table
        .cases()
        .filter_map(|c| c.mean_and_deviation())
        .collect();
    let same = |values: &[f64]| match values {
        [first, _, ..] if values.iter().all(|x| x == first) => Some(*first),
        _ => None,
    };
    let column = |k: usize| table.cases().map(move |case| case.covariates[k]);
    let means: Vec<f64> = moments.iter().map(|m| m.0).collect();
    let spreads: Vec<f64> = moments.iter().map(|m| m.1).collect();
    let mut named = vec![("the mean of the members", means)];
    if table.columns().members.ncols() > 1 {
        named.push(("the spread of the members", spreads));
    }
    let covariates = table.columns().covariate_names.iter().enumerate();
    named.extend(covariates.map(|(k, name)| {
        let known = column(k).filter(|x| x.is_finite());
        (name.as_str(), known.collect())
    }));
    let constant = named
        .iter()
        .filter_map(|(name, values)| Some((name, same(values)?)));
    constant
        .map(|(name, value)| format!("{name} is {value} in every case: it predicts nothing"))
        .collect()
}

/// Values far from all others of their kind.
fn far(
    what: &str,
    table: &Table,
    mut all: Vec<f64>,
    values: impl for<'a> Fn(&'a foehn_calibration::Case<'a>) -> &'a [f64],
) -> Option<String> {
    all.sort_by(f64::total_cmp);
    let at = |share: f64| {
        all.get(((all.len().max(1) - 1) as f64 * share) as usize)
            .copied()
    };
    let (low, middle, high) = (at(0.01)?, at(0.5)?, at(0.99)?);
    let reach = FAR * (high - low);
    let is_far = |x: &f64| reach > 0.0 && (x - middle).abs() > reach;
    let count = all.iter().filter(|x| is_far(x)).count();
    let first = table.cases().find_map(|case| {
        let value = values(&case).iter().copied().find(|x| is_far(x))?;
        Some(format!(
            "{value} at {} on {}",
            case.station.name,
            case.when()
        ))
    })?;
    Some(format!(
        "{count} of the {what} lie more than {FAR} times as far from the median {middle} as nearly all others, the first {first}: \
         is it a fill value?"
    ))
}

/// Observations that lie far from all members, as in other units.
fn apart(table: &Table) -> Option<String> {
    let pairs: Vec<(f64, f64)> = table
        .cases()
        .filter(|case| case.observation.is_finite())
        .filter_map(|case| Some((case.mean_and_deviation()?.0, case.observation)))
        .collect();
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (forecast, truth) = (mean(|p| p.0), mean(|p| p.1));
    let scatter = |of: fn(&(f64, f64)) -> f64, centre: f64| {
        let squares: f64 = pairs.iter().map(|p| (of(p) - centre).powi(2)).sum();
        (squares / n).sqrt()
    };
    let widest = scatter(|p| p.0, forecast).max(scatter(|p| p.1, truth));
    let far = widest > 0.0 && (forecast - truth).abs() > APART * widest;
    far.then(|| {
        format!(
            "the mean of the members is {forecast:.4} and that of the observations {truth:.4}, {:.0} standard deviations apart: \
             are both in {}?",
            (forecast - truth).abs() / widest,
            table.columns().units
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use foehn_calibration::{Columns, Station};
    use foehn_field::Calendar;
    use ndarray::Array2;

    /// Two members about a wave, one observation a day.
    fn table(change: impl Fn(&mut Columns)) -> Table {
        let wave = |k: usize| 10.0 + 5.0 * (k as f64 * 0.3).sin();
        let mut columns = Columns {
            units: "K".into(),
            observation_units: "K".into(),
            calendar: Calendar::Standard,
            stations: vec![Station {
                name: "Linz".into(),
                latitude: 48.3,
                longitude: 14.3,
                altitude: Some(260.0),
                model_altitude: None,
            }],
            covariate_names: Vec::new(),
            dates: (0..200).map(|k| k * 86_400).collect(),
            leads: vec![0; 200],
            station: vec![0; 200],
            members: Array2::from_shape_fn((200, 2), |(k, m)| wave(k) + (k % 5 + m) as f64 * 0.1),
            observations: (0..200).map(wave).collect(),
            covariates: Array2::zeros((200, 0)),
        };
        change(&mut columns);
        Table::new(columns).unwrap()
    }

    #[test]
    fn common_mistakes_are_said_and_good_cases_are_not() {
        // every case of this wave has a spread of 0.1/sqrt 2, but for rounding
        assert_eq!(remarks(&table(|_| ())), Vec::<String>::new());
        let constant = remarks(&table(|c| c.members.fill(3.0)));
        assert!(
            constant[0].contains("the mean of the members is 3 in every case"),
            "{constant:?}"
        );
        assert!(constant[1].contains("the spread"), "{constant:?}");
        let absurd = remarks(&table(|c| c.members[[7, 1]] = 1e6));
        assert!(
            absurd[0].contains("1000000 at Linz on 1970-01-08"),
            "{absurd:?}"
        );
        let kelvin = remarks(&table(|c| {
            c.observations.iter_mut().for_each(|y| *y += 273.15);
        }));
        assert!(kelvin[0].contains("are both in K?"), "{kelvin:?}");
    }
}
