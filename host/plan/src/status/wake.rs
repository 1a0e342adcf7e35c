//! When to try again what stopped, without a stored counter. Pure.

use std::time::Duration;

use codeflare_api::{Reason, Retry};
use jiff::Timestamp;

/// Bounds of the growing delay, in seconds.
const BOUNDS: (u64, u64) = (5, 300);

/// When to come back. The growing delay is the age of the failing condition: it doubles
/// by itself, and a restart of the host changes nothing. It is up to a tenth longer, always
/// the same for the same Run: many Runs that failed together do not come back together.
pub(super) fn after(reason: Reason, since: Timestamp, now: Timestamp, uid: &str) -> Option<Duration> {
    match reason.retry() {
        Retry::OnChange => None,
        Retry::After(time) => Some(time),
        Retry::Backoff => {
            let age = u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0).clamp(BOUNDS.0, BOUNDS.1);
            let spread = uid.bytes().map(u64::from).sum::<u64>() % 100;
            Some(Duration::from_millis(age * (1000 + spread)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_the_age_between_five_seconds_and_five_minutes() {
        for (age, seconds) in
            [(-60, 5), (0, 5), (4, 5), (5, 5), (6, 6), (40, 40), (300, 300), (301, 300), (90_000, 300)]
        {
            let since = Timestamp::UNIX_EPOCH;
            let now = Timestamp::from_second(age).unwrap();
            let expected = Some(Duration::from_secs(seconds));
            assert_eq!(after(Reason::ApiUnavailable, since, now, ""), expected, "{age}");
        }
    }

    #[test]
    fn the_uid_spreads_it_by_less_than_a_tenth() {
        let since = Timestamp::UNIX_EPOCH;
        let now = Timestamp::from_second(100).unwrap();
        // 'a' is 97, 'b' is 98: their sum is 195.
        for (uid, millis) in [("a", 109_700), ("b", 109_800), ("ab", 109_500), ("d", 100_000)] {
            let delay = after(Reason::PluginFailed, since, now, uid);
            assert_eq!(delay, Some(Duration::from_millis(millis)), "{uid}");
        }
    }

    #[test]
    fn what_needs_an_edit_waits_for_it_and_a_fixed_time_is_kept() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(after(Reason::UnknownSize, now, now, "a"), None);
        assert_eq!(after(Reason::PluginWaiting, now, now, "a"), Some(Duration::from_secs(10)));
    }
}
