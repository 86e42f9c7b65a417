//! A drawing as pixels.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap,
    PremultipliedColorU8, Rect, Stroke, StrokeDash, Transform,
};

use crate::colour::Rgba;
use crate::drawing::{Anchor, Area, Drawing, Label, PIXELS, Pen, Point, Shape, Turn};
use crate::error::FigureError;

/// Largest side of a picture in pixels.
const LARGEST: f64 = 20_000.0;

pub(crate) fn png(drawing: &Drawing) -> Result<Vec<u8>, FigureError> {
    let (width, height) = (drawing.width * PIXELS, drawing.height * PIXELS);
    let size = || FigureError::Size { width, height };
    if width.max(height) > LARGEST {
        return Err(size());
    }
    let mut canvas = Canvas {
        pixels: Pixmap::new(width as u32, height as u32).ok_or_else(size)?,
        mask: None,
    };
    canvas.pixels.fill(Color::WHITE);
    for shape in &drawing.shapes {
        canvas.draw(shape, drawing);
    }
    let (width, height) = (canvas.pixels.width(), canvas.pixels.height());
    let opaque: Vec<u8> = canvas
        .pixels
        .pixels()
        .iter()
        .flat_map(|p| [p.red(), p.green(), p.blue()])
        .collect();
    encode(&opaque, width, height)
}

/// RGB bytes as a PNG.
pub(crate) fn encode(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(rgb, width, height, ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

struct Canvas {
    pixels: Pixmap,
    /// The last clip, because neighbouring shapes share it.
    mask: Option<(Area, Mask)>,
}

impl Canvas {
    fn draw(&mut self, shape: &Shape, drawing: &Drawing) {
        match shape {
            Shape::Rect { area, fill } => self.rect(area, *fill),
            Shape::Line { points, pen, clip } => self.line(points, pen, clip),
            Shape::Polygon { points, fill, clip } => self.polygon(points, *fill, clip),
            Shape::Text(label) => self.text(label, drawing),
            Shape::Image { left, top, pixels } => self.image(*left, *top, pixels),
        }
    }

    /// Edges fall on pixel borders, so that bars and rules are sharp.
    fn rect(&mut self, area: &Area, fill: Rgba) {
        let snap = |v: f64| (v * PIXELS).round() as f32;
        let rect = Rect::from_ltrb(
            snap(area.left),
            snap(area.top),
            snap(area.right()),
            snap(area.bottom()),
        );
        if let Some(rect) = rect {
            self.pixels
                .fill_rect(rect, &paint(fill), Transform::identity(), None);
        }
    }

    fn line(&mut self, points: &[Point], pen: &Pen, clip: &Area) {
        let Some(path) = polyline(points, false) else {
            return;
        };
        let dash = pen.stroke.pattern().iter().map(|v| *v as f32).collect();
        let stroke = Stroke {
            width: pen.width as f32,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            dash: StrokeDash::new(dash, 0.0),
            ..Stroke::default()
        };
        self.clip(clip);
        let mask = self.mask.as_ref().map(|m| &m.1);
        self.pixels
            .stroke_path(&path, &paint(pen.colour), &stroke, magnify(), mask);
    }

    fn polygon(&mut self, points: &[Point], fill: Rgba, clip: &Area) {
        let Some(path) = polyline(points, true) else {
            return;
        };
        self.clip(clip);
        let mask = self.mask.as_ref().map(|m| &m.1);
        self.pixels
            .fill_path(&path, &paint(fill), FillRule::Winding, magnify(), mask);
    }

    fn clip(&mut self, area: &Area) {
        if self.mask.as_ref().is_some_and(|m| m.0 == *area) {
            return;
        }
        let rect = Rect::from_xywh(
            area.left as f32,
            area.top as f32,
            area.width as f32,
            area.height as f32,
        );
        let mask = Mask::new(self.pixels.width(), self.pixels.height())
            .zip(rect)
            .map(|(mut mask, rect)| {
                mask.fill_path(
                    &PathBuilder::from_rect(rect),
                    FillRule::Winding,
                    true,
                    magnify(),
                );
                (*area, mask)
            });
        self.mask = mask;
    }

    fn text(&mut self, label: &Label, drawing: &Drawing) {
        let Some(path) = drawing.font.outline(&label.text, label.size, label.weight) else {
            return;
        };
        let width = drawing.font.width(&label.text, label.size, label.weight);
        let shift = match label.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let local = Transform::from_translate(shift as f32, label.drop() as f32);
        let turned = match label.turn {
            Turn::Level => local,
            Turn::Upward => local.post_concat(Transform::from_rotate(-90.0)),
        };
        let placed = turned
            .post_translate(label.at.0 as f32, label.at.1 as f32)
            .post_concat(magnify());
        self.pixels
            .fill_path(&path, &paint(label.colour), FillRule::Winding, placed, None);
    }

    /// Copies pixel for pixel.
    fn image(&mut self, left: f64, top: f64, image: &RgbImage) {
        let (left, top) = (
            (left * PIXELS).round() as i64,
            (top * PIXELS).round() as i64,
        );
        let (width, height) = (
            i64::from(self.pixels.width()),
            i64::from(self.pixels.height()),
        );
        let pixels = self.pixels.pixels_mut();
        for (x, y, colour) in image.enumerate_pixels() {
            let (x, y) = (left + i64::from(x), top + i64::from(y));
            let opaque = PremultipliedColorU8::from_rgba(colour[0], colour[1], colour[2], 255);
            if let (true, true, Some(opaque)) =
                ((0..width).contains(&x), (0..height).contains(&y), opaque)
            {
                pixels[(y * width + x) as usize] = opaque;
            }
        }
    }
}

fn magnify() -> Transform {
    Transform::from_scale(PIXELS as f32, PIXELS as f32)
}

fn paint(colour: Rgba) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour[0], colour[1], colour[2], colour[3]);
    paint
}

/// Path through the points, far-away ones pulled in to what the rasteriser can take.
fn polyline(points: &[Point], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let (x, y) = (x.clamp(-3e4, 3e4) as f32, y.clamp(-3e4, 3e4) as f32);
        if i == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}
