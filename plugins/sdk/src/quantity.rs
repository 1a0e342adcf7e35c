//! Quantities as people write them: for messages and choices, and from options.

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

/// Thousandths of a core in a text such as `2`, `500m` or `1.5`; none where it is no
/// such text, or less than a thousandth.
pub fn read_cpu(text: &str) -> Option<u64> {
    match text.strip_suffix('m') {
        Some(millis) => whole(millis),
        None => read(text, 1000),
    }
    .filter(|millis| *millis > 0)
}

/// Bytes in a text such as `4Gi`, `1.5Gi`, `500M` or `1000`; none where it is no such
/// text, or no byte.
pub fn read_bytes(text: &str) -> Option<u64> {
    let decimal = [(1000_u64.pow(4), "T"), (1000_u64.pow(3), "G"), (1000_u64.pow(2), "M"), (1000, "k")];
    let mut units = UNITS.iter().chain(&decimal);
    let unit = units.find_map(|(unit, name)| Some((text.strip_suffix(name)?, *unit)));
    let (number, unit) = unit.unwrap_or((text, 1));
    read(number, unit).filter(|bytes| *bytes > 0)
}

/// So many of a unit, rounded down; at most nine digits behind the point.
fn read(number: &str, unit: u64) -> Option<u64> {
    let (before, behind) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u128.pow(u32::try_from(behind.len()).ok().filter(|digits| (1..=9).contains(digits))?);
    let all = u128::from(whole(before)?) * scale + u128::from(whole(behind)?);
    u64::try_from(all.checked_mul(unit.into())? / scale).ok()
}

/// Digits and nothing else.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
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

    #[rstest]
    #[case("2", Some(2000))]
    #[case("500m", Some(500))]
    #[case("1.5", Some(1500))]
    #[case("0", None)]
    #[case("0m", None)]
    #[case("", None)]
    #[case("m", None)]
    #[case("1.", None)]
    #[case(".5", None)]
    #[case("-1", None)]
    #[case("+1", None)]
    #[case("1e3", None)]
    fn read_cpu(#[case] text: &str, #[case] millis: Option<u64>) {
        assert_eq!(super::read_cpu(text), millis);
    }

    #[rstest]
    #[case("1000", Some(1000))]
    #[case("4Gi", Some(4 << 30))]
    #[case("1.5Gi", Some(3 << 29))]
    #[case("500M", Some(500_000_000))]
    #[case("1k", Some(1000))]
    #[case("0Gi", None)]
    #[case("Gi", None)]
    #[case("4 Gi", None)]
    #[case("4gb", None)]
    #[case("99999999999999Ti", None)]
    fn read_bytes(#[case] text: &str, #[case] bytes: Option<u64>) {
        assert_eq!(super::read_bytes(text), bytes);
    }
}
