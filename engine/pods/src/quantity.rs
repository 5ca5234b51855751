//! Quantities of Kubernetes: `100m`, `1.5`, `2Gi`, `1e3`.

/// The value, in thousandths.
#[must_use]
pub fn milli(text: &str) -> Option<i128> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let factor = match suffix {
        "" => 1e3,
        "n" => 1e-6,
        "u" => 1e-3,
        "m" => 1.0,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "T" => 1e15,
        "P" => 1e18,
        "E" => 1e21,
        "Ki" => 1024e3,
        "Mi" => 1024_f64.powi(2) * 1e3,
        "Gi" => 1024_f64.powi(3) * 1e3,
        "Ti" => 1024_f64.powi(4) * 1e3,
        "Pi" => 1024_f64.powi(5) * 1e3,
        "Ei" => 1024_f64.powi(6) * 1e3,
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?) * 1e3,
    };
    let number: f64 = number.parse().ok()?;
    // Enough for every quantity of a machine; Kubernetes rounds up as well.
    Some((number * factor).ceil() as i128)
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities_are_read() {
        for (text, milli) in [
            ("100m", 100),
            ("1", 1000),
            ("1.5", 1500),
            ("1Ki", 1_024_000),
            ("2Gi", 2_147_483_648_000),
            ("1e3", 1_000_000),
            ("1k", 1_000_000),
        ] {
            assert_eq!(super::milli(text), Some(milli), "{text}");
        }
        assert_eq!(super::milli("lots"), None);
    }
}
