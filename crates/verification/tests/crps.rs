//! The CRPS against its definition, its law and its traps.

use foehn_noise::{Key, Purpose};
use foehn_verification::{Case, Choices, Estimator, ScoreError, Scores, crps, mixture_crps};
use ndarray::{Array2, Array3, array};

/// The definition: a sum over all ordered pairs, nothing sorted.
fn brute_force(members: &[f32], truth: f32, estimator: Estimator) -> f64 {
    let m = members.len() as f64;
    let x: Vec<f64> = members.iter().map(|&x| f64::from(x)).collect();
    let distance: f64 = x.iter().map(|x| (x - f64::from(truth)).abs()).sum::<f64>() / m;
    let pairs: f64 = x
        .iter()
        .flat_map(|a| x.iter().map(move |b| (a - b).abs()))
        .sum();
    let k = match estimator {
        Estimator::Fair => m * (m - 1.0),
        Estimator::Empirical => m * m,
    };
    distance - pairs / (2.0 * k)
}

#[test]
fn truth_equal_to_a_member_drops_no_term() {
    let members = [1.0, 2.0, 3.0];
    let empirical = crps(&members, 2.0, Estimator::Empirical).unwrap();
    assert!((empirical - 2.0 / 9.0).abs() < 1e-15);
    assert_eq!(crps(&members, 2.0, Estimator::Fair).unwrap(), 0.0);
}

#[test]
fn equals_the_double_sum() {
    for (m, offset) in [(2, 0.0), (3, 0.0), (20, 0.0), (51, 101_325.0)] {
        let mut x = vec![0f32; m + 1];
        Key::new(m as u64, Purpose::Sample).normals(&mut x);
        let mut x: Vec<f32> = x.iter().map(|x| x * 3.0 + offset).collect();
        x[1] = x[0]; // a tie among members
        for (truth, members) in [(x[m], &x[..m]), (x[0], &x[..m])] {
            for estimator in [Estimator::Fair, Estimator::Empirical] {
                let (ours, definition) = (
                    crps(members, truth, estimator).unwrap(),
                    brute_force(members, truth, estimator),
                );
                assert!(
                    (ours - definition).abs() < 1e-10,
                    "{m} {estimator:?}: {ours} {definition}"
                );
            }
        }
    }
}

/// CRPS of N(mu, s^2): `s [w (2 Phi(w) - 1) + 2 phi(w) - 1/sqrt pi]`, w = (y - mu)/s (Gneiting 2005).
fn crps_normal(mu: f64, s: f64, y: f64) -> f64 {
    let w = (y - mu) / s;
    let phi = (-w * w / 2.0).exp() / std::f64::consts::TAU.sqrt();
    s * (w * libm::erf(w / 2f64.sqrt()) + 2.0 * phi - 1.0 / std::f64::consts::PI.sqrt())
}

#[test]
fn fair_score_of_a_gaussian_ensemble_is_unbiased_for_any_size() {
    let (mu, s, n) = (1.0f32, 2.0f32, 200_000);
    for (m, y) in [(2, 0.5f32), (5, 4.0), (20, 1.0)] {
        let key = Key::new(11, Purpose::Sample).member(m as u32);
        let scores: Vec<f64> = (0..n)
            .map(|i| {
                let mut x = vec![0f32; m];
                key.init(i).normals(&mut x);
                for x in &mut x {
                    *x = mu + s * *x;
                }
                crps(&x, y, Estimator::Fair).unwrap()
            })
            .collect();
        let mean = scores.iter().sum::<f64>() / n as f64;
        let variance = scores.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let sigma = (variance / n as f64).sqrt();
        let exact = crps_normal(f64::from(mu), f64::from(s), f64::from(y));
        let off = (mean - exact) / sigma;
        println!("M={m}: fair CRPS {mean:.5}, exact {exact:.5}, {off:+.2} sigma (n={n})");
        assert!(off.abs() < 4.0, "M={m}: {off} sigma");
    }
}

#[test]
fn one_member_is_refused_or_its_absolute_error() {
    assert_eq!(
        crps(&[1.0], 3.5, Estimator::Fair),
        Err(ScoreError::OneMember)
    );
    assert_eq!(
        crps(&[], 3.5, Estimator::Empirical),
        Err(ScoreError::NoMember)
    );
    assert_eq!(crps(&[1.0], 3.5, Estimator::Empirical), Ok(2.5));
    assert_eq!(
        Scores::new((2, 2), Choices::new(1)).unwrap_err(),
        ScoreError::OneMember
    );

    let choices = Choices {
        estimator: Estimator::Empirical,
        ..Choices::new(1)
    };
    let mut scores = Scores::new((1, 3), choices).unwrap();
    let initial = array![[1.0f32, 2.0, 3.0]];
    scores
        .add_case(&Case {
            init: 0,
            members: foehn_verification::persistence(initial.view()),
            truth: array![[2.0f32, 2.0, 0.0]].view(),
            weights: array![[1.0, 1.0, 2.0]].view(),
            missing: None,
        })
        .unwrap();
    let table = scores.finish().unwrap();
    assert_eq!((table.crps, table.mae), (1.75, 1.75));
    assert_eq!(
        (table.spread, table.spread_skill, table.coverage_50),
        (None, None, None)
    );
}

/// The message with which fresh scores of 2 members on a (1, 2) grid refuse a case.
fn refusal(case: &Case) -> String {
    let mut scores = Scores::new((1, 2), Choices::new(2)).expect("choices");
    let message = scores.add_case(case).expect_err("a refusal").to_string();
    assert!(matches!(
        scores.finish(),
        Err(ScoreError::Nothing { cases: 0, .. })
    ));
    message
}

#[test]
fn what_cannot_be_scored_says_where() {
    let hole = Array3::<f32>::from_shape_vec((2, 1, 2), vec![0.0, 1.0, 2.0, f32::NAN]).unwrap();
    let (whole, truth) = (
        Array3::<f32>::zeros((2, 1, 2)),
        Array2::<f32>::zeros((1, 2)),
    );
    let (ones, zero) = (Array2::<f64>::ones((1, 2)), array![[1.0, 0.0]]);
    let wide = Array2::<f32>::zeros((1, 3));
    let mask = array![[false, true]];
    let good = Case {
        init: 5,
        members: whole.view(),
        truth: truth.view(),
        weights: ones.view(),
        missing: None,
    };
    let with_hole = Case {
        members: hole.view(),
        ..good
    };
    let message = refusal(&with_hole);
    assert!(
        message.contains("a member is NaN at point (0, 1)"),
        "{message}"
    );
    let message = refusal(&Case {
        weights: zero.view(),
        ..good
    });
    assert!(message.contains("weight 0 at point (0, 1)"), "{message}");
    let message = refusal(&Case {
        truth: wide.view(),
        ..good
    });
    assert!(message.contains("shape (1, 3) where (1, 2)"), "{message}");

    let mut scores = Scores::new((1, 2), Choices::new(2)).unwrap();
    let missing = Some(mask.view());
    scores
        .add_case(&Case {
            missing,
            ..with_hole
        })
        .unwrap();
    let convention = scores.finish().unwrap().convention;
    assert_eq!((convention.pairs, convention.missing), (1, 1));
}

/// Two parts of two and two values, drawn from twice each: over all sixteen outcomes, which are as likely, the mean of the
/// estimator is the CRPS of the four values, and that of the fair one for independent draws is below.
#[test]
fn draws_of_every_part_of_a_mixture_have_its_score() {
    let parts = [[0.0, 1.0], [5.0, 8.0]];
    let law = [0.0, 1.0, 5.0, 8.0];
    for truth in [-1.0, 0.5, 5.0, 6.0] {
        let exact = crps(&law, truth, Estimator::Empirical).unwrap();
        let (mut mixture, mut fair) = (0.0, 0.0);
        for outcome in 0..16 {
            let draws: Vec<f64> = (0..4).map(|i| parts[i % 2][(outcome >> i) & 1]).collect();
            mixture += mixture_crps(&draws, 2, truth).unwrap() / 16.0;
            fair += crps(&draws, truth, Estimator::Fair).unwrap() / 16.0;
        }
        assert!((mixture - exact).abs() < 1e-14, "{mixture} {exact}");
        assert!(fair < exact - 0.1, "{fair} {exact}");
    }
    for (draws, parts) in [(4, 0), (3, 2), (2, 2), (0, 1)] {
        let refused = mixture_crps(&[1.0; 4][..draws], parts, 0.0);
        assert_eq!(refused, Err(ScoreError::Rounds { draws, parts }));
    }
}
