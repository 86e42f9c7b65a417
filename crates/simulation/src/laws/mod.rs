//! Processes and laws known in closed form, to test samplers against.
//!
//! Each law has the exact density (or conditional means) and a simulation that is exact in law but built
//! differently, so that the two check one another. Random numbers come from the generator that is
//! passed in; take one from `foehn_noise::Key::rng` to name the stream.
//!
//! Oracles: O1 [`OrnsteinUhlenbeck`], O2 [`RotatingMixture`], O3 [`MixturePath`], O4 [`Checkerboard`],
//! O5 [`LinearAssimilation`], O6 [`MaternField`].

mod assimilation;
mod checkerboard;
mod cholesky;
mod density_chain;
mod derivative;
mod gaussian_mixture;
mod matern_field;
mod mixture_pairs;
mod mixture_path;
mod ornstein_uhlenbeck;
mod rotating_mixture;

pub use assimilation::LinearAssimilation;
pub use checkerboard::Checkerboard;
pub use density_chain::{DensityChain, DriftErrors};
pub use derivative::{closed_form_errors, derivative};
pub use gaussian_mixture::{GaussianMixture, MixtureError, Mode};
pub use matern_field::MaternField;
pub use mixture_pairs::{MixturePairs, Pair};
pub use mixture_path::{MixtureMarginal, MixturePath, PathPoint};
pub use ornstein_uhlenbeck::OrnsteinUhlenbeck;
pub use rotating_mixture::{Component, RotatingMixture, mixture_drift};

/// `log sum exp`, without overflow.
fn log_sum_exp(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + logs.iter().map(|log| (log - top).exp()).sum::<f64>().ln()
}

/// KL(N(mean, variance) || N(m, v)), nats.
fn normal_divergence((mean, variance): (f64, f64), (m, v): (f64, f64)) -> f64 {
    let ratio = variance / v;
    (ratio - 1.0 - ratio.ln() + (mean - m).powi(2) / v) / 2.0
}
