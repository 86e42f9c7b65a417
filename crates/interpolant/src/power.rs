//! Functions with their zeros and poles at the ends written out.

/// `f(t) = t^start (1 - t)^end c(t)` at one `t`, with `c` smooth, known by `c(t)` and `c'(t)`.
///
/// Products, quotients and Wronskians of such functions add and subtract exponents, so that a factor
/// which vanishes above and below a fraction is gone before the fraction is evaluated: nothing is 0/0 at
/// an end unless the limit itself does not exist.
///
/// ```
/// use foehn_interpolant::Power;
/// // beta = t and gamma = t (1 - t): beta' gamma - beta gamma' = t^2, and over beta gamma it is t / t
/// let t = 0.0;
/// let (beta, gamma) = (Power::new([1.0, 0.0], 1.0, 0.0), Power::new([1.0, 1.0], 1.0, 0.0));
/// let ratio = beta.wronskian(gamma, t).over(beta.times(gamma));
/// assert_eq!(ratio.at(t), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    start: f64,
    end: f64,
    value: f64,
    slope: f64,
}

impl Power {
    /// The function that is zero everywhere.
    pub const ZERO: Self = Self::new([0.0, 0.0], 0.0, 0.0);
    /// The function that is one everywhere.
    pub const ONE: Self = Self::new([0.0, 0.0], 1.0, 0.0);

    /// `t^start (1 - t)^end c`, with the exponents `[start, end]`, `value = c(t)` and `slope = c'(t)`.
    pub const fn new([start, end]: [f64; 2], value: f64, slope: f64) -> Self {
        Self {
            start,
            end,
            value,
            slope,
        }
    }

    /// A function about whose ends nothing is known: its value and derivative at this `t`.
    pub const fn plain(value: f64, slope: f64) -> Self {
        Self::new([0.0, 0.0], value, slope)
    }

    /// The smooth part `c(t)`, whose sign is that of the function inside (0, 1).
    pub fn value(self) -> f64 {
        self.value
    }

    /// `f(t)`: infinite or not a number where an uncancelled pole is met.
    pub fn at(self, t: f64) -> f64 {
        if self.vanishes() {
            return 0.0; // whatever the powers
        }
        raise(t, self.start) * raise(1.0 - t, self.end) * self.value
    }

    /// `f g`.
    #[must_use]
    pub fn times(self, g: Self) -> Self {
        if self.vanishes() || g.vanishes() {
            return Self::ZERO;
        }
        Self {
            start: self.start + g.start,
            end: self.end + g.end,
            value: self.value * g.value,
            slope: self.slope * g.value + self.value * g.slope,
        }
    }

    /// `f / g`.
    #[must_use]
    pub fn over(self, g: Self) -> Self {
        if self.vanishes() && g.value != 0.0 {
            return Self::ZERO;
        }
        let value = self.value / g.value;
        Self {
            start: self.start - g.start,
            end: self.end - g.end,
            value,
            slope: (self.slope - value * g.slope) / g.value,
        }
    }

    /// `k f`.
    #[must_use]
    pub fn scaled(self, k: f64) -> Self {
        Self {
            value: k * self.value,
            slope: k * self.slope,
            ..self
        }
    }

    /// `f^(1/2)`.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        Self {
            start: self.start / 2.0,
            end: self.end / 2.0,
            value,
            slope: if self.is_zero() {
                0.0
            } else {
                self.slope / (2.0 * value)
            },
        }
    }

    /// `f + g`, with the smaller of the exponents taken out.
    #[must_use]
    pub fn plus(self, g: Self, t: f64) -> Self {
        if self.is_zero() {
            return g;
        }
        if g.is_zero() {
            return self;
        }
        let exponents = [self.start.min(g.start), self.end.min(g.end)];
        let (a, b) = (self.relative_to(exponents, t), g.relative_to(exponents, t));
        Self::new(exponents, a.0 + b.0, a.1 + b.1)
    }

    /// `f'`; the slope of the result is not known.
    #[must_use]
    pub fn derivative(self, t: f64) -> Self {
        self.wronskian(Self::ONE, t)
    }

    /// `f' g - f g'`, cancelled: `t^(a-1) (1-t)^(b-1) [(da (1-t) - db t) c d + t (1-t) (c' d - c d')]`
    /// with `a`, `b` the sums and `da`, `db` the differences of the exponents; a power is lowered only
    /// where the difference is not zero. The slope of the result is not known.
    #[must_use]
    pub fn wronskian(self, g: Self, t: f64) -> Self {
        if self.vanishes() || g.vanishes() {
            return Self::ZERO;
        }
        let (ds, de) = (self.start - g.start, self.end - g.end);
        let (lower_start, t_left) = if ds == 0.0 { (0.0, 1.0) } else { (1.0, t) };
        let (lower_end, u_left) = if de == 0.0 {
            (0.0, 1.0)
        } else {
            (1.0, 1.0 - t)
        };
        let product = self.value * g.value;
        let slopes = self.slope * g.value - self.value * g.slope;
        Self {
            start: self.start + g.start - lower_start,
            end: self.end + g.end - lower_end,
            value: ds * u_left * product - de * t_left * product + t_left * u_left * slopes,
            slope: f64::NAN,
        }
    }

    /// Whether the function is zero around `t` as well.
    fn vanishes(self) -> bool {
        self.value == 0.0 && self.slope == 0.0
    }

    /// Whether the function is zero at `t`, and around it for all that is known.
    fn is_zero(self) -> bool {
        self.value == 0.0 && (self.slope == 0.0 || self.slope.is_nan())
    }

    /// Value and slope of `f / (t^start (1 - t)^end)`.
    fn relative_to(self, [start, end]: [f64; 2], t: f64) -> (f64, f64) {
        let (k, l, u) = (self.start - start, self.end - end, 1.0 - t);
        let (at_start, at_end) = (raise(t, k), raise(u, l));
        let mut slope = at_start * at_end * self.slope;
        if k != 0.0 {
            slope += k * raise(t, k - 1.0) * at_end * self.value;
        }
        if l != 0.0 {
            slope -= l * at_start * raise(u, l - 1.0) * self.value;
        }
        (at_start * at_end * self.value, slope)
    }
}

/// `x^p`, exact for the exponents that occur.
fn raise(x: f64, p: f64) -> f64 {
    if p == 0.0 {
        1.0
    } else if p == 1.0 {
        x
    } else if p == 0.5 {
        x.sqrt()
    } else if p == 2.0 {
        x * x
    } else {
        x.powf(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `t^a (1 - t)^b (2 + sin t)`.
    fn wave(a: f64, b: f64, t: f64) -> Power {
        Power::new([a, b], 2.0 + t.sin(), t.cos())
    }

    #[test]
    fn derivatives_are_those_of_the_function() {
        const H: f64 = 1e-6;
        for (a, b) in [(0.0, 0.0), (1.0, 0.0), (0.5, 2.0), (2.0, 0.5)] {
            for t in [0.1, 0.4, 0.9] {
                let f = |t: f64| wave(a, b, t).at(t);
                let slope = (f(t + H) - f(t - H)) / (2.0 * H);
                assert!((wave(a, b, t).derivative(t).at(t) - slope).abs() < 1e-8);
                let sum = |t: f64| wave(a, b, t).plus(Power::new([1.0, 1.0], 3.0, 0.0), t);
                let slope = (sum(t + H).at(t + H) - sum(t - H).at(t - H)) / (2.0 * H);
                assert!((sum(t).derivative(t).at(t) - slope).abs() < 1e-8);
                let root = |t: f64| wave(a, b, t).sqrt();
                let slope = (root(t + H).at(t + H) - root(t - H).at(t - H)) / (2.0 * H);
                assert!((root(t).derivative(t).at(t) - slope).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn quotients_cancel_at_the_ends() {
        let f = Power::new([1.0, 2.0], 3.0, 0.0);
        let g = Power::new([1.0, 2.0], 2.0, 0.0);
        assert_eq!(f.over(g).at(0.0), 1.5);
        assert_eq!(f.over(g).at(1.0), 1.5);
        assert_eq!(f.at(0.0), 0.0);
        assert!(Power::ONE.over(f).at(0.0).is_infinite());
    }
}
