//! Quantities as rows over the two unknowns.

use super::frame::{Basis, Frame};
use crate::power::Power;
use crate::schedule::Factors;
use crate::target::Target;

/// Which of the unknowns a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Second,
    Both,
}

/// A quantity as a combination of the unknowns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// Weight of `E[x1]`.
    pub(super) data: Power,
    /// Weight of the second unknown.
    pub(super) second: Power,
    /// Weight of the `x0` that is seen.
    pub(super) start: Power,
    /// The minor with the row of `x`.
    pub(super) with_x: Power,
}

/// Numerator and denominator of the ratio of two rows that hold the same one unknown.
pub(super) fn proportional(q: &Row, r: &Row) -> Option<(Power, Power)> {
    match (q.kind, r.kind) {
        (Kind::Data, Kind::Data) => Some((r.data, q.data)),
        (Kind::Second, Kind::Second) => Some((r.second, q.second)),
        _ => None,
    }
}

impl Frame {
    /// The quantity in the unknowns; `None` where it is not defined.
    pub(super) fn row(&self, target: Target) -> Option<Row> {
        match self.basis {
            Basis::Noiseless => self.row_without_noise(target),
            Basis::Gaussian => match target {
                Target::Start => Some(self.second(self.path.alpha.scaled(-1.0))),
                Target::Transport => Some(self.transport_from_gaussian()),
                _ => self.row_with_noise(target),
            },
            Basis::Start | Basis::Mirror | Basis::Unknown => match target {
                Target::Start if self.basis == Basis::Start => Some(Row {
                    start: Power::ONE,
                    ..self.data(Power::ZERO)
                }),
                Target::Start => None,
                Target::Transport => Some(Row {
                    start: self.seen(self.d_alpha),
                    ..self.data(self.path.d_beta)
                }),
                Target::Data => Some(self.data(Power::ONE)),
                _ if self.noiseless => None,
                _ => self.row_with_noise(target),
            },
        }
    }

    /// Rows over `E[x1]` and the score.
    fn row_with_noise(&self, target: Target) -> Option<Row> {
        let path = &self.path;
        match target {
            Target::Data => Some(self.data(Power::ONE)),
            Target::Score => Some(self.second(Power::ONE)),
            Target::Noise | Target::AngularVelocity if self.latent.value() == 0.0 => None,
            Target::Noise => Some(self.second(self.latent.scaled(-1.0))),
            Target::Velocity => {
                let product = self.n.times(self.n).derivative(self.t).scaled(0.5);
                let with_x = self.n.times(path.beta.wronskian(self.n, self.t));
                Some(self.velocity(product, with_x.scaled(-1.0)))
            }
            Target::Drift => {
                let sigma = path.sigma?;
                // gamma = sigma sqrt(t)
                let time = Power::new([1.0, 0.0], 1.0, 0.0);
                let product = time.times(sigma).times(sigma.derivative(self.t));
                let wronskian = path.beta.wronskian(sigma, self.t);
                let with_x = time.times(sigma).times(wronskian).scaled(-1.0);
                Some(self.velocity(product, with_x))
            }
            Target::AngularVelocity => Some(Row {
                kind: Kind::Both,
                data: self.latent.scaled(-1.0),
                second: path.beta.times(self.latent).scaled(-1.0),
                start: Power::ZERO,
                with_x: self.latent.times(self.n_squared_plus_beta_squared()),
            }),
            Target::Start | Target::Transport => None,
        }
    }

    /// Rows over `E[x1]` and `E[x0]`.
    fn row_without_noise(&self, target: Target) -> Option<Row> {
        let (alpha, beta) = (self.path.alpha, self.path.beta);
        let row = |kind, data, second, with_x| Row {
            kind,
            data,
            second,
            start: Power::ZERO,
            with_x,
        };
        let start = row(Kind::Second, Power::ZERO, Power::ONE, beta.scaled(-1.0));
        match target {
            Target::Data => Some(row(Kind::Data, Power::ONE, Power::ZERO, alpha)),
            Target::Start => Some(start),
            Target::Noise if self.one_sided => Some(start),
            Target::Velocity | Target::Transport => {
                let wronskian = beta.wronskian(alpha, self.t);
                Some(row(Kind::Both, self.path.d_beta, self.d_alpha, wronskian))
            }
            Target::AngularVelocity if self.one_sided => {
                let squares = alpha.times(alpha).plus(beta.times(beta), self.t);
                Some(row(
                    Kind::Both,
                    alpha.scaled(-1.0),
                    beta,
                    squares.scaled(-1.0),
                ))
            }
            _ => None,
        }
    }

    fn data(&self, weight: Power) -> Row {
        let n2 = self.n.times(self.n);
        Row {
            kind: Kind::Data,
            data: weight,
            second: Power::ZERO,
            start: Power::ZERO,
            with_x: weight.times(n2).scaled(-1.0),
        }
    }

    fn second(&self, weight: Power) -> Row {
        Row {
            kind: Kind::Second,
            data: Power::ZERO,
            second: weight,
            start: Power::ZERO,
            with_x: weight.times(self.path.beta).scaled(-1.0),
        }
    }

    /// `beta' D - product s`.
    fn velocity(&self, product: Power, with_x: Power) -> Row {
        Row {
            kind: Kind::Both,
            data: self.path.d_beta,
            second: product.scaled(-1.0),
            start: self.seen(self.d_alpha),
            with_x,
        }
    }

    /// `beta' D - alpha alpha' s`; its minor with `x` is `-alpha |beta, alpha| - beta' gamma^2`.
    fn transport_from_gaussian(&self) -> Row {
        let Factors {
            alpha, beta, gamma, ..
        } = self.path;
        let of_start = alpha.times(beta.wronskian(alpha, self.t));
        let of_latent = self.path.d_beta.times(gamma.times(gamma));
        let with_x = of_start.plus(of_latent, self.t).scaled(-1.0);
        self.velocity(self.alpha_d_alpha, with_x)
    }

    /// What multiplies an `x0` that is seen.
    fn seen(&self, weight: Power) -> Power {
        match self.basis {
            Basis::Start => weight,
            _ => Power::ZERO,
        }
    }

    fn n_squared_plus_beta_squared(&self) -> Power {
        let beta = self.path.beta;
        self.n.times(self.n).plus(beta.times(beta), self.t)
    }
}
