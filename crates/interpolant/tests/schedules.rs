//! Every schedule obeys its end conditions, and its derivatives are those of its coefficients.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod families;

use foehn_interpolant::{
    CheckError, Coefficients, Ends, Follmer, FollmerBeta, Gamma, Horizon, Linear, Path, Schedule,
    ScheduleError, VarianceExploding, VariancePreserving, check, start_bias,
};

#[test]
fn every_schedule_is_what_it_says() {
    for (name, schedule) in families::all() {
        check(&schedule).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn ends_are_the_two_samples() {
    for (name, schedule) in families::all() {
        let (start, end) = (schedule.at(0.0), schedule.at(1.0));
        let expected = match schedule.ends() {
            Ends::TwoSided | Ends::OneSided | Ends::Follmer => [1.0, 0.0, 0.0, 1.0],
            Ends::Truncated => [start.alpha, start.beta, 0.0, 1.0],
            Ends::Mirror => [0.0, 1.0, 0.0, 1.0],
        };
        let found = [start.alpha, start.beta, end.alpha, end.beta];
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 2e-16, "{name}: {found:?}");
        }
        assert!(
            start.gamma.abs() < 1e-15 && end.gamma.abs() < 1e-15,
            "{name}"
        );
        for c in [start, end] {
            let finite = [c.alpha_d_alpha, c.d_beta, c.gamma_d_gamma];
            assert!(finite.iter().all(|x| x.is_finite()), "{name}: {c:?}");
        }
    }
}

#[test]
fn derivatives_are_those_of_the_coefficients() {
    const H: f64 = 1e-5; // central differences: error below 1e-7 away from the ends
    for (name, schedule) in families::all() {
        for i in 1..20 {
            let t = f64::from(i) / 20.0 + 1e-3; // not 1/2, where encoding-decoding has a kink
            let (low, c, high) = (schedule.at(t - H), schedule.at(t), schedule.at(t + H));
            let near = |slope: f64, a: f64, b: f64| {
                let difference = (b - a) / (2.0 * H);
                let error = (slope - difference).abs();
                assert!(
                    error < 1e-6 * (1.0 + slope.abs()),
                    "{name} at {t}: {slope} {difference}"
                );
            };
            near(c.d_alpha, low.alpha, high.alpha);
            near(c.d_beta, low.beta, high.beta);
            near(c.d_gamma, low.gamma, high.gamma);
            let gamma = c.gamma_d_gamma - c.gamma * c.d_gamma;
            let alpha = c.alpha_d_alpha - c.alpha * c.d_alpha;
            assert!(gamma.abs() < 1e-13, "{name} at {t}");
            assert!(
                alpha.abs() < 1e-13 * (1.0 + c.alpha_d_alpha.abs()),
                "{name} at {t}"
            );
        }
    }
}

#[test]
fn a_scale_that_is_not_positive_is_refused() {
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Follmer::new(FollmerBeta::Linear, value).unwrap_err();
        assert!(matches!(
            error,
            ScheduleError::NotPositive {
                name: "epsilon",
                ..
            }
        ));
        assert!(Gamma::brownian_bridge(value).is_err());
        assert!(Gamma::sigmoid(value).is_err());
        assert!(VarianceExploding::new(value, 1.0).is_err());
        let horizon = Horizon::Finite {
            b_min: value,
            b_max: 1.0,
        };
        assert!(VariancePreserving::new(horizon).is_err());
    }
    assert!(Gamma::sigmoid(501.0).is_err());
    assert!(VarianceExploding::new(1.0, 0.4).is_err());
}

#[test]
fn truncation_is_reported() {
    let horizon = Horizon::Finite {
        b_min: 0.1,
        b_max: 20.0,
    };
    let path = VariancePreserving::new(horizon).unwrap();
    let beta = (-20.1f64 / 4.0).exp();
    assert!((path.at(0.0).beta - beta).abs() < 1e-15);
    assert!((horizon.residual() - beta).abs() < 1e-15);
    let bias = beta * beta / (2.0 * (1.0 - beta * beta));
    assert!((start_bias(&path, 1.0) - bias).abs() < 1e-15);
    let exact = VariancePreserving::new(Horizon::Infinite).unwrap();
    assert_eq!(start_bias(&exact, 1e6), 0.0);
}

/// A linear schedule with one thing wrong.
struct Wrong(fn(&mut Coefficients, f64));

impl Schedule for Wrong {
    fn at(&self, t: f64) -> Coefficients {
        let mut c = Linear {
            gamma: Gamma::Quadratic,
        }
        .at(t);
        (self.0)(&mut c, t);
        c
    }
}

#[test]
fn a_broken_promise_is_named() {
    let of = |wrong| check(&Wrong(wrong)).unwrap_err();
    assert_eq!(
        of(|c, _| c.alpha += 0.5),
        CheckError::Condition {
            ends: Ends::TwoSided,
            name: "alpha",
            value: 1.5,
            expected: 1.0,
            t: 0.0
        }
    );
    assert!(matches!(
        of(|c, t| c.gamma += t),
        CheckError::Condition {
            name: "gamma",
            t: 1.0,
            ..
        }
    ));
    assert!(matches!(
        of(|c, _| c.d_beta = 2.0),
        CheckError::Derivative { name: "beta'", .. }
    ));
    assert!(matches!(
        of(|c, _| c.gamma_d_gamma = 2.0),
        CheckError::Product {
            name: "gamma gamma'",
            ..
        }
    ));
    assert!(matches!(
        of(|c, t| c.gamma_d_gamma /= t),
        CheckError::NotFinite { t: 0.0, .. }
    ));
    assert!(matches!(
        of(|c, t| if t > 0.5 {
            c.beta = f64::NAN;
        }),
        CheckError::Condition { name: "beta", .. }
    ));
}

#[test]
fn a_path_is_declared_in_a_file() {
    let of = |text: &str| toml::from_str::<Path>(text);
    let files = [
        "kind = 'linear'\ngamma = { brownian_bridge = { a = 2.0 } }",
        "kind = 'trigonometric'\ngamma = 'quadratic'\nscaling = 'unit_variance'",
        "kind = 'encoding_decoding'",
        "kind = 'one_sided'\nsides = { kind = 'linear', gamma = 'zero' }",
        "kind = 'mirror'\ngamma = { sigmoid = { steepness = 10.0 } }",
        "kind = 'variance_preserving'",
        "kind = 'sub_variance_preserving'\nhorizon = { finite = { b_min = 0.1, b_max = 20.0 } }",
        "kind = 'variance_exploding'\nsigma_max = 50.0",
        "kind = 'follmer'\nbeta = 'quadratic'\nepsilon = 0.7",
        "kind = 'fourier'\ngamma = 'sine_squared'\nbeta = [0.1, 0.2]",
    ];
    for text in files {
        let path = of(text).unwrap();
        check(&path.schedule().unwrap()).unwrap();
        let again: Path = toml::from_str(&toml::to_string(&path).unwrap()).unwrap();
        assert_eq!(again, path);
        assert!(
            of(&format!("{text}\nnoise = 1.0")).is_err(),
            "unknown field in {text}"
        );
    }
    assert!(
        of("kind = 'linear'\ngamma = { sigmoid = { steepness = 10.0, width = 1.0 } }").is_err()
    );
    let refused = [
        "kind = 'linear'\ngamma = { brownian_bridge = { a = -2.0 } }",
        "kind = 'trigonometric'\ngamma = 'sine_squared'\nscaling = 'unit_variance'",
        "kind = 'one_sided'\nsides = { kind = 'mirror', gamma = 'zero' }",
        "kind = 'follmer'\nbeta = 'linear'\nepsilon = 0.0",
    ];
    for text in refused {
        assert!(of(text).unwrap().schedule().is_err(), "{text}");
    }
}
