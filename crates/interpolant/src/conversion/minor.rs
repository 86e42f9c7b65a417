//! Minors of two rows, with what cancels between them left out.

use super::frame::{Basis, Frame};
use super::row::{Kind, Row};
use crate::power::Power;
use crate::target::Target;

impl Frame {
    /// `|Q, R|` for rows that are not proportional.
    pub(super) fn minor(&self, (from, q): (Target, &Row), (to, r): (Target, &Row)) -> Power {
        if q.kind != Kind::Both || r.kind != Kind::Both {
            // one of the products is zero
            let left = q.data.times(r.second);
            return left.plus(r.data.times(q.second).scaled(-1.0), self.t);
        }
        match (from, to) {
            (Target::AngularVelocity, _) => self.minor_with_angular(r),
            (_, Target::AngularVelocity) => self.minor_with_angular(q).scaled(-1.0),
            _ => self
                .path
                .d_beta
                .times(self.excess(from).plus(self.excess(to).scaled(-1.0), self.t)),
        }
    }

    /// The product of the row `beta' D - product s` beyond that of the transport velocity (Gaussian
    /// start) or of the drift (Föllmer), so that minors of two velocities are single terms.
    fn excess(&self, target: Target) -> Power {
        match (self.basis, target, self.path.sigma) {
            (Basis::Gaussian, Target::Velocity, _) => self.gamma_d_gamma,
            // gamma gamma' = t sigma sigma' + sigma^2 / 2
            (_, Target::Velocity, Some(sigma)) => sigma.times(sigma).scaled(0.5),
            _ => Power::ZERO,
        }
    }

    /// `|angular velocity, beta' D - m s| = latent (m + beta beta')`; over `E[x0]`,
    /// `-(alpha alpha' + beta beta')`.
    fn minor_with_angular(&self, velocity: &Row) -> Power {
        let beta = self.path.beta;
        let of_data = beta.times(velocity.data);
        if self.basis == Basis::Noiseless {
            return self.alpha_d_alpha.plus(of_data, self.t).scaled(-1.0);
        }
        let product = velocity.second.scaled(-1.0);
        self.latent.times(product.plus(of_data, self.t))
    }
}
