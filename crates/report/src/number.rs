//! Numbers as people write them: a true minus sign, no trailing noise, powers of ten as superscripts.

/// `exponent` as superscript digits: `-5` becomes `⁻⁵`.
pub(crate) fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| match c {
        '-' => '⁻',
        _ => DIGITS[(c as usize).saturating_sub('0' as usize).min(9)],
    };
    exponent.to_string().chars().map(digit).collect()
}

/// `value` with a fixed number of decimals; zero never carries a sign.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    match text.strip_prefix('-') {
        Some(rest) if zero => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// `value` with `digits` significant digits, as a power of ten outside 10⁻⁴ to 10⁷.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return fixed(value, 0);
    }
    let digits = digits.max(1);
    // through the formatter, because rounding may carry into the next decade
    let rounded = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..7).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return fixed(value, decimals);
    }
    let mantissa = mantissa.replace('-', "−");
    format!("{mantissa}×10{}", superscript(exponent))
}

/// `value` with as few digits as a tick needs: at most six significant ones, no trailing zeros.
pub(crate) fn short(value: f64) -> String {
    let text = significant(value, 6);
    let (head, tail) = text
        .split_once('×')
        .map_or((text.as_str(), ""), |(h, t)| (h, t));
    let head = if head.contains('.') {
        head.trim_end_matches('0').trim_end_matches('.')
    } else {
        head
    };
    match tail {
        "" => head.to_owned(),
        _ if head == "1" => tail.to_owned(),
        _ => format!("{head}×{tail}"),
    }
}

/// Labels of ticks with one number of decimals for all, and the power of ten taken out of them.
pub(crate) fn labels(values: &[f64]) -> (Vec<String>, i32) {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let exponent = match largest {
        m if m == 0.0 || (1e-3..1e6).contains(&m) => 0,
        m => decade(m),
    };
    let scaled: Vec<f64> = values.iter().map(|v| v / 10.0_f64.powi(exponent)).collect();
    let decimals = decimals(&scaled);
    let texts = scaled.iter().map(|&v| fixed(v, decimals)).collect();
    (texts, exponent)
}

/// floor(log10 v), exact at the powers of ten.
pub(crate) fn decade(v: f64) -> i32 {
    let text = format!("{v:e}");
    text.split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0)
}

/// Smallest number of decimals that tells the values apart and shows each to 1e-3 of their spacing.
fn decimals(values: &[f64]) -> usize {
    let spacing = values
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let tolerance = if spacing.is_finite() && spacing > 0.0 {
        1e-3 * spacing
    } else {
        1e-3 * largest
    };
    let shown = |d: usize| {
        let unit = 10.0_f64.powi(d as i32);
        values
            .iter()
            .all(|v| ((v * unit).round() / unit - v).abs() <= tolerance)
    };
    (0..12).find(|&d| shown(d)).unwrap_or(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_by_hand() {
        assert_eq!(fixed(-0.004, 2), "0.00");
        assert_eq!(fixed(-1.5, 1), "−1.5");
        assert_eq!(significant(1.830_4, 3), "1.83");
        assert_eq!(significant(9.996, 3), "10.0");
        assert_eq!(significant(-3.21e-5, 3), "−3.21×10⁻⁵");
        assert_eq!(significant(101_325.0, 3), "101325");
        assert_eq!(superscript(-10), "⁻¹⁰");
        assert_eq!(decade(1000.0), 3);
    }

    #[test]
    fn tick_labels_share_decimals_and_factor() {
        assert_eq!(
            labels(&[0.0, 0.5, 1.0]),
            (vec!["0.0".into(), "0.5".into(), "1.0".into()], 0)
        );
        assert_eq!(
            labels(&[-2e-5, 0.0, 2e-5]),
            (vec!["−2".into(), "0".into(), "2".into()], -5)
        );
        assert_eq!(labels(&[1e6, 1.5e6]).0, ["1.0", "1.5"]);
        assert_eq!(labels(&[990.0, 1000.0]).0, ["990", "1000"]);
    }
}
