//! One forecast case: an ensemble, its truth, weights and mask.

use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};

use crate::ScoreError;

/// One ensemble forecast and what happened.
///
/// # Shapes
/// `members` (M, ny, nx); all others (ny, nx). Points without a grid: [`Case::points`].
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Initial time in seconds, which names the case.
    pub init: i64,
    /// The members.
    pub members: ArrayView3<'a, f32>,
    /// The truth.
    pub truth: ArrayView2<'a, f32>,
    /// Positive weights, such as cell areas.
    pub weights: ArrayView2<'a, f64>,
    /// True where the point is not to be scored; all else must be finite.
    pub missing: Option<ArrayView2<'a, bool>>,
}

impl<'a> Case<'a> {
    /// A case of scattered points: members (M, points), all others (points).
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is as cheap as a reference to it"
    )]
    pub fn points(
        init: i64,
        members: ArrayView2<'a, f32>,
        truth: ArrayView1<'a, f32>,
        weights: ArrayView1<'a, f64>,
        missing: Option<ArrayView1<'a, bool>>,
    ) -> Self {
        Self {
            init,
            members: members.insert_axis(Axis(1)),
            truth: truth.insert_axis(Axis(0)),
            weights: weights.insert_axis(Axis(0)),
            missing: missing.map(|mask| mask.insert_axis(Axis(0))),
        }
    }

    pub(crate) fn check(&self, members: usize, shape: (usize, usize)) -> Result<(), ScoreError> {
        let found = self.members.dim();
        if found.0 != members {
            return Err(ScoreError::Members {
                init: self.init,
                expected: members,
                found: found.0,
            });
        }
        let mask = self.missing.map_or(shape, |mask| mask.dim());
        for (what, found) in [
            ("members", (found.1, found.2)),
            ("truth", self.truth.dim()),
            ("weights", self.weights.dim()),
            ("mask", mask),
        ] {
            if found != shape {
                return Err(ScoreError::Shape {
                    what,
                    init: self.init,
                    expected: shape,
                    found,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn is_missing(&self, point: (usize, usize)) -> bool {
        self.missing.is_some_and(|mask| mask[point])
    }

    pub(crate) fn weight(&self, point: (usize, usize)) -> Result<f64, ScoreError> {
        let value = self.weights[point];
        if value.is_finite() && value > 0.0 {
            return Ok(value);
        }
        Err(ScoreError::Weight {
            value,
            init: self.init,
            point,
        })
    }

    /// Writes `x_i - y` of one point; refuses what is not finite.
    pub(crate) fn deviations(
        &self,
        point: (usize, usize),
        out: &mut [f64],
    ) -> Result<(), ScoreError> {
        let refuse = |what, value| ScoreError::NotFinite {
            what,
            value,
            init: self.init,
            point,
        };
        let y = self.truth[point];
        if !y.is_finite() {
            return Err(refuse("the truth", y));
        }
        for (member, d) in out.iter_mut().enumerate() {
            let x = self.members[(member, point.0, point.1)];
            if !x.is_finite() {
                return Err(refuse("a member", x));
            }
            *d = f64::from(x) - f64::from(y);
        }
        Ok(())
    }
}
