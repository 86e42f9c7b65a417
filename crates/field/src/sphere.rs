//! Points and triangles on the unit sphere.

/// A position or direction in space.
pub(crate) type Vec3 = [f64; 3];

/// The direction of a latitude and longitude in degrees.
pub(crate) fn direction(latitude: f64, longitude: f64) -> Vec3 {
    let (sin_lat, cos_lat) = latitude.to_radians().sin_cos();
    let (sin_lon, cos_lon) = longitude.to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// The direction of a vector.
pub(crate) fn unit(v: Vec3) -> Vec3 {
    let length = dot(v, v).sqrt();
    v.map(|c| c / length)
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Area of a spherical triangle by tan(E / 2) = |a . (b x c)| / (1 + a.b + b.c + c.a) (van Oosterom, Strackee 1983).
pub(crate) fn triangle(a: Vec3, b: Vec3, c: Vec3) -> f64 {
    let cross = [
        b[1] * c[2] - b[2] * c[1],
        b[2] * c[0] - b[0] * c[2],
        b[0] * c[1] - b[1] * c[0],
    ];
    2.0 * dot(a, cross)
        .abs()
        .atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn an_octant_is_half_pi() {
        let area = triangle([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
        assert!((area - PI / 2.0).abs() < 1e-15);
    }
}
