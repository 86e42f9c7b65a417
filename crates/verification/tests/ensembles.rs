//! Ensembles whose spread, ranks and coverage are known.

use foehn_noise::{Key, Purpose};
use foehn_verification::{Case, Choices, ScoreTable, Scores, SpreadSkill};
use ndarray::{Array1, Array2, s};

const CASES: i64 = 200;
const POINTS: usize = 500;
const PAIRS: f64 = CASES as f64 * POINTS as f64;

/// Scores of normal members against a normal truth of another standard deviation, then `shape` applied
/// to both.
fn scored(choices: Choices, truth_sigma: f32, shape: impl Fn(f32) -> f32) -> ScoreTable {
    let mut scores = Scores::new((1, POINTS), choices).expect("choices");
    let weights = Array1::ones(POINTS);
    let key = Key::new(3, Purpose::Sample);
    for init in 0..CASES {
        let mut all = Array2::<f32>::zeros((choices.members + 1, POINTS));
        key.init(init)
            .normals(all.as_slice_mut().expect("contiguous"));
        all.row_mut(0).mapv_inplace(|y| y * truth_sigma);
        all.mapv_inplace(&shape);
        let case = Case::points(
            init,
            all.slice(s![1.., ..]),
            all.row(0),
            weights.view(),
            None,
        );
        scores.add_case(&case).expect("case");
    }
    scores.finish().expect("table")
}

#[test]
fn spread_equals_skill_of_an_exchangeable_ensemble() {
    for members in [2, 5] {
        // relative variance of the mean square error 2/n, of the mean variance 2/((M-1) n); half of each
        // after the root; with the debiased error both enter through MSE - variance/M
        let m = members as f64;
        let sigma = 0.5 * (2.0 / PAIRS + 2.0 / ((m - 1.0) * PAIRS)).sqrt();
        for (spread_skill, sigma) in [
            (SpreadSkill::Inflated, sigma),
            (SpreadSkill::Debiased, sigma * (1.0 + 1.0 / m)),
        ] {
            let choices = Choices {
                spread_skill,
                ..Choices::new(members)
            };
            let table = scored(choices, 1.0, |x| x);
            let ratio = table.spread_skill.expect("ratio");
            let off = (ratio - 1.0) / sigma;
            println!("M={members} {spread_skill:?}: {ratio:.5}, {off:+.2} sigma (n={PAIRS})");
            assert!(off.abs() < 4.0, "M={members} {spread_skill:?}: {ratio}");
            // the raw ratio would be sqrt(M/(M+1)): 0.816 for M = 2, 0.913 for M = 5
            let raw = table.spread.expect("spread") / table.rmse;
            assert!((raw - (m / (m + 1.0)).sqrt()).abs() < 4.0 * sigma);
        }
    }
}

#[test]
fn ranks_of_an_exchangeable_ensemble_are_flat_also_with_ties() {
    // rounding to halves ties nearly every truth with some member; random placement keeps it flat
    for (name, shape) in [("continuous", 0.0), ("rounded", 2.0)] {
        let round = |x: f32| if shape > 0.0 { (x * shape).round() } else { x };
        let table = scored(Choices::new(9), 1.0, round);
        let flat = table.flatness_by_pair;
        println!(
            "{name}: chi2 {:.2} on {} degrees, p {:.3}",
            flat.chi_square, flat.degrees_of_freedom, flat.p_value
        );
        assert!(flat.p_value > 1e-3, "{name}: {flat:?}");
        assert!(flat.slope.abs() < 4.0 && flat.curvature.abs() < 4.0);
        assert_eq!(table.ranks.total() as f64, PAIRS);
        // binomial sigma of a share; interpolated cells only lessen it
        for (covered, level) in [(table.coverage_50, 0.5f64), (table.coverage_90, 0.9)] {
            let covered = covered.expect("coverage");
            let sigma = (level * (1.0 - level) / PAIRS).sqrt();
            assert!(
                (covered - level).abs() < 4.0 * sigma,
                "{name}: {covered} of {level}"
            );
        }
    }
}

#[test]
fn underdispersed_ensembles_are_u_shaped() {
    // members within (-0.1, 0.1), truths never: all ranks at the two ends, exactly
    let spread_out = |x: f32| if x.abs() < 50.0 { 0.01 * x } else { x };
    let table = scored(Choices::new(4), 1e4, spread_out);
    let counts = table.ranks.counts();
    let near = PAIRS as u64 - counts[0] - counts[4];
    // |y| < 50 at sigma 1e4 has probability 0.4 %; those truths fall inside or beside the members
    assert!(near < (PAIRS * 0.004) as u64, "{counts:?}");
    assert!(table.flatness_by_pair.p_value < 1e-9 && table.flatness_by_case.p_value < 1e-9);
    assert!(table.flatness_by_pair.curvature > 100.0);
    assert!((table.flatness_by_pair.misplaced - 0.6).abs() < 0.01);

    let mut scores = Scores::new((1, 4), Choices::new(4)).expect("choices");
    let members = Array2::<f32>::zeros((4, 4));
    let weights = Array1::ones(4);
    let truth = Array1::from(vec![-1.0f32, 1.0, 1.0, -1.0]);
    scores
        .add_case(&Case::points(
            0,
            members.view(),
            truth.view(),
            weights.view(),
            None,
        ))
        .expect("case");
    assert_eq!(
        scores.finish().expect("table").ranks.counts(),
        [2, 0, 0, 0, 2]
    );
}
