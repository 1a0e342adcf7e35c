//! What a Plugin shows: how far it came (Fetched, Verified, Compiled, SettingsValid), and
//! whether it serves (Ready). Pure.
//!
//! Ready tells of the object as it is written now. While that cannot serve, the last good
//! version goes on: Ready is False then, for the reason that the newest has, and its
//! message and `status.digest` tell which one serves. It is also False while what serves is
//! held back.

use codeflare_api::plugin::LogLine;
use codeflare_api::{Condition, PluginStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

/// Longest message, in characters.
const LONGEST: usize = 1024;

/// A step on the way to serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Fetched,
    Verified,
    Compiled,
    SettingsValid,
}

impl Step {
    const ALL: [Step; 4] = [Step::Fetched, Step::Verified, Step::Compiled, Step::SettingsValid];

    fn name(self) -> &'static str {
        match self {
            Step::Fetched => "Fetched",
            Step::Verified => "Verified",
            Step::Compiled => "Compiled",
            Step::SettingsValid => "SettingsValid",
        }
    }
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stage {
    step: Step,
    done: bool,
    reason: String,
    message: String,
}

/// How far a Plugin came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress(Vec<Stage>);

/// Why a Plugin, as it is written, does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) reason: String,
    pub(super) why: String,
}

impl Progress {
    /// A step is done.
    pub(super) fn done(&mut self, step: Step, reason: &str, message: &str) {
        self.0.push(Stage { step, done: true, reason: reason.to_owned(), message: message.to_owned() });
    }

    /// A step could not be done, which is why the Plugin does not serve.
    pub(super) fn failed(&mut self, step: Step, reason: &str, why: String) -> Trouble {
        self.0.push(Stage { step, done: false, reason: reason.to_owned(), message: why.clone() });
        Trouble { reason: reason.to_owned(), why }
    }
}

/// What came of loading a Plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    generation: Option<i64>,
    progress: Progress,
    trouble: Option<Trouble>,
}

impl Outcome {
    /// What came of loading this generation.
    pub(super) fn new(generation: Option<i64>, progress: Progress, trouble: Option<Trouble>) -> Outcome {
        Outcome { generation, progress, trouble }
    }

    /// Why this generation does not serve; empty where it does.
    pub(super) fn trouble(&self) -> &str {
        self.trouble.as_ref().map_or("", |trouble| &trouble.why)
    }
}

/// The part of a Plugin's status that the catalog writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    digest: Option<String>,
    version: Option<String>,
    conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_generation: Option<i64>,
    pub(super) log: Vec<LogLine>,
}

impl Shown {
    /// What an object shows already.
    pub(super) fn of(status: &PluginStatus) -> Shown {
        Shown {
            role: status.role.clone(),
            digest: status.digest.clone(),
            version: status.version.clone(),
            conditions: status.conditions.clone(),
            observed_generation: status.observed_generation,
            log: status.log.clone(),
        }
    }
}

/// What serves.
#[derive(Clone, Debug)]
pub(super) struct Serves<'a> {
    pub(super) digest: &'a str,
    /// Version that it says of itself.
    pub(super) version: &'a str,
    /// Why it is held back; none where it is not.
    pub(super) held: Option<String>,
}

/// What a Plugin of this role shows next; equal to what it shows where nothing has changed.
/// Its log is not touched.
pub(super) fn next(role: &str, outcome: &Outcome, serves: Option<&Serves<'_>>, old: &Shown, now: Timestamp) -> Shown {
    let mut conditions: Vec<_> = Step::ALL
        .into_iter()
        .map(|step| match outcome.progress.0.iter().find(|stage| stage.step == step) {
            Some(stage) => (step.name(), if stage.done { "True" } else { "False" }, &*stage.reason, &*stage.message),
            None => (step.name(), "Unknown", "NotReached", "another step has failed"),
        })
        .map(|(type_, status, reason, message)| condition(old, outcome, (type_, status, reason), message, now))
        .collect();
    let (status, reason, message) = ready(outcome, serves);
    conditions.push(condition(old, outcome, ("Ready", status, reason), &message, now));
    // Nothing serves yet, or cannot be read now: what served last stays named, so that it
    // can be found again.
    let last = (old.role.as_deref() == Some(role)).then_some(old);
    Shown {
        role: Some(role.to_owned()),
        digest: serves.map(|serves| serves.digest.to_owned()).or_else(|| last?.digest.clone()),
        version: serves.map(|serves| serves.version.to_owned()).or_else(|| last?.version.clone()),
        conditions,
        observed_generation: outcome.generation,
        log: old.log.clone(),
    }
}

/// Status, reason and message of Ready.
fn ready<'a>(outcome: &'a Outcome, serves: Option<&Serves<'_>>) -> (&'static str, &'a str, String) {
    match (&outcome.trouble, serves) {
        (None, Some(Serves { held: Some(held), .. })) => ("False", "HeldBack", held.clone()),
        (None, _) => ("True", "Serving", String::new()),
        (Some(Trouble { reason, why }), None) => ("False", reason, why.clone()),
        (Some(Trouble { reason, why }), Some(Serves { digest, held, .. })) => {
            let why: String = why.chars().take(LONGEST / 2).collect();
            let held = held.as_ref().map(|held| format!(", {held}")).unwrap_or_default();
            ("False", reason, format!("{why}; meanwhile {digest} serves, its last good version{held}"))
        }
    }
}

fn condition(
    old: &Shown,
    outcome: &Outcome,
    (type_, status, reason): (&str, &str, &str),
    message: &str,
    now: Timestamp,
) -> Condition {
    let before = old.conditions.iter().find(|condition| condition.type_ == type_ && condition.status == status);
    // As the API server keeps it: whole seconds.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.chars().take(LONGEST).collect(),
        observed_generation: outcome.generation,
        last_transition_time: before.map_or(Time(now), |before| before.last_transition_time.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("should be a time")
    }

    fn lines(shown: &Shown) -> Vec<String> {
        let line = |one: &Condition| format!("{}={} {} {}", one.type_, one.status, one.reason, one.message);
        shown.conditions.iter().map(|one| line(one).trim_end().to_owned()).collect()
    }

    fn good() -> Outcome {
        let mut progress = Progress::default();
        Step::ALL.into_iter().for_each(|step| progress.done(step, "Done", ""));
        Outcome::new(Some(1), progress, None)
    }

    fn one(version: &str) -> Option<Serves<'_>> {
        Some(Serves { digest: "sha256:1", version, held: None })
    }

    fn bad(generation: i64) -> Outcome {
        let mut progress = Progress::default();
        progress.done(Step::Fetched, "Fetched", "");
        let trouble = progress.failed(Step::Verified, "DigestMismatch", "other bytes".into());
        Outcome::new(Some(generation), progress, Some(trouble))
    }

    #[test]
    fn every_step_is_told_and_one_that_was_not_reached_is_unknown() {
        let first = next("Launcher", &bad(1), None, &Shown::default(), at(1));
        assert_eq!(
            lines(&first),
            [
                "Fetched=True Fetched",
                "Verified=False DigestMismatch other bytes",
                "Compiled=Unknown NotReached another step has failed",
                "SettingsValid=Unknown NotReached another step has failed",
                "Ready=False DigestMismatch other bytes",
            ]
        );
        assert_eq!((&first.digest, first.observed_generation), (&None, Some(1)));
        assert_eq!((first.role.as_deref(), first.version), (Some("Launcher"), None));
    }

    #[test]
    fn while_the_newest_is_bad_the_last_good_serves_and_ready_says_which() {
        let serving = next("Launcher", &good(), one("0.1.0").as_ref(), &Shown::default(), at(1));
        assert_eq!(lines(&serving).last().map(String::as_str), Some("Ready=True Serving"));
        let after = next("Launcher", &bad(2), one("0.1.0").as_ref(), &serving, at(2));
        let ready = "Ready=False DigestMismatch other bytes; meanwhile sha256:1 serves, its last good version";
        assert_eq!(lines(&after).last().map(String::as_str), Some(ready));
        assert_eq!((after.digest.as_deref(), after.observed_generation), (Some("sha256:1"), Some(2)));
        assert_eq!(after.version.as_deref(), Some("0.1.0"), "of what serves");
        // Also where a host that was just started cannot say yet what serves.
        let restarted = next("Launcher", &bad(2), None, &after, at(3));
        assert_eq!(restarted.digest.as_deref(), Some("sha256:1"));
        // In another role it never served.
        assert_eq!(next("SizingPolicy", &bad(3), None, &after, at(3)).digest, None);
    }

    #[test]
    fn one_that_is_held_back_is_not_ready_until_it_answers_again() {
        let held = Some(Serves { held: Some("held back until noon".into()), ..one("1").expect("should serve") });
        let then = next("Launcher", &good(), held.as_ref(), &Shown::default(), at(1));
        assert_eq!(lines(&then).last().map(String::as_str), Some("Ready=False HeldBack held back until noon"));
        let both = next("Launcher", &bad(2), held.as_ref(), &then, at(1));
        assert!(
            lines(&both).last().is_some_and(|line| line.contains("DigestMismatch") && line.ends_with("until noon"))
        );
        let after = next("Launcher", &good(), one("1").as_ref(), &then, at(2));
        assert_eq!(lines(&after).last().map(String::as_str), Some("Ready=True Serving"));
    }

    #[test]
    fn a_time_moves_with_the_status_only_and_nothing_new_is_equal() {
        let first = next("Launcher", &good(), one("1").as_ref(), &Shown::default(), at(1));
        assert_eq!(next("Launcher", &good(), one("1").as_ref(), &first, at(9)), first);
        let then = next("Launcher", &bad(2), one("1").as_ref(), &first, at(9));
        let times: Vec<_> = then.conditions.iter().map(|one| one.last_transition_time.0.as_second()).collect();
        assert_eq!(times, [1, 9, 9, 9, 9]);
    }
}
