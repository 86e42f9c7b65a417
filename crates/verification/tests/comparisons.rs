//! Multivariate scores, transforms and the test of equal skill: laws that they obey.

use foehn_noise::{Key, Purpose};
use foehn_verification::{
    DieboldMarianoError, Estimator, PitHistogram, ScoreError, crps, diebold_mariano, energy_score,
    variogram_score,
};
use ndarray::{Array1, Array2, array};

fn normals(seed: u64, count: usize) -> Vec<f64> {
    let mut z = vec![0.0; count];
    Key::new(seed, Purpose::Sample).normals_f64(&mut z);
    z
}

#[test]
fn energy_score_of_one_margin_is_the_crps() {
    let members = [0.5f32, -1.25, 3.0, 0.5, 2.0];
    let x = Array2::from_shape_fn((5, 1), |(m, _)| f64::from(members[m]));
    for estimator in [Estimator::Fair, Estimator::Empirical] {
        for y in [-2.0f32, 0.5, 1.0, 9.0] {
            let one = crps(&members, y, estimator).expect("scores");
            let many =
                energy_score(x.view(), array![f64::from(y)].view(), estimator).expect("scores");
            assert!((one - many).abs() < 1e-12, "{one} {many}");
        }
    }
}

#[test]
fn fair_scores_do_not_depend_on_the_number_of_members() {
    // Members and truth from one law in 3 margins; n = 4000 cases a size, compared to 4 standard errors.
    const CASES: usize = 4000;
    let score = |members: usize| {
        let z = normals(members as u64, CASES * (members + 1) * 3);
        let mut sums = [[0.0; 2]; 2];
        for case in z.chunks((members + 1) * 3) {
            let x = Array2::from_shape_fn((members, 3), |(m, k)| case[3 * m + k]);
            let y = Array1::from_vec(case[3 * members..].to_vec());
            let energy = energy_score(x.view(), y.view(), Estimator::Fair).expect("scores");
            let variogram =
                variogram_score(x.view(), y.view(), 0.5, None, Estimator::Fair).expect("scores");
            for (sum, value) in sums.iter_mut().zip([energy, variogram]) {
                sum[0] += value / CASES as f64;
                sum[1] += value * value / CASES as f64;
            }
        }
        sums.map(|[mean, square]| (mean, (square - mean * mean) / CASES as f64))
    };
    for ((few, few_variance), (many, many_variance)) in score(3).into_iter().zip(score(12)) {
        let sigma = (few_variance + many_variance).sqrt();
        assert!((few - many).abs() < 4.0 * sigma, "{few} {many} {sigma}");
    }
}

#[test]
fn variogram_score_sees_dependence_and_not_a_shift() {
    let z = normals(3, 400);
    let dependent = Array2::from_shape_fn((200, 2), |(m, _)| z[m]);
    let independent = Array2::from_shape_fn((200, 2), |(m, k)| z[2 * m + k]);
    let shifted = &dependent + 7.0;
    let y = array![0.4, 0.4];
    let score = |x: &Array2<f64>| {
        variogram_score(x.view(), y.view(), 0.5, None, Estimator::Fair).expect("scores")
    };
    assert_eq!(score(&dependent), 0.0);
    assert!(score(&shifted).abs() < 1e-12);
    assert!(score(&independent) > 0.5);
    let none = Array2::zeros((2, 2));
    let weighted = variogram_score(
        independent.view(),
        y.view(),
        0.5,
        Some(none.view()),
        Estimator::Fair,
    );
    assert_eq!(weighted.expect("scores"), 0.0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = array![[1.0, 2.0], [3.0, f64::NAN]];
    let fair = Estimator::Fair;
    let error = energy_score(x.view(), array![1.0].view(), fair).expect_err("margins");
    assert_eq!(
        error,
        ScoreError::Margins {
            expected: 1,
            found: vec![2, 2]
        }
    );
    let error = energy_score(x.view(), array![1.0, 2.0].view(), fair).expect_err("NaN");
    assert!(
        error.to_string().contains("member 1 is NaN at margin 1"),
        "{error}"
    );
    let one = array![[1.0, 2.0]];
    assert_eq!(
        energy_score(one.view(), array![1.0, 2.0].view(), fair),
        Err(ScoreError::OneMember)
    );

    assert_eq!(
        diebold_mariano(&[1.0; 3], &[1.0; 4], 0),
        Err(DieboldMarianoError::Unpaired {
            first: 3,
            second: 4
        })
    );
    assert_eq!(
        diebold_mariano(&[1.0; 6], &[0.5; 6], 2),
        Err(DieboldMarianoError::TooShort { lag: 2, cases: 6 })
    );
    assert_eq!(
        diebold_mariano(&[1.0; 6], &[0.5; 6], 0),
        Err(DieboldMarianoError::Constant(0.5))
    );
    let gap = diebold_mariano(&[1.0, f64::NAN, 2.0], &[0.0; 3], 0).expect_err("NaN");
    assert!(gap.to_string().contains("difference 1 is NaN"), "{gap}");
}

/// The share of 2000 series of equal skill that are called different at 5 %.
fn rejected(lag: usize, length: usize, memory: f64) -> f64 {
    const SERIES: usize = 2000;
    let z = normals(17, SERIES * (length + 1));
    let rejects = z.chunks(length + 1).filter(|z| {
        let d: Vec<f64> = z.windows(2).map(|w| w[1] + memory * w[0]).collect();
        let test = diebold_mariano(&d, &vec![0.0; length], lag).expect("tests");
        test.p_value < 0.05
    });
    rejects.count() as f64 / SERIES as f64
}

#[test]
fn equal_skill_is_called_different_as_often_as_said() {
    // Without memory and lag 0 the test is Student's: 5 % to four standard errors, 4 sqrt(0.05 0.95/2000) = 0.02.
    assert!((rejected(0, 20, 0.0) - 0.05).abs() < 0.02);
    // A moving average, 100 dates: 14 % or so without lags, near 5 % with them.
    assert!(rejected(0, 100, 0.8) > 0.1);
    assert!((rejected(5, 100, 0.8) - 0.05).abs() < 0.04);
}

#[test]
fn transforms_of_a_calibrated_law_are_flat() {
    const DRAWS: usize = 4000;
    let mut u = vec![0.0; DRAWS];
    Key::new(8, Purpose::Sample).uniforms(&mut u);
    let mut places = vec![0.0; DRAWS];
    Key::new(8, Purpose::Ties).uniforms(&mut places);
    let (mut calibrated, mut too_sure) = (PitHistogram::new(10), PitHistogram::new(10));
    for (day, (u, place)) in (0..).zip(u.into_iter().zip(places)) {
        // An atom of a third at the bottom, as rain has.
        let interval = if u < 1.0 / 3.0 {
            [0.0, 1.0 / 3.0]
        } else {
            [u, u]
        };
        calibrated.add(interval, place, day);
        let away = 0.5 + 0.7 * (u - 0.5).abs().sqrt() * (u - 0.5).signum();
        too_sure.add([away, away], place, day);
    }
    assert!((calibrated.total() - DRAWS as f64).abs() < 1e-9);
    let flat = calibrated.flatness().expect("counts");
    assert!(flat.p_value > 1e-3, "{flat:?}");
    let steep = too_sure.flatness().expect("counts");
    assert!(steep.p_value < 1e-6 && steep.curvature > 5.0, "{steep:?}");
    // Three cells need fifteen groups.
    let mut few = PitHistogram::new(3);
    for group in 0..15 {
        assert_eq!(few.flatness(), None);
        few.add([0.5, 0.5], 0.0, group);
        few.add([0.1 * group as f64 % 1.0; 2], 0.0, group);
    }
    assert!(few.flatness().is_some());
}

/// Flat transforms of several places a date are rejected as often as said, whatever their dependence, within four standard
/// errors, `4 sqrt(0.05 0.95/1000) = 0.028`; members with two thirds of the spread at independent places nearly always.
#[test]
fn flatness_holds_for_places_that_depend_on_each_other() {
    const SERIES: usize = 1000;
    const DATES: usize = 100;
    let normal = statrs::distribution::Normal::standard();
    let rejected = |places: usize, shared: f64, narrow: f64| {
        use statrs::distribution::ContinuousCDF;
        let rejects = |series: &usize| {
            let mut histogram = PitHistogram::new(10);
            let mut z = vec![0.0; DATES * (places + 1)];
            Key::new(9, Purpose::Sample)
                .member(*series as u32)
                .normals_f64(&mut z);
            for (date, z) in z.chunks(places + 1).enumerate() {
                for own in &z[1..] {
                    let z = shared.sqrt() * z[0] + (1.0 - shared).sqrt() * own;
                    let u = normal.cdf(z * narrow);
                    histogram.add([u, u], 0.0, date as i64);
                }
            }
            histogram.flatness().expect("counts").p_value < 0.05
        };
        (0..SERIES).filter(rejects).count() as f64 / SERIES as f64
    };
    for (places, shared) in [(1, 0.0), (5, 0.0), (20, 0.5), (20, 0.95)] {
        let share = rejected(places, shared, 1.0);
        assert!(
            (share - 0.05).abs() < 0.028,
            "{places} places, {shared}: {share}"
        );
    }
    assert!(rejected(5, 0.0, 1.5) > 0.99);
}

/// Laws of two atoms of one half, as of one member: a calibrated one is rejected as often as said, within four standard
/// errors, `4 sqrt(0.05 0.95/2000) = 0.02`, and one whose lower atom is hit six times in ten nearly always (noncentrality
/// `400 (0.2)^2 = 16`, nine degrees of freedom: power 0.8).
#[test]
fn flatness_of_atoms_is_rejected_as_often_as_said() {
    const SERIES: usize = 2000;
    const DRAWS: usize = 400;
    let rejected = |below: f64| {
        let rejects = |series: &usize| {
            let (mut u, mut places) = (vec![0.0; DRAWS], vec![0.0; DRAWS]);
            let key = Key::new(4, Purpose::Sample).member(*series as u32);
            key.uniforms(&mut u);
            key.step(1).uniforms(&mut places);
            let mut histogram = PitHistogram::new(10);
            for (day, (u, place)) in (0..).zip(u.into_iter().zip(places)) {
                let interval = if u < below { [0.0, 0.5] } else { [0.5, 1.0] };
                histogram.add(interval, place, day);
            }
            histogram.flatness().expect("counts").p_value < 0.05
        };
        (0..SERIES).filter(rejects).count() as f64 / SERIES as f64
    };
    assert!((rejected(0.5) - 0.05).abs() < 0.02, "{}", rejected(0.5));
    assert!(rejected(0.6) > 0.7, "{}", rejected(0.6));
}
