//! Whether a plugin that keeps failing is asked at all. Pure.
//!
//! It is held back after several failures in a row, of several Runs: one Run that it fails
//! on takes it away from nobody else, and is repeated less and less often by itself. When
//! the time is up one call tries it; an answer lets everybody ask again, another failure
//! doubles the time.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

/// Failures in a row after which a plugin is held back.
const FAILURES: usize = 5;
/// Runs that must have had them.
const RUNS: usize = 3;
/// For how long it is held back at first.
const FIRST: Duration = Duration::from_secs(10);
/// For how long it is held back at most.
const LONGEST: Duration = Duration::from_secs(600);
/// A trial that has not ended by then is lost, and another call may try: no call takes
/// as long.
const TRIAL: Duration = Duration::from_secs(120);
/// Longest account of the last failure, in characters.
const WORDS: usize = 400;

/// How a plugin does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// Failures since the last answer, and the Runs that had them.
    failures: usize,
    runs: BTreeSet<String>,
    held: Option<Hold>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hold {
    until: Timestamp,
    wait: Duration,
    /// When the call that tries it began.
    trial: Option<Timestamp>,
    /// The last failure.
    last: String,
}

/// What a call changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// It is held back from now on, for this long.
    Held(Duration),
    /// It is asked again.
    Back,
}

impl Health {
    /// Whether it may be asked now. Whoever asks when the time is up tries it for all.
    ///
    /// # Errors
    /// Why it is not asked, in words that stay the same until it is tried.
    pub(super) fn ask(&mut self, now: Timestamp) -> Result<(), String> {
        self.held_back(now).map_or(Ok(()), Err)?;
        if let Some(hold) = &mut self.held {
            hold.trial = Some(now);
        }
        Ok(())
    }

    /// Why it is not to be asked now.
    pub(super) fn held_back(&self, now: Timestamp) -> Option<String> {
        let hold = self.held.as_ref()?;
        let waits = now < hold.until || hold.trial.is_some_and(|began| now < after(began, TRIAL));
        waits.then(|| self.words()).flatten()
    }

    /// What there is to say of it while it is held back, and until it has answered again.
    pub(super) fn words(&self) -> Option<String> {
        let Hold { until, last, .. } = self.held.as_ref()?;
        let failures = self.failures;
        Some(format!(
            "held back until {until} after {failures} failures in a row, then one call tries it; the last one: {last}"
        ))
    }

    /// It has answered.
    pub(super) fn answered(&mut self) -> Turn {
        let turn = if self.held.is_some() { Turn::Back } else { Turn::None };
        *self = Health::default();
        turn
    }

    /// The call that was made says nothing of it: the host could not make it.
    pub(super) fn undecided(&mut self) {
        if let Some(hold) = &mut self.held {
            hold.trial = None;
        }
    }

    /// It has failed on a Run.
    pub(super) fn failed(&mut self, run: &str, why: &str, now: Timestamp) -> Turn {
        self.failures = self.failures.saturating_add(1);
        let last: String = why.chars().take(WORDS).collect();
        let wait = match &self.held {
            // Begun before it was held back.
            Some(hold) if hold.trial.is_none() => return Turn::None,
            Some(hold) => hold.wait.saturating_mul(2).min(LONGEST),
            None => {
                self.runs.insert(run.to_owned());
                if self.failures < FAILURES || self.runs.len() < RUNS {
                    return Turn::None;
                }
                FIRST
            }
        };
        let until = after(now, wait);
        // Whole seconds, up: that is how it is told.
        let until = Timestamp::from_second(until.as_second().saturating_add(1)).unwrap_or(until);
        self.held = Some(Hold { until, wait, trial: None, last });
        Turn::Held(until.duration_since(now).unsigned_abs())
    }
}

fn after(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("should be a time")
    }

    /// One that three Runs have failed on at this second.
    fn held(second: i64) -> Health {
        let mut health = Health::default();
        let turns: Vec<_> = ["a", "b", "c", "a", "b"].map(|run| health.failed(run, "it panicked", at(second))).into();
        assert_eq!(turns.iter().filter(|turn| **turn != Turn::None).count(), 1, "{turns:?}");
        health
    }

    #[test]
    fn it_is_held_back_after_failures_in_a_row_of_several_runs_only() {
        let rows: [(&str, &[&str], bool); 6] = [
            ("one Run", &["a", "a", "a", "a", "a", "a", "a"], false),
            ("two Runs", &["a", "b", "a", "b", "a", "b"], false),
            ("too few", &["a", "b", "c", "d"], false),
            ("enough", &["a", "b", "c", "d", "e"], true),
            ("three Runs", &["a", "a", "a", "b", "c"], true),
            // `!` stands for an answer.
            ("an answer between", &["a", "b", "c", "d", "!", "e"], false),
        ];
        for (what, calls, expected) in rows {
            let mut health = Health::default();
            for call in calls {
                if *call == "!" {
                    health.answered();
                } else {
                    health.failed(call, "it panicked", at(1));
                }
            }
            assert_eq!(health.held_back(at(2)).is_some(), expected, "{what}");
        }
    }

    #[test]
    fn when_the_time_is_up_one_call_tries_it_for_all() {
        let mut health = held(100);
        let why = health.ask(at(105)).expect_err("should wait");
        assert!(
            why.contains("1970-01-01T00:01:51Z") && why.contains("5 failures") && why.contains("it panicked"),
            "{why}"
        );
        assert_eq!(health.held_back(at(110)).as_ref(), Some(&why), "other words for the same");
        assert_eq!(health.ask(at(111)), Ok(()));
        assert_eq!(health.ask(at(112)), Err(why), "two calls try it");
        assert_eq!(health.answered(), Turn::Back);
        assert_eq!((health.ask(at(112)), health.words()), (Ok(()), None));
    }

    #[test]
    fn each_trial_that_fails_doubles_the_time_up_to_a_bound() {
        let mut health = held(0);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..9 {
            while health.ask(at(now)).is_err() {
                now += 1;
            }
            let Turn::Held(wait) = health.failed("a", "still", at(now)) else { unreachable!("it was on trial") };
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [21, 41, 81, 161, 321, 601, 601, 601, 601]);
        assert!(health.words().is_some_and(|words| words.contains("14 failures") && words.contains("still")));
    }

    #[test]
    fn a_call_that_began_before_it_was_held_back_changes_nothing_but_by_an_answer() {
        let mut health = held(0);
        assert_eq!(health.failed("d", "late", at(3)), Turn::None);
        assert_eq!(health.answered(), Turn::Back);
    }

    #[test]
    fn a_trial_that_is_lost_makes_room_for_another() {
        let mut health = held(0);
        assert_eq!(health.ask(at(20)), Ok(()));
        assert!(health.ask(at(100)).is_err());
        assert_eq!(health.ask(at(140)), Ok(()));
        // As does one that the host could not make.
        assert!(health.ask(at(141)).is_err());
        health.undecided();
        assert_eq!(health.ask(at(141)), Ok(()));
    }
}
