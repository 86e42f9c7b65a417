//! The order of members across places, variables and leads: ECC and the Schaake shuffle.
//!
//! Post-processing gives a law for every margin. A joint ensemble needs an order: member 3 warm here, is it warm there
//! too? [`shuffle`] takes it from a [`Template`], such as the raw members (ECC) or past observations (Schaake).

#![expect(
    clippy::needless_pass_by_value,
    reason = "a view is as cheap as a reference to it"
)]

use foehn_noise::Key;
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::Law;
use crate::special::cumulative;

/// Values (members, margins) whose ranks, margin by margin, are the order to take over.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a>(pub ArrayView2<'a, f64>);

/// Why members cannot be ordered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DependenceError {
    /// Members and template of different shape.
    #[error("members of shape {members:?}, template of shape {template:?} (members, margins)")]
    Shape {
        /// Of the members.
        members: [usize; 2],
        /// Of the template.
        template: [usize; 2],
    },
    /// A missing value, which has no rank.
    #[error("{what}: member {member} of margin {margin} is not finite; leave out what is missing")]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// The member.
        member: usize,
        /// The margin.
        margin: usize,
    },
}

/// Members (members, margins) of every margin in the order of the template's ranks there; ties of the template at
/// random by the key, the same way at no two margins.
///
/// - ECC-Q: the members are equidistant quantiles ([`Law::members`]), the template the raw members.
/// - Schaake: the template is the observations of as many past dates.
///
/// ```
/// use foehn_calibration::{Template, shuffle};
/// use foehn_noise::{Key, Purpose};
/// use ndarray::array;
/// let raw = array![[3.0, 30.0], [1.0, 20.0], [2.0, 40.0]];
/// let quantiles = array![[0.1, 0.7], [0.2, 0.8], [0.3, 0.9]];
/// let ecc = shuffle(quantiles.view(), Template(raw.view()), Key::new(1, Purpose::Ties))?;
/// assert_eq!(ecc, array![[0.3, 0.8], [0.1, 0.7], [0.2, 0.9]]);
/// # Ok::<(), foehn_calibration::DependenceError>(())
/// ```
///
/// # Errors
/// Arrays of different shape, a value that is not finite.
///
/// # Reference
/// Schefzik, Thorarinsdottir and Gneiting (2013), Stat. Sci. 28, 616; Clark et al. (2004), J. Hydrometeorol. 5, 243.
pub fn shuffle(
    members: ArrayView2<'_, f64>,
    template: Template<'_>,
    key: Key,
) -> Result<Array2<f64>, DependenceError> {
    let shape = |a: &ArrayView2<'_, f64>| [a.nrows(), a.ncols()];
    if shape(&members) != shape(&template.0) {
        return Err(DependenceError::Shape {
            members: shape(&members),
            template: shape(&template.0),
        });
    }
    check_finite("the members", members)?;
    check_finite("the template", template.0)?;
    let mut ordered = Array2::zeros(members.raw_dim());
    for (margin, mut column) in ordered.columns_mut().into_iter().enumerate() {
        let mut sorted = members.column(margin).to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let order = order(template.0.column(margin), key.member(margin as u32));
        for (value, member) in sorted.into_iter().zip(order) {
            column[member] = value;
        }
    }
    Ok(ordered)
}

/// ECC-T: member i of a margin is `F^-1(Phi((x_i - mean)/s))`, the law's quantile at the level that the raw member has
/// in a normal law fitted to the raw members; the raw order stays, and so does their unevenness.
///
/// `raw` holds (members, margins), `laws` one a margin. Raw members without spread stand at equidistant levels, in an
/// order of the key.
///
/// # Errors
/// Another number of laws than of margins, a raw value that is not finite.
///
/// # Reference
/// Schefzik, Thorarinsdottir and Gneiting (2013), Stat. Sci. 28, 616.
pub fn transformation(
    laws: &[Law],
    raw: ArrayView2<'_, f64>,
    key: Key,
) -> Result<Array2<f64>, DependenceError> {
    let count = raw.nrows();
    if laws.len() != raw.ncols() {
        let template = [count, raw.ncols()];
        return Err(DependenceError::Shape {
            members: [count, laws.len()],
            template,
        });
    }
    check_finite("the raw members", raw)?;
    let mut out = Array2::zeros(raw.raw_dim());
    for (margin, mut column) in out.columns_mut().into_iter().enumerate() {
        let values = raw.column(margin);
        let mean = values.sum() / count as f64;
        let square =
            values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count as f64 - 1.0).max(1.0);
        // Seventy members can hold one whose level is 1 in double precision, an infinite value.
        let level = |i: usize| {
            cumulative((values[i] - mean) / square.sqrt())
                .clamp(f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0)
        };
        if square > 0.0 {
            column
                .iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x = laws[margin].quantile(level(i)));
        } else {
            let order = order(values, key.member(margin as u32));
            for (value, member) in laws[margin].members(count).into_iter().zip(order) {
                column[member] = value;
            }
        }
    }
    Ok(out)
}

/// The members from lowest to highest; equal ones in a random order.
fn order(values: ArrayView1<'_, f64>, key: Key) -> Vec<usize> {
    let mut order = key.permutation(values.len());
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

fn check_finite(what: &'static str, values: ArrayView2<'_, f64>) -> Result<(), DependenceError> {
    let found = values.indexed_iter().find(|(_, x)| !x.is_finite());
    found.map_or(Ok(()), |((member, margin), _)| {
        Err(DependenceError::NotFinite {
            what,
            member,
            margin,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use foehn_noise::Purpose;

    /// 99 members at 0 and one at 1 stand 9.9 deviations off: the value is far out and finite, on both sides.
    #[test]
    fn an_outlying_member_is_finite() {
        let law = Law::Normal {
            location: 2.0,
            scale: 3.0,
        };
        for outlier in [1.0, -1.0] {
            let raw = Array2::from_shape_fn((100, 1), |(i, _)| if i == 0 { outlier } else { 0.0 });
            let key = Key::new(1, Purpose::Ties);
            let found =
                transformation(std::slice::from_ref(&law), raw.view(), key).expect("members");
            // The quantile of 1 - 2^-53 is 8.2 deviations.
            let far = (found[[0, 0]] - 2.0) / 3.0 * outlier;
            assert!((8.0..9.0).contains(&far), "{far}");
        }
    }
}
