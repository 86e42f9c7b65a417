//! Means add up: weights, masks, chunks and orders.

use foehn_noise::{Key, Purpose};
use foehn_verification::{Case, Choices, Metric, ScoreTable, Scores, Statistic};
use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

const SHAPE: (usize, usize) = (3, 5);
const MEMBERS: usize = 6;

struct Forecast {
    init: i64,
    members: Array3<f32>,
    truth: Array2<f32>,
    weights: Array2<f64>,
    missing: Array2<bool>,
}

impl Forecast {
    fn random(init: i64) -> Self {
        let key = Key::new(5, Purpose::Sample).init(init);
        let mut members = Array3::zeros((MEMBERS, SHAPE.0, SHAPE.1));
        key.normals(members.as_slice_mut().expect("contiguous"));
        let mut truth = Array2::zeros(SHAPE);
        key.step(1)
            .normals(truth.as_slice_mut().expect("contiguous"));
        members.mapv_inplace(|x: f32| (x * 4.0).round());
        truth.mapv_inplace(|x: f32| (x * 4.0).round());
        let mut uniform = [0.0; SHAPE.0 * SHAPE.1];
        key.step(2).uniforms(&mut uniform);
        let uniform = Array2::from_shape_fn(SHAPE, |(y, x)| uniform[y * SHAPE.1 + x]);
        Self {
            init,
            members,
            truth,
            weights: uniform.mapv(|u| 0.5 + u),
            missing: uniform.mapv(|u| u < 0.2),
        }
    }

    fn add_to(&self, scores: &mut Scores) {
        let case = Case {
            init: self.init,
            members: self.members.view(),
            truth: self.truth.view(),
            weights: self.weights.view(),
            missing: Some(self.missing.view()),
        };
        scores.add_case(&case).expect("case");
    }
}

fn empty() -> Scores {
    Scores::new(SHAPE, Choices::new(MEMBERS)).expect("choices")
}

fn together(inits: impl IntoIterator<Item = i64>) -> Scores {
    let mut scores = empty();
    inits
        .into_iter()
        .for_each(|init| Forecast::random(init).add_to(&mut scores));
    scores
}

fn table(scores: &Scores) -> ScoreTable {
    scores.finish().expect("table")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: proptest::test_runner::RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order and any grouping of the cases gives the same table to the last bit.
    #[test]
    fn merging_is_commutative_and_associative(
        order in Just((0..12i64).collect::<Vec<_>>()).prop_shuffle(),
        cuts in prop::collection::vec(0..12usize, 0..4),
        swap: bool,
    ) {
        let whole = together(0..12);
        let mut merged = empty();
        let mut cuts = cuts;
        cuts.extend([0, 12]);
        cuts.sort_unstable();
        let mut parts: Vec<Scores> =
            cuts.windows(2).map(|w| together(order[w[0]..w[1]].iter().copied())).collect();
        if swap {
            parts.reverse();
        }
        for part in parts {
            merged.merge(part).expect("merge");
        }
        prop_assert_eq!(table(&merged), table(&whole));
        let (a, b) = (merged.map(Metric::Crps), whole.map(Metric::Crps));
        prop_assert_eq!(&a.missing, &b.missing);
        for (a, b) in a.values.iter().zip(&b.values).filter(|(a, _)| a.is_finite()) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }
}

#[test]
fn doubled_data_have_the_same_means() {
    let once = together(0..7);
    let mut twice = together(0..7);
    twice.merge(together(0..7)).unwrap();
    let (once, twice) = (table(&once), table(&twice));
    assert_eq!(twice.convention.pairs, 2 * once.convention.pairs);
    assert_eq!(twice.convention.missing, 2 * once.convention.missing);
    assert_eq!(twice.convention.cases, 14);
    for (a, b) in [
        (once.rmse, twice.rmse),
        (once.crps, twice.crps),
        (once.bias, twice.bias),
    ] {
        assert!((a - b).abs() < 1e-15, "{a} {b}");
    }
    assert_eq!(once.ranks.shares(), twice.ranks.shares());
}

/// One case of two cells, and after it, if there is a mask, a second one with it.
fn two_cells(mask: Option<[bool; 2]>) -> Scores {
    // cell A: members 0, 2, truth 0 -> error 1, variance 2, fair CRPS 1 - 1 = 0
    // cell B: members 3, 5, truth 1 -> error 3, variance 2, fair CRPS 3 - 1 = 2
    let members = Array3::from_shape_vec((2, 1, 2), vec![0.0f32, 3.0, 2.0, 5.0]).expect("shape");
    let (truth, weights) = (array![[0.0f32, 1.0]], array![[1.0, 3.0]]);
    let mut scores = Scores::new((1, 2), Choices::new(2)).expect("choices");
    let case = Case {
        init: 0,
        members: members.view(),
        truth: truth.view(),
        weights: weights.view(),
        missing: None,
    };
    scores.add_case(&case).expect("case");
    if let Some(mask) = mask.map(|mask| array![mask]) {
        let missing = Some(mask.view());
        scores
            .add_case(&Case {
                init: 1,
                missing,
                ..case
            })
            .expect("case");
    }
    scores
}

#[test]
fn two_cells_weigh_as_their_areas() {
    let scores = two_cells(None);
    let all = table(&scores);
    assert_eq!((all.rmse, all.bias, all.mae), (7f64.sqrt(), 2.5, 2.5));
    assert_eq!((all.crps, all.spread), (1.5, Some(2f64.sqrt())));
    let ratio = all.spread_skill.unwrap();
    assert!((ratio - (1.5f64 * 2.0 / 7.0).sqrt()).abs() < 1e-15);
    assert_eq!(scores.map(Metric::Crps).values, array![[0.0, 2.0]]);
    assert_eq!(
        scores.map(Metric::Spread).values,
        array![[2f64.sqrt(), 2f64.sqrt()]]
    );
}

#[test]
fn a_masked_cell_is_left_out_and_counted() {
    let scores = two_cells(Some([false, true]));
    let masked = table(&scores);
    assert_eq!(masked.crps, (1.0 * 0.0 + 3.0 * 2.0 + 1.0 * 0.0) / 5.0);
    let convention = masked.convention;
    assert_eq!(
        (convention.cases, convention.pairs, convention.missing),
        (2, 3, 1)
    );
    let series = scores.series(Statistic::Crps);
    assert_eq!(
        (series[0].value, series[1].value, series[1].weight),
        (1.5, 0.0, 1.0)
    );
}

#[test]
fn scores_made_differently_do_not_merge() {
    let mut scores = empty();
    let other = Scores::new(SHAPE, Choices::new(7)).unwrap();
    assert!(
        scores
            .merge(other)
            .unwrap_err()
            .to_string()
            .contains("members: 7")
    );
}

#[test]
fn partial_scores_survive_a_file() {
    let scores = together(0..5);
    let text = serde_json::to_string(&scores).unwrap();
    let mut back: Scores = serde_json::from_str(&text).unwrap();
    back.merge(together(5..9)).unwrap();
    let (a, b) = (table(&back), table(&together(0..9)));
    assert!((a.crps - b.crps).abs() < 1e-14 && a.ranks == b.ranks);
    let text = serde_json::to_string(&a.convention).unwrap();
    for part in [
        r#""crps":"fair""#,
        r#""ddof":1"#,
        r#""spread_skill":"inflated""#,
        r#""ties":{"rule":"random","seed":0,"lead":0}"#,
        r#""weights":"cell_area""#,
        r#""missing_rule":"left_out_and_counted""#,
        r#""cases":9"#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
