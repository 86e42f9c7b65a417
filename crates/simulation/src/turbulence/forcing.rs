//! The white-in-time forcing: eight waves with independent Wiener amplitudes.

use rustfft::num_complex::Complex64;

use super::modes::Modes;

/// Number of forced waves.
pub const WAVES: usize = 8;
/// Highest forced wavenumber along an axis.
pub const HIGHEST: usize = 8;

/// Coefficient of a wave at (kx, ky): sin is -i/2, cos is 1/2.
const SIN: Complex64 = Complex64::new(0.0, -0.5);
const COS: Complex64 = Complex64::new(0.5, 0.0);

/// dEta = W1 sin 6x + W2 cos 7x + W3 sin 5(x+y) + W4 cos 8(x+y)
///      + W5 cos 6x + W6 sin 7x + W7 cos 5(x+y) + W8 sin 8(x+y).
const ETA: [(usize, i64, Complex64); WAVES] = [
    (6, 0, SIN),
    (7, 0, COS),
    (5, 5, SIN),
    (8, 8, COS),
    (6, 0, COS),
    (7, 0, SIN),
    (5, 5, COS),
    (8, 8, SIN),
];

/// Adds noise of the exact variance of damped waves, half of each step before it and half after.
///
/// A wave decaying at rate l gathers V(h) = eps^2 (1 - exp(-2 l h))/(2 l) in time h. The noise of the
/// first half step is added at its start with variance V(dt/2) exp(l dt), because the deterministic
/// step then damps it by exp(-2 l dt); that of the second half at the end with V(dt/2). The sum is
/// V(dt), and the symmetric splitting is of weak order two.
#[derive(Clone, Debug)]
pub struct Forcing {
    before: [(usize, Complex64); WAVES],
    after: [(usize, Complex64); WAVES],
}

impl Forcing {
    /// `decay(kx, ky)` is the rate l of a wave.
    pub fn new(modes: Modes, amplitude: f64, dt: f64, decay: impl Fn(f64, f64) -> f64) -> Self {
        let scaled = |gain: fn(f64, f64) -> f64| {
            ETA.map(|(kx, ky, wave)| {
                let rate = decay(kx as f64, ky as f64);
                let variance = gathered(rate, dt / 2.0) * gain(rate, dt);
                (modes.index(kx, ky), wave * (amplitude * variance.sqrt()))
            })
        };
        Self {
            before: scaled(|rate, dt| (rate * dt).exp()),
            after: scaled(|_, _| 1.0),
        }
    }

    /// Adds the noise of the first half step.
    pub fn push_before(&self, w: &mut [Complex64], normals: &[f64]) {
        push(&self.before, w, normals);
    }

    /// Adds the noise of the second half step.
    pub fn push_after(&self, w: &mut [Complex64], normals: &[f64]) {
        push(&self.after, w, normals);
    }
}

fn push(waves: &[(usize, Complex64); WAVES], w: &mut [Complex64], normals: &[f64]) {
    for (&(at, wave), normal) in waves.iter().zip(normals) {
        w[at] += wave * normal;
    }
}

/// (1 - exp(-2 l h))/(2 l), whose limit at l = 0 is h.
fn gathered(rate: f64, h: f64) -> f64 {
    if rate == 0.0 {
        h
    } else {
        -(-2.0 * rate * h).exp_m1() / (2.0 * rate)
    }
}
