//! One HTML file that holds everything: text, tables, figures, provenance. No scripts, no network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::drawing::PIXELS;
use crate::error::PageError;
use crate::table::Table;

/// A page in the making: parts appear in the order in which they are added. All text is escaped.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Section(String),
    Paragraph(String),
    Table(Table),
    Figures(Vec<(String, Vec<u8>)>),
    Details { summary: String, text: String },
    Provenance(Vec<(String, String)>),
}

impl Page {
    /// Empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            parts: Vec::new(),
        }
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Heading of a section.
    #[must_use]
    pub fn section(self, heading: impl Into<String>) -> Self {
        self.with(Part::Section(heading.into()))
    }

    /// Paragraph of text.
    #[must_use]
    pub fn paragraph(self, text: impl Into<String>) -> Self {
        self.with(Part::Paragraph(text.into()))
    }

    /// Table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.with(Part::Table(table))
    }

    /// Figure with its caption, from the bytes of a PNG; the caption is its text for readers who cannot see it.
    #[must_use]
    pub fn figure(self, caption: impl Into<String>, png: Vec<u8>) -> Self {
        self.with(Part::Figures(vec![(caption.into(), png)]))
    }

    /// Figures side by side where the window is wide enough: caption and PNG of each.
    #[must_use]
    pub fn figures(self, figures: Vec<(String, Vec<u8>)>) -> Self {
        self.with(Part::Figures(figures))
    }

    /// Text that opens on request, set as it is: the configuration of a run.
    #[must_use]
    pub fn details(self, summary: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(Part::Details {
            summary: summary.into(),
            text: text.into(),
        })
    }

    /// What made the page: version, date, command, seed, checksums, each with its name.
    #[must_use]
    pub fn provenance(self, entries: Vec<(String, String)>) -> Self {
        self.with(Part::Provenance(entries))
    }

    /// The HTML document.
    ///
    /// # Errors
    /// A table row of the wrong length, or a figure that is not a PNG.
    pub fn render(&self) -> Result<String, PageError> {
        let parts = self
            .parts
            .iter()
            .map(Part::render)
            .collect::<Result<Vec<Markup>, PageError>>()?;
        // nothing may be loaded: a page that holds all it shows works from any disk
        let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(include_str!("page.css"))) }
                }
                body {
                    h1 { (self.title) }
                    @for part in &parts { (part) }
                }
            }
        };
        Ok(page.into_string())
    }
}

impl Part {
    fn render(&self) -> Result<Markup, PageError> {
        Ok(match self {
            Self::Section(heading) => html! { h2 { (heading) } },
            Self::Paragraph(text) => html! { p { (text) } },
            Self::Table(table) => table.render()?,
            Self::Details { summary, text } => {
                html! { details { summary { (summary) } pre { (text) } } }
            }
            Self::Provenance(entries) => html! {
                dl { @for (name, value) in entries { dt { (name) } dd { (value) } } }
            },
            Self::Figures(figures) => {
                let figures = figures
                    .iter()
                    .map(figure)
                    .collect::<Result<Vec<Markup>, PageError>>()?;
                match &figures[..] {
                    [only] => only.clone(),
                    several => html! { div.row { @for one in several { (one) } } },
                }
            }
        })
    }
}

fn figure((caption, png): &(String, Vec<u8>)) -> Result<Markup, PageError> {
    let (width, height) = size(png).ok_or_else(|| PageError::NotPng {
        caption: caption.clone(),
    })?;
    let nominal = |pixels: u32| (f64::from(pixels) / PIXELS).round();
    let source = format!("data:image/png;base64,{}", STANDARD.encode(png));
    Ok(html! {
        figure {
            img src=(source) alt=(caption) width=(nominal(width)) height=(nominal(height));
            figcaption { (caption) }
        }
    })
}

/// Width and height that a PNG states in its first chunk.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let (signature, rest) = png.split_first_chunk::<8>()?;
    let number = |range| {
        Some(u32::from_be_bytes(
            <[u8; 4]>::try_from(rest.get(range)?).ok()?,
        ))
    };
    (*signature == *b"\x89PNG\r\n\x1a\n").then_some((number(8..12)?, number(12..16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Cell, Column};

    #[test]
    fn nothing_gets_through_unescaped() {
        let evil = "<script>alert(\"1\")</script> & 'co'";
        let table = Table {
            caption: evil.into(),
            columns: vec![Column::new(evil, evil)],
            rows: vec![vec![evil.into()]],
            notes: vec![evil.into()],
        };
        let png = crate::raster::encode(&[0; 12], 2, 2).unwrap();
        let page = Page::new(evil)
            .section(evil)
            .paragraph(evil)
            .table(table)
            .figure(evil, png)
            .details(evil, evil);
        let html = page
            .provenance(vec![(evil.into(), evil.into())])
            .render()
            .unwrap();
        assert!(!html.contains("<script"));
        assert_eq!(
            html.matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 'co'")
                .count(),
            15
        );
        assert!(!html.contains("http://") && !html.contains("https://"));
    }

    #[test]
    fn numbers_follow_their_column() {
        let table = Table {
            caption: "Scores".into(),
            columns: vec![
                Column::new("lead", "d").decimals(0),
                Column::new("CRPS", "hPa").decimals(2),
                Column::new("E", ""),
            ],
            rows: vec![
                vec![Cell::Number(1.0), 1.8345.into(), 3.2e-5.into()],
                vec!["all".into(), Cell::Missing, f64::NAN.into()],
            ],
            notes: vec![],
        };
        let html = table.render().unwrap().into_string();
        for part in [
            "<th class=\"number\" scope=\"row\">1</th>",
            ">1.83</td>",
            ">3.20×10⁻⁵</td>",
            ">–</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let ragged = Table {
            rows: vec![vec![]],
            ..table
        };
        assert!(matches!(
            ragged.render(),
            Err(PageError::RowLength {
                row: 0,
                expected: 3,
                found: 0,
                ..
            })
        ));
    }

    #[test]
    fn figures_are_embedded_at_their_nominal_size() {
        let png = crate::raster::encode(&[255; 3 * 20 * 10], 20, 10).unwrap();
        let html = Page::new("t").figure("c", png).render().unwrap();
        assert!(
            html.contains("src=\"data:image/png;base64,iVBOR")
                && html.contains("width=\"10\" height=\"5\"")
        );
        let error = Page::new("t")
            .figure("c", b"GIF89a".to_vec())
            .render()
            .unwrap_err();
        assert!(error.to_string().contains("figure `c` is not a PNG"));
    }
}
