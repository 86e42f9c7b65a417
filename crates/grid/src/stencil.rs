//! Derivatives along a line from the points nearby.

/// Points in a stencil: fourth order on even spacing.
const POINTS: usize = 5;

/// For each position the five nearest of `nodes` (sorted either way) with the weights of the derivative of
/// the polynomial through them; fewer where there are fewer.
pub(crate) fn derivative(nodes: &[f64], at: &[f64]) -> Vec<Vec<(usize, f64)>> {
    let width = POINTS.min(nodes.len());
    at.iter()
        .map(|&x| {
            let start = (0..=nodes.len() - width)
                .min_by(|a, b| {
                    reach(&nodes[*a..a + width], x).total_cmp(&reach(&nodes[*b..b + width], x))
                })
                .unwrap_or(0);
            let near = &nodes[start..start + width];
            let weight = |k: usize| (start + k, lagrange_derivative(near, k, x));
            (0..width).map(weight).collect()
        })
        .collect()
}

/// How far the farthest node lies.
fn reach(nodes: &[f64], x: f64) -> f64 {
    nodes.iter().map(|n| (n - x).abs()).fold(0.0, f64::max)
}

/// The derivative at x of the polynomial that is one at node k and zero at the others.
fn lagrange_derivative(nodes: &[f64], k: usize, x: f64) -> f64 {
    let others = || (0..nodes.len()).filter(move |m| *m != k);
    let denominator: f64 = others().map(|m| nodes[k] - nodes[m]).product();
    let numerator: f64 = others()
        .map(|m| {
            others()
                .filter(|l| *l != m)
                .map(|l| x - nodes[l])
                .product::<f64>()
        })
        .sum();
    numerator / denominator
}
