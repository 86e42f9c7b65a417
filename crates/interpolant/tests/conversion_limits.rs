//! Conversions against closed forms of the literature, and those that are refused.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod families;

use foehn_interpolant::{
    Affine, Coefficients, Conversion, ConversionError, EncodingDecoding, Follmer, FollmerBeta,
    Gamma, Horizon, Known, Linear, Mirror, OneSided, Schedule, Target, VariancePreserving, check,
};

fn singular_at(result: Result<impl Sized, ConversionError>) -> f64 {
    match result.err() {
        Some(ConversionError::Singular { t, .. }) => t,
        other => panic!("not singular: {other:?}"),
    }
}

#[test]
fn singular_conversions_are_refused_with_their_time() {
    // beta gamma' = beta' gamma: tan(pi t) = 2 pi t
    let path = Linear {
        gamma: Gamma::SineSquared,
    };
    for to in [Target::Score, Target::Data, Target::Noise] {
        let t = singular_at(Conversion::new(path, Known::Start, Target::Velocity, to));
        let pi = std::f64::consts::PI;
        assert!(((pi * t).tan() - 2.0 * pi * t).abs() < 1e-9, "{t}");
        assert!((t - 0.371).abs() < 5e-4, "{t}");
    }
    // gamma' = 0 in the middle of the mirror
    for gamma in families::gammas() {
        let path = Mirror { gamma };
        let t = singular_at(Conversion::new(
            path,
            Known::Nothing,
            Target::Velocity,
            Target::Score,
        ));
        assert!((t - 0.5).abs() < 1e-9, "{gamma:?} {t}");
        assert!(Conversion::new(path, Known::Nothing, Target::Noise, Target::Velocity).is_ok());
    }
    // beta = 0 until the middle of encoding-decoding
    for from in [Target::Noise, Target::Score, Target::Velocity] {
        for to in [Target::Data, Target::Transport] {
            let t = singular_at(Conversion::new(EncodingDecoding, Known::Start, from, to));
            assert!((t - 0.5).abs() < 1e-9, "{from:?} to {to:?}: {t}");
        }
    }
    let path = EncodingDecoding;
    assert!(Conversion::new(path, Known::Start, Target::Noise, Target::Score).is_ok());
    assert!(Conversion::new(path, Known::Start, Target::Data, Target::Score).is_ok());
    // Föllmer with beta = t^2, at the start
    let path = Follmer::new(FollmerBeta::Quadratic, 1.0).unwrap();
    let denoise = Conversion::new(path, Known::Start, Target::Drift, Target::Data).unwrap();
    assert!(matches!(
        denoise.at(0.0),
        Err(ConversionError::Diverges { t: 0.0, .. })
    ));
    assert!(denoise.at(1.0).is_ok());
}

#[test]
fn closed_forms_of_the_literature() {
    let near = |c: Affine, expected: [f64; 3]| {
        for (a, b) in [c.prediction, c.x, c.x0].iter().zip(expected) {
            assert!(
                (a - b).abs() < 1e-12 * (1.0 + b.abs()),
                "{c:?} {expected:?}"
            );
        }
    };
    for t in [0.0, 0.2, 0.7, 1.0] {
        let u = 1.0 - t;
        // Föllmer, beta = t: D = x + (1 - t) f
        let path = Follmer::new(FollmerBeta::Linear, 0.8).unwrap();
        let denoise = Conversion::new(path, Known::Start, Target::Drift, Target::Data).unwrap();
        near(denoise.at(t).unwrap(), [u, 1.0, 0.0]);
        if t > 0.0 {
            // the probability flow, (1 + t) f / 2 + (1 - t)(x - x0) / (2 t)
            let flow =
                Conversion::new(path, Known::Start, Target::Drift, Target::Velocity).unwrap();
            let half = u / (2.0 * t);
            near(flow.at(t).unwrap(), [(1.0 + t) / 2.0, half, -half]);
            // beta = t^2: (3 - t)/(4 - 2t) f + (1 - t)[2 x - (2 - t) x0] / (2 t (2 - t))
            let path = Follmer::new(FollmerBeta::Quadratic, 0.8).unwrap();
            let flow =
                Conversion::new(path, Known::Start, Target::Drift, Target::Velocity).unwrap();
            let c = u / (2.0 * t * (2.0 - t));
            near(
                flow.at(t).unwrap(),
                [(3.0 - t) / (4.0 - 2.0 * t), 2.0 * c, -(2.0 - t) * c],
            );
        }
        // VP, beta = t: s = t b - x, D = (1 - t^2) b + t x, D = t x - alpha (velocity prediction)
        let path = VariancePreserving::new(Horizon::Infinite).unwrap();
        let alpha = (1.0 - t * t).sqrt();
        let of = |from, to| Conversion::new(path, Known::GaussianStart, from, to).unwrap();
        near(
            of(Target::Velocity, Target::Score).at(t).unwrap(),
            [t, -1.0, 0.0],
        );
        near(
            of(Target::Velocity, Target::Data).at(t).unwrap(),
            [1.0 - t * t, t, 0.0],
        );
        near(
            of(Target::AngularVelocity, Target::Data).at(t).unwrap(),
            [-alpha, t, 0.0],
        );
        near(
            of(Target::AngularVelocity, Target::Noise).at(t).unwrap(),
            [t, alpha, 0.0],
        );
        // one-sided linear: s = (t b - x) / (1 - t), E[x0] = x - t b
        let path = OneSided::new(Linear { gamma: Gamma::Zero }).unwrap();
        let of = |from, to| Conversion::new(path, Known::GaussianStart, from, to).unwrap();
        near(
            of(Target::Velocity, Target::Noise).at(t).unwrap(),
            [-t, 1.0, 0.0],
        );
        if t < 1.0 {
            near(
                of(Target::Velocity, Target::Score).at(t).unwrap(),
                [t / u, -1.0 / u, 0.0],
            );
        }
        // linear with sqrt(a t (1 - t)), x0 seen: D = 2 (1 - t) b + ..., finite at t = 1
        let path = Linear {
            gamma: Gamma::BrownianBridge { a: 2.0 },
        };
        let of = |from, to| Conversion::new(path, Known::Start, from, to).unwrap();
        if t > 0.0 {
            // s = (b - (x - x0) / t) / (a / 2)
            near(
                of(Target::Velocity, Target::Score).at(t).unwrap(),
                [1.0, -1.0 / t, 1.0 / t],
            );
        }
    }
}

#[test]
fn what_is_not_determined_is_refused() {
    let bridge = Linear {
        gamma: Gamma::Quadratic,
    };
    let of = |known, from, to| Conversion::new(bridge, known, from, to).err();
    assert!(matches!(
        of(Known::Nothing, Target::Velocity, Target::Score),
        Some(ConversionError::NeedsStart { .. })
    ));
    assert!(matches!(
        of(Known::Nothing, Target::Data, Target::Transport),
        Some(ConversionError::NeedsStart { .. })
    ));
    assert_eq!(of(Known::Nothing, Target::Noise, Target::Score), None);
    assert!(matches!(
        of(Known::Start, Target::Velocity, Target::Drift),
        Some(ConversionError::Undefined {
            target: Target::Drift,
            ..
        })
    ));
    assert!(matches!(
        of(Known::Start, Target::Start, Target::Data),
        Some(ConversionError::Uninformative { .. })
    ));
    let deterministic = Linear { gamma: Gamma::Zero };
    assert!(matches!(
        Conversion::new(deterministic, Known::Start, Target::Velocity, Target::Score),
        Err(ConversionError::Undefined {
            target: Target::Score,
            ..
        })
    ));
    let mirror = Mirror {
        gamma: Gamma::Quadratic,
    };
    assert!(matches!(
        Conversion::new(mirror, Known::Nothing, Target::Transport, Target::Score),
        Err(ConversionError::Uninformative { .. })
    ));
    let conversion = Conversion::new(bridge, Known::Start, Target::Noise, Target::Score).unwrap();
    assert!(matches!(
        conversion.at(1.5),
        Err(ConversionError::OutOfRange { .. })
    ));
}

/// A schedule of one's own, which says nothing of its ends.
struct Own;

impl Schedule for Own {
    fn at(&self, t: f64) -> Coefficients {
        Linear {
            gamma: Gamma::BrownianBridge { a: 1.0 },
        }
        .at(t)
    }
}

#[test]
fn a_schedule_of_ones_own_converts_inside_and_is_refused_at_the_ends() {
    check(&Own).unwrap();
    let known = Linear {
        gamma: Gamma::BrownianBridge { a: 1.0 },
    };
    let (from, to) = (Target::Velocity, Target::Data);
    let own = Conversion::new(Own, Known::Start, from, to).unwrap();
    let ours = Conversion::new(known, Known::Start, from, to).unwrap();
    for t in [1e-3, 0.2, 0.5, 0.9, 0.999] {
        let (a, b) = (own.at(t).unwrap(), ours.at(t).unwrap());
        assert!((a.prediction - b.prediction).abs() < 1e-12 * (1.0 + b.prediction.abs()));
        assert!((a.x - b.x).abs() < 1e-12 * (1.0 + b.x.abs()));
        assert!((a.x0 - b.x0).abs() < 1e-12 * (1.0 + b.x0.abs()));
    }
    assert!(ours.at(1.0).is_ok());
    assert!(matches!(
        own.at(1.0),
        Err(ConversionError::Diverges {
            from: Target::Velocity,
            ..
        })
    ));
}
