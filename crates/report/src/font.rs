//! Text without the machine's fonts: measured and outlined from a built-in face (Noto Sans, OFL 1.1).

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, OutlineBuilder};

use crate::error::FigureError;

/// How heavy the letters are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

#[derive(Clone)]
pub(crate) struct Font {
    regular: Face<'static>,
    bold: Face<'static>,
}

/// A letter as drawn: superscripts are the plain digit, smaller and raised, so that all look alike
/// (the face has some of them only).
struct Letter {
    plain: char,
    scale: f64,
    rise: f64,
}

impl Letter {
    fn of(c: char) -> Self {
        let small = |plain, rise| Self {
            plain,
            scale: 0.68,
            rise,
        };
        match c {
            '⁻' => small('−', 0.33),
            '⁺' => small('+', 0.33),
            '¹' => small('1', 0.33),
            '²' => small('2', 0.33),
            '³' => small('3', 0.33),
            '⁰' | '⁴'..='⁹' => small(shifted(c, '⁰'), 0.33),
            '₀'..='₉' => small(shifted(c, '₀'), -0.14),
            _ => Self {
                plain: c,
                scale: 1.0,
                rise: 0.0,
            },
        }
    }
}

fn shifted(c: char, zero: char) -> char {
    char::from_u32('0' as u32 + c as u32 - zero as u32).unwrap_or(c)
}

impl Font {
    pub fn load() -> Result<Self, FigureError> {
        Ok(Self {
            regular: Face::parse(notosans::REGULAR_TTF, 0)?,
            bold: Face::parse(notosans::BOLD_TTF, 0)?,
        })
    }

    fn face(&self, weight: Weight) -> &Face<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Width of one line of text at `size` units to the em.
    pub fn width(&self, text: &str, size: f64, weight: Weight) -> f64 {
        let face = self.face(weight);
        let em = f64::from(face.units_per_em());
        text.chars()
            .map(Letter::of)
            .map(|l| advance(face, &l) * size / em)
            .sum()
    }

    /// Outline of one line of text that starts at the origin, baseline at y = 0, y down.
    pub fn outline(&self, text: &str, size: f64, weight: Weight) -> Option<Path> {
        let face = self.face(weight);
        let scale = size / f64::from(face.units_per_em());
        let mut pen = Pen {
            builder: PathBuilder::new(),
            x: 0.0,
            y: 0.0,
            scale: 0.0,
        };
        let mut x = 0.0;
        for letter in text.chars().map(Letter::of) {
            pen.x = x as f32;
            pen.y = (-letter.rise * size) as f32;
            pen.scale = (scale * letter.scale) as f32;
            face.outline_glyph(face.glyph_index(letter.plain).unwrap_or_default(), &mut pen);
            x += advance(face, &letter) * scale;
        }
        pen.builder.finish()
    }

    /// Breaks text at spaces so that no line is wider than `limit`; a longer word is cut.
    pub fn wrap(&self, text: &str, size: f64, weight: Weight, limit: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&longer, size, weight) <= limit {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if self.width(&line, size, weight) > limit && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// Advance of a letter in font units.
fn advance(face: &Face<'static>, letter: &Letter) -> f64 {
    let glyph = face.glyph_index(letter.plain).unwrap_or_default();
    f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * letter.scale
}

/// Moves glyph outlines (y up, font units) to the page (y down).
struct Pen {
    builder: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (x1, y1) = self.at(x1, y1);
        let (x, y) = self.at(x, y);
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (x1, y1) = self.at(x1, y1);
        let (x2, y2) = self.at(x2, y2);
        let (x, y) = self.at(x, y);
        self.builder.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_fit_and_keep_every_letter() {
        let font = Font::load().unwrap();
        let text =
            "area-weighted root-mean-square error of the ensemble mean averylongwordthatmustbecut";
        let lines = font.wrap(text, 12.0, Weight::Regular, 120.0);
        assert!(lines.len() > 3);
        for line in &lines {
            assert!(font.width(line, 12.0, Weight::Regular) <= 120.0, "{line}");
        }
        let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(text));
    }

    #[test]
    fn every_sign_that_figures_use_has_a_glyph() {
        let font = Font::load().unwrap();
        for c in "0123456789−×·°µσΔζω≤≥≈±÷–—…⁻⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂äöüéñ%".chars()
        {
            let plain = Letter::of(c).plain;
            assert!(
                font.regular.glyph_index(plain).is_some() && font.bold.glyph_index(plain).is_some(),
                "{c}"
            );
        }
    }
}
