//! A map as pixels: values between cell centres, colours, isolines.

use image::{Rgb, RgbImage};
use ndarray::Array2;

use crate::colour_bar::Palette;
use crate::drawing::PIXELS;
use crate::map::Geometry;

/// How the space between cell centres is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shading {
    /// By a smooth surface through the cell values (Catmull-Rom): coarse fields of smooth quantities.
    #[default]
    Smooth,
    /// Every cell in one colour: what the grid holds, no more.
    Cells,
}

impl Shading {
    fn sample(self, values: &Array2<f32>, y: f64, x: f64) -> f32 {
        match self {
            Self::Smooth => smooth(values, y, x),
            Self::Cells => nearest(values, y, x),
        }
    }
}

/// Thin lines of equal value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolines {
    /// None.
    #[default]
    None,
    /// At the labelled values of the colour bar.
    AtTicks,
}

/// Pixels of one map, `width` by `height`.
pub(crate) fn image(
    values: &Array2<f32>,
    geometry: &Geometry,
    (width, height): (u32, u32),
    shading: Shading,
    palette: &Palette,
    levels: &[f64],
) -> RgbImage {
    // a smooth surface looks the same in blocks of one nominal unit, in half of the bytes
    let block = match shading {
        Shading::Smooth => PIXELS as u32,
        Shading::Cells => 1,
    };
    let (rows, columns) = positions(geometry, (width.div_ceil(block), height.div_ceil(block)));
    let colours = RgbImage::from_fn(columns.len() as u32, rows.len() as u32, |x, y| {
        Rgb(palette.colour(shading.sample(values, rows[y as usize], columns[x as usize])))
    });
    let mut image = RgbImage::from_fn(width, height, |x, y| {
        *colours.get_pixel(x / block, y / block)
    });
    if !levels.is_empty() {
        let (rows, columns) = positions(geometry, (width, height));
        let plane = Array2::from_shape_fn((rows.len(), columns.len()), |(y, x)| {
            smooth(values, rows[y], columns[x])
        });
        isolines(&mut image, &plane, levels);
    }
    image
}

/// Array indices of the pixel centres: rows from the top, columns from the left.
fn positions(geometry: &Geometry, (width, height): (u32, u32)) -> (Vec<f64>, Vec<f64>) {
    let centre = |i: u32, n: u32| (f64::from(i) + 0.5) / f64::from(n);
    let rows = (0..height)
        .map(|i| geometry.y.index(1.0 - centre(i, height)))
        .collect();
    (
        rows,
        (0..width)
            .map(|i| geometry.x.index(centre(i, width)))
            .collect(),
    )
}

fn cell(position: f64, cells: usize) -> usize {
    (position.round().max(0.0) as usize).min(cells - 1)
}

fn nearest(values: &Array2<f32>, y: f64, x: f64) -> f32 {
    values[(cell(y, values.nrows()), cell(x, values.ncols()))]
}

/// Surface through the cell values; missing where the nearest cell is, which also stands in for
/// missing neighbours.
fn smooth(values: &Array2<f32>, y: f64, x: f64) -> f32 {
    let own = nearest(values, y, x);
    if !own.is_finite() {
        return own;
    }
    let (wy, wx) = (weights(y - y.floor()), weights(x - x.floor()));
    let mut sum = 0.0;
    for (j, wy) in wy.iter().enumerate() {
        for (i, wx) in wx.iter().enumerate() {
            let v = extended(
                values,
                y.floor() + j as f64 - 1.0,
                x.floor() + i as f64 - 1.0,
            );
            sum += wy * wx * f64::from(if v.is_finite() { v } else { own });
        }
    }
    sum as f32
}

/// Value of a cell; outside of the array the last two go on in a straight line.
fn extended(values: &Array2<f32>, y: f64, x: f64) -> f32 {
    let (ny, nx) = values.dim();
    let (j, i) = (cell(y, ny), cell(x, nx));
    let v = values[(j, i)];
    let (beyond_y, beyond_x) = ((y - j as f64) as f32, (x - i as f64) as f32);
    let inner = |index: usize, beyond: f32, n: usize| match beyond {
        b if b > 0.0 => index.saturating_sub(1),
        b if b < 0.0 => (index + 1).min(n - 1),
        _ => index,
    };
    let slope_y = v - values[(inner(j, beyond_y, ny), i)];
    let slope_x = v - values[(j, inner(i, beyond_x, nx))];
    v + beyond_y.abs() * slope_y + beyond_x.abs() * slope_x
}

/// Weights of the four neighbours at distance t beyond the second (Catmull-Rom).
fn weights(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ]
}

/// Darkens pixels within half a line of a level: the distance is |v - level| / |grad v|.
fn isolines(image: &mut RgbImage, plane: &Array2<f32>, levels: &[f64]) {
    const HALF_WIDTH: f64 = 0.75;
    const OPACITY: f64 = 0.55;
    let (height, width) = plane.dim();
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let (i, j) = (x as usize, y as usize);
        let value = f64::from(plane[(j, i)]);
        let (left, right) = (i.saturating_sub(1), (i + 1).min(width - 1));
        let (up, down) = (j.saturating_sub(1), (j + 1).min(height - 1));
        let slope = |a: f32, b: f32, n: usize| f64::from(b - a) / n.max(1) as f64;
        let gradient = slope(plane[(j, left)], plane[(j, right)], right - left).hypot(slope(
            plane[(up, i)],
            plane[(down, i)],
            down - up,
        ));
        // also false where a neighbour is missing
        let steep = gradient > 0.0;
        let distance = levels
            .iter()
            .map(|l| (value - l).abs())
            .fold(f64::INFINITY, f64::min)
            / gradient;
        if steep && distance < HALF_WIDTH + 0.5 {
            let cover = OPACITY * (HALF_WIDTH + 0.5 - distance).min(1.0);
            for channel in &mut pixel.0 {
                *channel = (f64::from(*channel) * (1.0 - cover)).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_surface_goes_through_the_cells_and_keeps_planes() {
        let plane = Array2::from_shape_fn((5, 6), |(j, i)| 2.0 * j as f32 - 3.0 * i as f32);
        assert_eq!(smooth(&plane, 3.0, 4.0), -6.0);
        for (y, x) in [(1.5, 2.25), (-0.5, 5.5), (4.4, -0.3)] {
            assert!(
                (f64::from(smooth(&plane, y, x)) - (2.0 * y - 3.0 * x)).abs() < 1e-5,
                "{y} {x}"
            );
        }
        let sum: f64 = weights(0.3).iter().sum();
        assert!((sum - 1.0).abs() < 1e-15);
    }

    #[test]
    fn missing_cells_neither_spread_nor_vanish() {
        let holed = array![[1.0_f32, 1.0, f32::NAN], [1.0, 1.0, 1.0]];
        assert!(smooth(&holed, 0.0, 1.6).is_nan());
        assert_eq!(smooth(&holed, 0.0, 1.4), 1.0);
    }
}
