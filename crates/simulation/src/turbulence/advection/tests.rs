use super::*;
use foehn_noise::{Key, Purpose};

/// Random Hermitian modes with a falling spectrum.
fn random(modes: Modes) -> Vec<Complex64> {
    let mut normals = vec![0.0; 2 * modes.len()];
    Key::new(1, Purpose::Simulate).normals_f64(&mut normals);
    let mut w: Vec<_> = modes
        .waves()
        .zip(normals.chunks_exact(2))
        .map(|((kx, ky), z)| Complex64::new(z[0], z[1]) / (1.0 + kx * kx + ky * ky).sqrt())
        .collect();
    w[0] = Complex64::default();
    for ky in 1..=modes.k_max() as i64 {
        w[modes.index(0, -ky)] = w[modes.index(0, ky)].conj();
    }
    w
}

/// The mode of a real field anywhere in the plane, zero beyond what is kept.
fn at(modes: Modes, w: &[Complex64], kx: i64, ky: i64) -> Complex64 {
    let top = modes.k_max() as i64;
    if kx.abs() > top || ky.abs() > top {
        Complex64::default()
    } else if kx >= 0 {
        w[modes.index(kx as usize, ky)]
    } else {
        w[modes.index((-kx) as usize, -ky)].conj()
    }
}

/// -u.grad w = -sum over p + q = k of (p x q)/|p|^2 w(p) w(q), p x q = px qy - py qx.
fn convolution(modes: Modes, w: &[Complex64], kx: i64, ky: i64) -> Complex64 {
    let top = modes.k_max() as i64;
    let mut sum = Complex64::default();
    for px in -top..=top {
        for py in -top..=top {
            let square = (px * px + py * py) as f64;
            if square > 0.0 {
                let (qx, qy) = (kx - px, ky - py);
                let cross = (px * qy - py * qx) as f64;
                sum -= at(modes, w, px, py) * at(modes, w, qx, qy) * (cross / square);
            }
        }
    }
    sum
}

/// Three and four stages in the transforms, the last of radix 2 or of radix 4. The sum of up to 7225 terms
/// has the larger round-off.
#[test]
fn equals_the_convolution_sum() {
    for grid in [32, 64, 128] {
        let modes = Modes::new(grid);
        let w = random(modes);
        let mut tendency = vec![Complex64::default(); modes.len()];
        Advection::new(grid).tendency(&w, &mut tendency);
        let scale = tendency.iter().map(|n| n.norm()).fold(0.0, f64::max);
        for ((kx, ky), n) in modes.waves().zip(&tendency) {
            let exact = convolution(modes, &w, kx as i64, ky as i64);
            let error = (n - exact).norm() / scale;
            assert!(
                error < 2e-13,
                "grid {grid}, k = ({kx}, {ky}): {n} != {exact}"
            );
        }
    }
}

/// d/dt of <w^2>/2 and <|u|^2>/2 by advection alone is zero, and a real field stays real.
#[test]
fn conserves_enstrophy_and_energy() {
    let modes = Modes::new(64);
    let w = random(modes);
    let mut n = vec![Complex64::default(); modes.len()];
    Advection::new(64).tendency(&w, &mut n);
    for weight in [
        |_, _| 1.0,
        |kx: f64, ky: f64| 1.0 / (kx * kx + ky * ky).max(1.0),
    ] {
        let change = modes.inner(&w, &n, weight);
        let size = (modes.inner(&w, &w, weight) * modes.inner(&n, &n, weight)).sqrt();
        assert!(change.abs() < 1e-14 * size, "{change} of {size}");
    }
    for ky in 0..=21 {
        assert_eq!(n[modes.index(0, -ky)], n[modes.index(0, ky)].conj());
    }
}
