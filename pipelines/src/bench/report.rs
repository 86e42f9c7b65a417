//! The numbers, and how they are printed.

use super::ScalingRow;
use serde::Serialize;
use std::fmt::Write;

/// What a configuration costs on a machine; the times behind it are medians, but of the matrix product the least.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// The run.
    pub name: String,
    /// Rows and columns.
    pub grid: [usize; 2],
    /// The network's line.
    pub network: String,
    /// Its weights.
    pub weights: usize,
    /// Multiply-adds of a sample's forward pass, convolutions counted directly.
    pub multiply_adds: usize,
    /// Workers of one thread.
    pub threads: usize,
    /// Rounds of which each time is the median.
    pub rounds: usize,
    /// Large products of 32-bit matrices, one a thread; the last has all threads and is the peak of the shares.
    pub matrix: Vec<MatrixRate>,
    /// Calls of the network by their size.
    pub calls: Vec<CallRate>,
    /// The size with the most samples a second.
    pub best_batch: usize,
    /// The run's sampler.
    pub forecast: ForecastRate,
    /// The run's training.
    pub training: TrainingRate,
    /// Its data; none if they are not there.
    pub reading: Option<ReadingRate>,
    /// Other grids and widths; empty where they were not asked for.
    pub scaling: Vec<ScalingRow>,
}

/// A matrix product.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MatrixRate {
    /// Threads.
    pub threads: usize,
    /// 10^9 operations a second.
    pub gflops: f64,
}

/// Calls of the network, one at a time on every worker.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallRate {
    /// Samples in a call.
    pub batch: usize,
    /// Calls a second, of all workers.
    pub calls_per_second: f64,
    /// Samples a second.
    pub samples_per_second: f64,
    /// 10^9 operations a second.
    pub gflops: f64,
    /// Of the matrix product's rate.
    pub share_of_peak: f64,
}

/// Forecasts, without reading and writing.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ForecastRate {
    /// Members that a worker forecasts together.
    pub batch: usize,
    /// Calls of the network from one state to the next.
    pub calls_a_lead: usize,
    /// Members x leads a minute.
    pub members_leads_per_minute: f64,
    /// 10^9 operations a second, those of the network.
    pub gflops: f64,
    /// Of the matrix product's rate.
    pub share_of_peak: f64,
}

/// Training, without reading.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrainingRate {
    /// Samples of a step.
    pub batch_size: usize,
    /// Samples that a worker takes together.
    pub micro_batch: usize,
    /// Samples a second.
    pub samples_per_second: f64,
    /// 10^9 operations a second, those of the network forward and backward.
    pub gflops: f64,
    /// Of the matrix product's rate.
    pub share_of_peak: f64,
}

/// States from file to memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ReadingRate {
    /// States of a round.
    pub states: usize,
    /// States a second.
    pub states_per_second: f64,
    /// 10^9 bytes a second, counted when decoded to 32-bit floats.
    pub gb_per_second: f64,
}

impl BenchReport {
    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = self.head();
        text += "samples a call   calls a second   samples a second   GFLOP/s   of the product\n";
        for rate in &self.calls {
            let best = if rate.batch == self.best_batch {
                "  best"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "{:14} {:16.1} {:18.1} {:9.1} {:14.0} %{best}",
                rate.batch,
                rate.calls_per_second,
                rate.samples_per_second,
                rate.gflops,
                100.0 * rate.share_of_peak,
            );
        }
        let (f, t) = (&self.forecast, &self.training);
        let _ = writeln!(
            text,
            "forecast: {:.0} members x leads a minute ({} calls a lead, {} members together): {:.1} GFLOP/s, {:.0} %",
            f.members_leads_per_minute,
            f.calls_a_lead,
            f.batch,
            f.gflops,
            100.0 * f.share_of_peak,
        );
        let _ = writeln!(
            text,
            "training: {:.1} samples a second (steps of {}, {} together): {:.1} GFLOP/s, {:.0} %",
            t.samples_per_second,
            t.batch_size,
            t.micro_batch,
            t.gflops,
            100.0 * t.share_of_peak,
        );
        text + &self.read() + &self.scale()
    }

    fn scale(&self) -> String {
        let Some(first) = self.scaling.first() else {
            return String::new();
        };
        let mut text = "\ngrid        channels           Mmadd   ms a sample   times the work   times the time   GFLOP/s   of the product".to_owned();
        for row in &self.scaling {
            let [ny, nx] = row.grid;
            let channels: Vec<_> = row.channels.iter().map(ToString::to_string).collect();
            let _ = write!(
                text,
                "\n{:11} {:16} {:7.1} {:13.2} {:16.2} {:16.2} {:9.1} {:14.0} %",
                format!("{ny}x{nx}"),
                channels.join(" "),
                1e-6 * row.multiply_adds as f64,
                1e3 * row.seconds,
                row.multiply_adds as f64 / first.multiply_adds as f64,
                row.seconds / first.seconds,
                row.gflops,
                100.0 * row.share_of_peak,
            );
        }
        text
    }

    fn read(&self) -> String {
        match &self.reading {
            None => "reading: the data are not there".to_owned(),
            Some(r) => format!(
                "reading: {:.3} GB/s, {:.0} states a second ({} states, one thread)",
                r.gb_per_second, r.states_per_second, r.states
            ),
        }
    }

    fn head(&self) -> String {
        let [ny, nx] = self.grid;
        let mut text = format!(
            "{}: {ny} x {nx}, {} threads, medians of {}\n{}\n{} weights, {:.1} million multiply-adds a sample\n",
            self.name,
            self.threads,
            self.rounds,
            self.network,
            self.weights,
            1e-6 * self.multiply_adds as f64,
        );
        for rate in &self.matrix {
            let threads = rate.threads;
            let _ = writeln!(
                text,
                "matrix product, {threads} thread(s), fastest: {:.1} GFLOP/s",
                rate.gflops
            );
        }
        text
    }
}
