//! Every schedule obeys its end conditions, and its derivatives are those of its coefficients.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use foehn_interpolant::{Follmer, FollmerBeta, Gamma, Linear, Schedule, ScheduleError};

fn schedules() -> Vec<(&'static str, Box<dyn Schedule>)> {
    let linear = |gamma| Box::new(Linear { gamma }) as Box<dyn Schedule>;
    let follmer = |beta| Box::new(Follmer::new(beta, 0.7).unwrap()) as Box<dyn Schedule>;
    vec![
        ("linear", linear(Gamma::Zero)),
        ("bridge", linear(Gamma::brownian_bridge(1.7).unwrap())),
        ("quadratic", linear(Gamma::Quadratic)),
        ("sine", linear(Gamma::SineSquared)),
        ("follmer t", follmer(FollmerBeta::Linear)),
        ("follmer t2", follmer(FollmerBeta::Quadratic)),
    ]
}

#[test]
fn ends_are_the_two_samples() {
    for (name, schedule) in schedules() {
        let (start, end) = (schedule.at(0.0), schedule.at(1.0));
        assert_eq!((start.alpha, start.beta), (1.0, 0.0), "{name}");
        assert_eq!((end.alpha, end.beta), (0.0, 1.0), "{name}");
        assert!(
            start.gamma.abs() < 1e-15 && end.gamma.abs() < 1e-15,
            "{name}"
        );
        assert!(
            start.gamma_d_gamma.is_finite() && end.gamma_d_gamma.is_finite(),
            "{name}"
        );
    }
}

#[test]
fn derivatives_are_those_of_the_coefficients() {
    const H: f64 = 1e-5; // central differences: error below 1e-8 away from the ends
    for (name, schedule) in schedules() {
        for i in 1..20 {
            let t = f64::from(i) / 20.0;
            let (low, c, high) = (schedule.at(t - H), schedule.at(t), schedule.at(t + H));
            let near = |slope: f64, a: f64, b: f64| {
                assert!((slope - (b - a) / (2.0 * H)).abs() < 1e-7, "{name} at {t}");
            };
            near(c.d_alpha, low.alpha, high.alpha);
            near(c.d_beta, low.beta, high.beta);
            near(c.d_gamma, low.gamma, high.gamma);
            assert!(
                (c.gamma_d_gamma - c.gamma * c.d_gamma).abs() < 1e-14,
                "{name} at {t}"
            );
        }
    }
}

#[test]
fn a_scale_that_is_not_positive_is_refused() {
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Follmer::new(FollmerBeta::Linear, value).unwrap_err();
        let ScheduleError::NotPositive { name, .. } = error;
        assert_eq!(name, "epsilon");
        assert!(Gamma::brownian_bridge(value).is_err());
    }
}
