//! An inspection as text.

use super::{Inspection, VariableReport};
use crate::scores::lead_name;

impl Inspection {
    /// The inspection as text.
    pub fn text(&self) -> String {
        let mut lines = vec![self.path.clone()];
        let roles = self.dimensions.iter().filter(|d| d.role != "other");
        let roles: Vec<String> = roles.map(|d| format!("{} is {}", d.name, d.role)).collect();
        if !roles.is_empty() {
            lines.push(format!("  dimensions: {}", roles.join(", ")));
        }
        if let Some(t) = &self.time {
            let step = t
                .step_seconds
                .map_or(String::new(), |s| format!(", step {}", lead_name(s)));
            let range = match t.count {
                0 => "no times yet".to_owned(),
                1 => format!("{}, one time", t.first),
                n => format!("{} to {}, {n} times", t.first, t.last),
            };
            lines.push(format!(
                "  {}: {range}{step}, calendar {}",
                t.name, t.calendar
            ));
            for (after, before) in &t.gap_between {
                lines.push(format!("    gap: nothing between {after} and {before}"));
            }
        }
        if let Some(l) = &self.leads {
            lines.push(format!(
                "  {}: {} leads, {} to {}",
                l.name,
                l.count,
                lead_name(l.first_seconds),
                lead_name(l.last_seconds)
            ));
        }
        if let Some(g) = &self.grid {
            lines.push(format!(
                "  grid: {} x {}, {}, y {} to {}, x {} to {}",
                g.shape.0,
                g.shape.1,
                g.kind.replace('_', " "),
                g.y.0,
                g.y.1,
                g.x.0,
                g.x.1
            ));
        }
        lines.extend(self.variables.iter().map(line));
        lines.push(format!("  in all {} as f32", size(self.bytes)));
        lines.extend(self.warnings.iter().map(|w| format!("  warning: {w}")));
        lines.join("\n")
    }
}

/// Bytes in the unit that suits them.
fn size(bytes: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let fits = units.iter().find(|(_, unit)| bytes as f64 >= *unit);
    fits.map_or(format!("{bytes} B"), |(name, unit)| {
        format!("{:.1} {name}", bytes as f64 / unit)
    })
}

fn line(v: &VariableReport) -> String {
    let dims: Vec<String> = v
        .dimensions
        .iter()
        .map(|(d, n)| format!("{d} {n}"))
        .collect();
    let units = v
        .units
        .as_ref()
        .map_or(String::new(), |u| format!(" [{u}]"));
    let chunks = v
        .chunks
        .as_ref()
        .map_or(String::new(), |c| format!(", chunks {c:?}"));
    let statistics = v.statistics.as_ref().map_or(String::new(), |s| {
        format!(
            "\n      mean {:.6}, deviation {:.6}, from {:.6} to {:.6}, {:.3} % missing",
            s.mean,
            s.deviation,
            s.minimum,
            s.maximum,
            100.0 * s.missing_share
        )
    });
    format!(
        "  {}{units}: {} ({}), {} as f32{chunks}{statistics}",
        v.name,
        v.dtype,
        dims.join(", "),
        size(v.bytes)
    )
}
