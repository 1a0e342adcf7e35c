//! Quantities as people write them, for messages and choices.

const UNITS: [(u64, &str); 4] = [(1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];

/// Bytes in the largest unit that shows them exactly: `4Gi`, `1536Mi`, `1000`.
pub fn bytes(bytes: u64) -> String {
    let fits = UNITS.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match fits {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// Thousandths of a core: `2`, `500m`.
pub fn cpu(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case(0, "0")]
    #[case(1000, "1000")]
    #[case(1 << 10, "1Ki")]
    #[case(3 << 29, "1536Mi")]
    #[case(4 << 30, "4Gi")]
    #[case((4 << 30) + 1, "4294967297")]
    #[case(2 << 40, "2Ti")]
    fn bytes(#[case] count: u64, #[case] text: &str) {
        assert_eq!(super::bytes(count), text);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(500, "500m")]
    #[case(1500, "1500m")]
    #[case(2000, "2")]
    fn cpu(#[case] millis: u64, #[case] text: &str) {
        assert_eq!(super::cpu(millis), text);
    }
}
