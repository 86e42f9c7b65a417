//! Numbers that no run can have.

use crate::config::RunConfig;
use foehn_dynamics::Diffusion;

impl RunConfig {
    /// What is wrong with the numbers, if anything: key, value and remedy.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.train.check()?;
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed = {}: give at most {}", self.seed, i64::MAX));
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
        if sampling.solver.orders().weak.is_none() {
            return Err(format!(
                "sampling.solver = {:?} solves equations without noise only; take \"euler_maruyama\", \
                 \"stochastic_heun\" or \"sra1\"",
                sampling.solver
            ));
        }
        match sampling.diffusion {
            Diffusion::Zero => Err(
                "sampling.diffusion = \"zero\": a flow from one state cannot spread; take \"follmer\" or \
                 \"sigma\""
                    .to_owned(),
            ),
            Diffusion::Constant(g) => positive("sampling.diffusion.constant", g),
            Diffusion::FollmerTimes(g) => positive("sampling.diffusion.follmer_times", g),
            Diffusion::Sigma | Diffusion::Follmer => Ok(()),
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
