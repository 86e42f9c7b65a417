//! Every family of schedules, with every gamma.
#![allow(dead_code)] // not every test file asks for all

use foehn_interpolant::{
    EncodingDecoding, Follmer, FollmerBeta, Fourier, Gamma, Horizon, Linear, Mirror, OneSided,
    Scaling, Schedule, SubVariancePreserving, Trigonometric, VarianceExploding, VariancePreserving,
};

/// A schedule and what to call it.
pub type Named = (String, Box<dyn Schedule>);

/// Every gamma that is not zero.
pub fn gammas() -> Vec<Gamma> {
    vec![
        Gamma::brownian_bridge(1.7).unwrap(),
        Gamma::Quadratic,
        Gamma::SineSquared,
        Gamma::sigmoid(10.0).unwrap(),
    ]
}

fn boxed(name: impl Into<String>, schedule: impl Schedule + 'static) -> Named {
    (name.into(), Box::new(schedule))
}

fn fourier(gamma: Gamma) -> Fourier {
    Fourier {
        alpha: vec![0.1, -0.05, 0.02],
        beta: vec![0.15, 0.03],
        log_gamma: vec![0.2, -0.1],
        gamma,
    }
}

/// From x0 to x1 with latent noise.
pub fn two_sided() -> Vec<Named> {
    let mut all = vec![boxed("encoding-decoding", EncodingDecoding)];
    for gamma in gammas() {
        all.push(boxed(format!("linear {gamma:?}"), Linear { gamma }));
        let path = Trigonometric::new(gamma, Scaling::Unscaled).unwrap();
        all.push(boxed(format!("trigonometric {gamma:?}"), path));
        if let Ok(path) = Trigonometric::new(gamma, Scaling::UnitVariance) {
            all.push(boxed(format!("unit variance {gamma:?}"), path));
        }
        all.push(boxed(format!("fourier {gamma:?}"), fourier(gamma)));
    }
    all
}

/// From x0 to x1 without latent noise.
pub fn noiseless() -> Vec<Named> {
    let gamma = Gamma::Zero;
    vec![
        boxed("linear", Linear { gamma }),
        boxed(
            "trigonometric",
            Trigonometric::new(gamma, Scaling::Unscaled).unwrap(),
        ),
        boxed("fourier", fourier(gamma)),
    ]
}

/// From Gaussian noise.
pub fn one_sided() -> Vec<Named> {
    let gamma = Gamma::Zero;
    let finite = Horizon::Finite {
        b_min: 0.1,
        b_max: 8.0,
    };
    let mut all = vec![
        boxed("one-sided linear", OneSided::new(Linear { gamma }).unwrap()),
        boxed(
            "one-sided trigonometric",
            OneSided::new(Trigonometric::new(gamma, Scaling::Unscaled).unwrap()).unwrap(),
        ),
        boxed("one-sided fourier", OneSided::new(fourier(gamma)).unwrap()),
    ];
    for horizon in [Horizon::Infinite, finite] {
        all.push(boxed(
            format!("VP {horizon:?}"),
            VariancePreserving::new(horizon).unwrap(),
        ));
        all.push(boxed(
            format!("sub-VP {horizon:?}"),
            SubVariancePreserving::new(horizon).unwrap(),
        ));
    }
    for power in [0.5, 1.0, 3.0] {
        all.push(boxed(
            format!("VE {power}"),
            VarianceExploding::new(5.0, power).unwrap(),
        ));
    }
    all
}

/// From data to the same data.
pub fn mirrors() -> Vec<Named> {
    gammas()
        .into_iter()
        .map(|gamma| boxed(format!("mirror {gamma:?}"), Mirror { gamma }))
        .collect()
}

/// From a point.
pub fn follmer() -> Vec<Named> {
    [FollmerBeta::Linear, FollmerBeta::Quadratic]
        .map(|beta| {
            boxed(
                format!("follmer {beta:?}"),
                Follmer::new(beta, 0.7).unwrap(),
            )
        })
        .into()
}

/// Everything above.
pub fn all() -> Vec<Named> {
    let mut all = two_sided();
    all.extend(noiseless());
    all.extend(one_sided());
    all.extend(mirrors());
    all.extend(follmer());
    all
}
