//! Which bytes of a file a request asks for (RFC 9110, section 14). Pure.

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From this byte on, so many.
    From(u64, u64),
    /// Nothing: it asks for what lies behind the end.
    Beyond,
}

/// Reads the header `Range`. One that is not understood, or has several ranges, is left aside,
/// as the standard allows: the whole is sent.
pub(super) fn part(header: Option<&str>, bytes: u64) -> Part {
    let Some((first, last)) = header.and_then(|text| text.trim().strip_prefix("bytes=")?.split_once('-')) else {
        return Part::Whole;
    };
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (number(first), last, number(last)) {
        // The last so many bytes.
        (None, _, Some(0)) if first.is_empty() => Part::Beyond,
        (None, _, Some(count)) if first.is_empty() && bytes > 0 => {
            let count = count.min(bytes);
            Part::From(bytes - count, count)
        }
        (Some(first), "", _) if first < bytes => Part::From(first, bytes - first),
        (Some(first), _, Some(last)) if first <= last && first < bytes => {
            Part::From(first, (last - first).saturating_add(1).min(bytes - first))
        }
        (Some(first), "", _) if first >= bytes => Part::Beyond,
        (Some(first), _, Some(last)) if first <= last => Part::Beyond,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_is_there() {
        for (header, bytes, expected) in [
            (None, 10, Part::Whole),
            (Some("bytes=0-"), 10, Part::From(0, 10)),
            (Some("bytes=4-"), 10, Part::From(4, 6)),
            (Some("bytes=4-5"), 10, Part::From(4, 2)),
            (Some("bytes=4-4"), 10, Part::From(4, 1)),
            (Some("bytes=4-99"), 10, Part::From(4, 6)),
            (Some("bytes=-3"), 10, Part::From(7, 3)),
            (Some("bytes=-99"), 10, Part::From(0, 10)),
            (Some("bytes=-0"), 10, Part::Beyond),
            (Some("bytes=10-"), 10, Part::Beyond),
            (Some("bytes=10-12"), 10, Part::Beyond),
            (Some("bytes=0-"), 0, Part::Beyond),
            (Some("bytes=5-4"), 10, Part::Whole),
            (Some("bytes=0-1,4-5"), 10, Part::Whole),
            (Some("bytes=-"), 10, Part::Whole),
            (Some("bytes=+1-2"), 10, Part::Whole),
            (Some("lines=1-2"), 10, Part::Whole),
            (Some("bytes=18446744073709551615-"), 10, Part::Beyond),
            (Some("bytes=0-18446744073709551615"), 10, Part::From(0, 10)),
            (Some("bytes=99999999999999999999-"), 10, Part::Whole),
        ] {
            assert_eq!(part(header, bytes), expected, "{header:?} {bytes}");
        }
    }
}
