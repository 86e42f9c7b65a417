//! The upper tail of the chi-square law.

use statrs::function::gamma::gamma_ur;

/// `P(chi^2_n > x)`; n may be any positive number.
pub(crate) fn survival(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 || degrees <= 0.0 {
        return 1.0;
    }
    gamma_ur(degrees / 2.0, x / 2.0)
}

#[cfg(test)]
mod tests {
    use super::survival;

    #[test]
    fn agrees_with_closed_forms_and_quantiles() {
        for x in [0.1, 1.0, 7.0, 60.0] {
            let exact = (-x / 2.0f64).exp();
            assert!(
                (survival(x, 2.0) - exact).abs() < 1e-13 * exact.max(1e-3),
                "{x}"
            );
        }
        // The 95 % quantiles of the printed tables.
        for (x, degrees) in [
            (3.841_458_820_694_124, 1.0),
            (11.070_497_693_516_351, 5.0),
            (18.307_038_053_275_146, 10.0),
            (67.504_806_549_541_2, 50.0),
        ] {
            assert!((survival(x, degrees) - 0.05).abs() < 1e-12, "{degrees}");
        }
        assert_eq!(survival(0.0, 3.0), 1.0);
        assert!(survival(4000.0, 2000.0) < 1e-100);
        // scipy.stats.chi2.sf(8.5, 6.3)
        assert!((survival(8.5, 6.3) - 0.228_514_773_832_377_17).abs() < 1e-12);
    }
}
