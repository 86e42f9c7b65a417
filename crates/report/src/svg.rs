//! A drawing as an SVG document.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::colour::Rgba;
use crate::drawing::{Anchor, Area, Drawing, Label, PIXELS, Pen, Point, Shape, Turn};
use crate::error::FigureError;
use crate::font::Weight;

pub(crate) fn document(drawing: &Drawing) -> Result<String, FigureError> {
    let (w, h) = drawing.size();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"Noto Sans, DejaVu Sans, Arial, sans-serif\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>\n"
    );
    let clips = clips(drawing, &mut out);
    for shape in &drawing.shapes {
        element(shape, &clips, &mut out)?;
        out.push('\n');
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// Writes one clip path for each distinct area and returns them in the order of their ids.
fn clips(drawing: &Drawing, out: &mut String) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for shape in &drawing.shapes {
        if let Shape::Line { clip, .. } | Shape::Polygon { clip, .. } = shape
            && !areas.contains(clip)
        {
            areas.push(*clip);
        }
    }
    for (i, a) in areas.iter().enumerate() {
        let _ = writeln!(out, "<clipPath id=\"c{i}\"><rect {}/></clipPath>", place(a));
    }
    areas
}

fn element(shape: &Shape, clips: &[Area], out: &mut String) -> Result<(), FigureError> {
    let clip = |area: &Area| {
        let id = clips.iter().position(|c| c == area).unwrap_or(0);
        format!("clip-path=\"url(#c{id})\"")
    };
    let text = match shape {
        Shape::Rect { area, fill } => {
            let (place, fill) = (place(area), ink("fill", *fill));
            format!("<rect {place} {fill} shape-rendering=\"crispEdges\"/>")
        }
        Shape::Line {
            points,
            pen,
            clip: area,
        } => {
            let (points, pen, clip) = (list(points), stroke(pen), clip(area));
            format!("<polyline points=\"{points}\" fill=\"none\" {pen} {clip}/>")
        }
        Shape::Polygon {
            points,
            fill,
            clip: area,
        } => {
            let (points, fill, clip) = (list(points), ink("fill", *fill), clip(area));
            format!("<polygon points=\"{points}\" {fill} {clip}/>")
        }
        Shape::Text(label) => text(label),
        Shape::Image { left, top, pixels } => {
            let png = crate::raster::encode(pixels.as_raw(), pixels.width(), pixels.height())?;
            let size = |n: u32| f64::from(n) / PIXELS;
            let place = place(&Area::new(
                *left,
                *top,
                size(pixels.width()),
                size(pixels.height()),
            ));
            format!(
                "<image {place} href=\"data:image/png;base64,{}\"/>",
                STANDARD.encode(png)
            )
        }
    };
    out.push_str(&text);
    Ok(())
}

fn stroke(pen: &Pen) -> String {
    let pattern: Vec<String> = pen
        .stroke
        .pattern()
        .iter()
        .map(ToString::to_string)
        .collect();
    let dash = match &pattern[..] {
        [] => String::new(),
        pattern => format!(" stroke-dasharray=\"{}\"", pattern.join(" ")),
    };
    let (colour, width) = (ink("stroke", pen.colour), pen.width);
    format!("{colour} stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}")
}

fn text(label: &Label) -> String {
    let anchor = match label.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let weight = if label.weight == Weight::Bold {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let turn = if label.turn == Turn::Upward {
        " rotate(-90)"
    } else {
        ""
    };
    let (x, y) = label.at;
    format!(
        "<text transform=\"translate({x:.2} {y:.2}){turn}\" y=\"{:.2}\" font-size=\"{}\"{weight} \
         text-anchor=\"{anchor}\" {}>{}</text>",
        label.drop(),
        label.size,
        ink("fill", label.colour),
        escaped(&label.text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn place(a: &Area) -> String {
    format!(
        "x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\"",
        a.left, a.top, a.width, a.height
    )
}

fn list(points: &[Point]) -> String {
    points
        .iter()
        .map(|(x, y)| format!("{x:.2},{y:.2}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn ink(attribute: &str, colour: Rgba) -> String {
    let [r, g, b, opacity] = colour;
    let solid = format!("{attribute}=\"#{r:02x}{g:02x}{b:02x}\"");
    if opacity == 255 {
        return solid;
    }
    format!(
        "{solid} {attribute}-opacity=\"{:.3}\"",
        f64::from(opacity) / 255.0
    )
}
