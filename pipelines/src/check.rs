//! Numbers that no run can have.

use crate::config::RunConfig;
use foehn_dynamics::Diffusion;
use foehn_forecast::{Method, Spacing};

impl RunConfig {
    /// What is wrong with the numbers, if anything: key, value and remedy.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.train.check()?;
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed = {}: give at most {}", self.seed, i64::MAX));
        }
        if let Some(count) = self.network.classes {
            return Err(format!(
                "network.classes = {count}: states have no classes; leave it out"
            ));
        }
        self.check_sampling()?;
        not_negative(
            "interpolant.condition_noise",
            self.interpolant.condition_noise,
        )?;
        let path = self.interpolant.path();
        path.map_err(|error| format!("interpolant: {error}"))?;
        at_least(1, "forecast.members", self.forecast.members)?;
        at_least(1, "forecast.leads", self.forecast.leads)?;
        at_least(1, "forecast.batch", self.forecast.batch)?;
        self.check_tune()?;
        if let Some(members) = self.verify.climatology_members {
            at_least(1, "verify.climatology_members", members)?;
        }
        self.verify
            .window_days
            .map_or(Ok(()), |days| not_negative("verify.window_days", days))
    }

    fn check_sampling(&self) -> Result<(), String> {
        let sampling = &self.sampling;
        at_least(1, "sampling.steps", sampling.steps)?;
        if let Some(inflation) = sampling.inflation {
            not_negative("sampling.inflation", inflation)?;
        }
        if let Spacing::Power(exponent) = sampling.spacing {
            positive("sampling.spacing.power", exponent)?;
        }
        sampling
            .spacing
            .grid(sampling.steps)
            .map_err(|error| format!("sampling.spacing: {error}"))?;
        match sampling.diffusion {
            Diffusion::Zero if sampling.solver != Method::Exponential => Err(format!(
                "sampling.diffusion = \"zero\": the flow from one state cannot spread by steps of {:?}; take \
                 sampling.solver = \"exponential\", or the diffusion \"follmer\" or \"sigma\"",
                sampling.solver
            )),
            Diffusion::Constant(g) => positive("sampling.diffusion.constant", g),
            Diffusion::FollmerTimes(g) => positive("sampling.diffusion.follmer_times", g),
            Diffusion::Zero | Diffusion::Sigma | Diffusion::Follmer => Ok(()),
        }
    }

    fn check_tune(&self) -> Result<(), String> {
        let tune = &self.tune;
        for factor in &tune.inflation {
            positive("tune.inflation", *factor)?;
        }
        if tune.inflation.is_empty() {
            return Ok(());
        }
        // the spread of one member is nothing
        at_least(2, "tune.members", tune.members)?;
        at_least(1, "tune.leads", tune.leads)
    }
}

fn at_least(least: usize, key: &str, value: usize) -> Result<(), String> {
    if value >= least {
        Ok(())
    } else {
        Err(format!("{key} = {value}: give at least {least}"))
    }
}

fn not_negative(key: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(format!("{key} = {value} must be finite and at least 0"))
    }
}

fn positive(key: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(format!("{key} = {value} must be finite and above 0"))
    }
}
