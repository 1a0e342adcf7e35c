//! Kubernetes quantities as whole numbers: thousandths of a core, bytes.
//!
//! Suffixes as in <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

/// Why a text is not a quantity that we can count with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a quantity, such as 2, 500m or 16Gi")]
pub struct NotAQuantity {
    /// The text as it was written.
    pub text: String,
}

/// Thousandths of a core, rounded up: `2` is 2000, `500m` is 500.
///
/// # Errors
/// Where the text is no quantity, is negative, or does not fit.
pub fn cpu_millis(text: &str) -> Result<u64, NotAQuantity> {
    scaled(text, 1000)
}

/// Bytes, rounded up: `16Gi` is 17179869184.
///
/// # Errors
/// Where the text is no quantity, is negative, or does not fit.
pub fn bytes(text: &str) -> Result<u64, NotAQuantity> {
    scaled(text, 1)
}

/// Thousandths of a core as a quantity: 2000 is `2`, 500 is `500m`.
pub fn write_cpu(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

/// Bytes as a quantity in the largest binary unit that divides them.
pub fn write_bytes(bytes: u64) -> String {
    for (suffix, unit) in [("Ti", 1_u64 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if bytes > 0 && bytes.is_multiple_of(unit) {
            return format!("{}{suffix}", bytes / unit);
        }
    }
    bytes.to_string()
}

fn scaled(text: &str, by: u128) -> Result<u64, NotAQuantity> {
    parse(text, by).ok_or_else(|| NotAQuantity { text: text.to_owned() })
}

fn parse(text: &str, by: u128) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(split)?;
    // Value = number × numerator / denominator of the suffix.
    let (numerator, denominator): (u128, u128) = match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        _ => {
            let exponent: u32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (10_u128.checked_pow(exponent)?, 1)
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let places = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let top = digits.checked_mul(numerator)?.checked_mul(by)?;
    u64::try_from(top.div_ceil(places.checked_mul(denominator)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suffix_is_understood_and_fractions_round_up() {
        for (text, millis) in
            [("2", 2000), ("500m", 500), ("0.5", 500), ("1.0001", 1001), ("1k", 1_000_000), ("100u", 1)]
        {
            assert_eq!(cpu_millis(text), Ok(millis), "{text}");
        }
        for (text, expected) in [("16Gi", 16 << 30), ("1.5Gi", 3 << 29), ("1e3", 1000), ("1M", 1_000_000), ("0", 0)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_named() {
        for text in ["", ".", "Gi", "-1", "1 Gi", "1gi", "1e", "1e999", "ä", "1.2.3", "99999999Pi"] {
            assert_eq!(bytes(text), Err(NotAQuantity { text: text.into() }), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for value in [0, 1, 1024, 1 << 20, 3 << 29, 5 << 40, 1_000_000] {
            assert_eq!(bytes(&write_bytes(value)), Ok(value));
            assert_eq!(cpu_millis(&write_cpu(value)), Ok(value));
        }
    }
}
