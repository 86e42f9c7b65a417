//! Processes whose transition law is known in closed form, to test samplers against.
//!
//! Each law has the exact density and a simulation that is exact in law but built differently, so
//! that the two check one another. Random numbers come from the generator that is passed in; take one
//! from `foehn_noise::Key::rng` to name the stream.

mod ornstein_uhlenbeck;
mod rotating_mixture;

pub use ornstein_uhlenbeck::OrnsteinUhlenbeck;
pub use rotating_mixture::{Component, RotatingMixture};
