//! What errors of drift and score cost in law.

/// `KL(rho1 || model) <= 1/4 int (1/e) E|b^_F - b_F|^2 dt` for the SDE with drift `b_F = b + e s`, by the
/// trapezoidal rule over `times`; no such bound holds for the flow (e = 0).
///
/// Infinite where e vanishes and the error does not.
///
/// # Shapes
/// `times`, `e` and `square_error` (`E|b^_F - b_F|^2` under the exact law): (n + 1).
///
/// # Reference
/// Albergo, Boffi, Vanden-Eijnden 2023, arXiv:2303.08797, section 2 (likelihood control).
///
/// ```
/// let bound = foehn_dynamics::kl_bound(&[0.0, 0.5, 1.0], &[2.0; 3], &[0.08; 3]);
/// assert!((bound - 0.01).abs() < 1e-15);
/// ```
pub fn kl_bound(times: &[f64], e: &[f64], square_error: &[f64]) -> f64 {
    let at = |i: usize| {
        if square_error[i] == 0.0 {
            0.0
        } else {
            square_error[i] / (4.0 * e[i])
        }
    };
    let last = times.len().min(e.len()).min(square_error.len());
    (1..last)
        .map(|i| (times[i] - times[i - 1]) * (at(i) + at(i - 1)) / 2.0)
        .sum()
}

/// The best constant `e* = sqrt((L_b - min L_b) / (L_s - min L_s))`: it minimises the bound for errors of
/// b and s that leave the losses this much above their minima (both losses with the same 1/2,
/// unweighted, t uniform).
///
/// With `a = E|db|^2` and `c = E|ds|^2` the bound is `(a/e + 2 E[db . ds] + c e)/4`: how the errors are
/// correlated moves its value, not its minimum.
///
/// ```
/// assert_eq!(foehn_dynamics::best_epsilon(0.02, 0.005), 2.0);
/// ```
pub fn best_epsilon(excess_velocity: f64, excess_score: f64) -> f64 {
    (excess_velocity / excess_score).sqrt()
}
