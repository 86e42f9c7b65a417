//! The losses of a training, one line a step.

use crate::text_file::write_text;
use anyhow::{Context, Result};
use foehn_training::StepReport;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const HEADER: &str = "step,loss,gradient_norm,learning_rate,validation_loss\n";
/// Steps in the running mean that is printed.
const RECENT: usize = 50;

/// `loss.csv`: rewritten at checkpoints, cut back to the checkpoint on resume.
pub struct LossLog {
    path: PathBuf,
    text: String,
    recent: Vec<f64>,
}

/// The columns of a finished log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossCurve {
    /// Steps and losses of training.
    pub train: (Vec<f64>, Vec<f64>),
    /// Steps and losses of validation.
    pub validation: (Vec<f64>, Vec<f64>),
}

impl LossLog {
    /// Opens the log and drops the lines after step `begun`.
    ///
    /// # Errors
    /// If there is a log that cannot be read.
    pub fn open(path: &Path, begun: usize) -> Result<Self> {
        let mut text = String::from(HEADER);
        if begun > 0 {
            let before = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for line in before.lines().skip(1).take(begun) {
                text.push_str(line);
                text.push('\n');
            }
        }
        Ok(Self {
            path: path.to_owned(),
            text,
            recent: Vec::new(),
        })
    }

    /// Adds one step.
    ///
    /// # Errors
    /// Never in practice: text is formatted.
    pub fn add(&mut self, step: usize, report: &StepReport, validation: Option<f64>) -> Result<()> {
        let validation = validation.map_or(String::new(), |v| format!("{v:.6}"));
        writeln!(
            self.text,
            "{step},{:.6},{:.5},{:.4e},{validation}",
            report.loss, report.gradient_norm, report.rate
        )?;
        self.recent.push(report.loss);
        if self.recent.len() > RECENT {
            self.recent.remove(0);
        }
        Ok(())
    }

    /// Mean loss of the last steps.
    pub fn recent_loss(&self) -> f64 {
        self.recent.iter().sum::<f64>() / self.recent.len().max(1) as f64
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn flush(&self) -> Result<()> {
        write_text(&self.path, &self.text)
    }
}

impl LossCurve {
    /// Reads a log; lines that are not complete are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut curve = Self::default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let [step, loss, _, _, validation] = fields[..] else {
                continue;
            };
            let (Ok(step), Ok(loss)) = (step.parse(), loss.parse()) else {
                continue;
            };
            curve.train.0.push(step);
            curve.train.1.push(loss);
            if let Ok(validation) = validation.parse() {
                curve.validation.0.push(step);
                curve.validation.1.push(validation);
            }
        }
        Ok(curve)
    }
}
