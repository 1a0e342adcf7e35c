//! Step 10, status: what the Run shows, and when to come back. Pure.
//!
//! The status of a Run that has ended is final. Texts are stable, so that a wake-up that
//! finds nothing new writes nothing; times are whole seconds, as the API server keeps them.

use std::borrow::Cow;
use std::time::Duration;

use codeflare_api::run::{Exit, Launch, Phase};
use codeflare_api::{Condition, ConditionType, Reason, Run, RunStatus};
use codeflare_documents::launcher::{Observation, ObservationMore};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::diagnose::{Diagnosis, diagnose, unprepared};
use crate::live::{End, Next, Outcome, RunEvent, Situation};
use crate::observe::of_attempt;
use crate::plan::Record;
use crate::stop::Stop;
pub(crate) use fit::word;
use fit::{cut, fit};

mod fit;
mod launch;
mod wake;

/// Longest message of a status and note of an event, in bytes.
const LONGEST: usize = 1024;
/// Longest message of a condition: the status has the whole.
const LONGEST_IN_CONDITION: usize = 512;

/// What a Run says until its pods run: in these words, whoever says it, so that a launch
/// is told of by one write.
const STARTING: &str = "launched; its pods are on their way";

/// The Run's next status. A Run that has ended stays as it is.
pub fn next(run: &Run, outcome: &Outcome<'_>, now: Timestamp) -> Next {
    let old = run.status.clone().unwrap_or_default();
    if old.phase.is_some_and(Phase::is_terminal) {
        return Next { status: old, events: Vec::new(), wake: None };
    }
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let mut status = old.clone();
    status.observed_generation = run.metadata.generation;
    let mut draft = Draft { run, old: &old, status, now, warning: false };
    let wake = draft.outcome(outcome);
    let warning = draft.warning;
    let status = fit(draft.status);
    Next { events: event(&old, &status, warning).into_iter().collect(), status, wake }
}

/// A status that is being written.
struct Draft<'a> {
    run: &'a Run,
    old: &'a RunStatus,
    status: RunStatus,
    now: Timestamp,
    /// Whether somebody should look at what the status says.
    warning: bool,
}

impl Draft<'_> {
    fn outcome(&mut self, outcome: &Outcome<'_>) -> Option<Duration> {
        match outcome {
            Outcome::Stopped(stop) => self.stopped(stop),
            Outcome::Held => {
                let message = "planned; it is launched when spec.suspend is taken back";
                self.say(Phase::Suspended, Reason::Suspended.as_str(), message);
                self.reached(ConditionType::Planned);
                None
            }
            Outcome::WaitingForPods(record) => {
                self.waiting(record);
                None
            }
            Outcome::Launched { situation, primary, end, trouble } => {
                self.launched(situation, primary.as_ref());
                match (end, trouble) {
                    (Some(end), _) => self.end(end, situation),
                    (None, Some(stop)) => return self.troubled(stop),
                    (None, None) => {}
                }
                None
            }
        }
    }

    fn stopped(&mut self, stop: &Stop) -> Option<Duration> {
        let reason = stop.reason();
        let message = stop.message();
        // Waiting for one's turn, or for what is on its way, is nothing to look at.
        self.warning = !matches!(reason, Reason::PluginBusy | Reason::FetchingSource);
        // A record that was lost or changed cannot be executed, nor planned again.
        if matches!(reason, Reason::RecordForged | Reason::RecordGone) {
            self.before(stop.step);
            self.condition(stop.step, "False", reason.as_str(), &message);
            self.say(Phase::Failed, reason.as_str(), &message);
            self.finished(ConditionType::Failed, reason.as_str(), &message);
            return None;
        }
        // Whoever was launched goes on; the condition tells what is wrong beside it.
        let launched = self.old.launch.as_ref().and_then(|launch| launch.object.as_ref());
        if launched.is_some_and(|object| object.uid.is_some()) {
            self.done(stop.step);
        } else {
            self.before(stop.step);
        }
        let phase = self.old.phase.filter(|_| launched.is_some()).unwrap_or(Phase::Pending);
        self.say(phase, reason.as_str(), &message);
        self.condition(stop.step, "False", reason.as_str(), &message);
        self.wake(stop)
    }

    /// The attempt before must be gone first. What made it fail stays to be read.
    fn waiting(&mut self, record: &Record) {
        if self.old.launch.as_ref().is_none_or(|launch| launch.attempt != record.plan.attempt) {
            self.status.workers = Some(launch::none_ready(&record.plan));
            self.status.start_time = None;
        }
        self.status.launch = Some(launch::of(record, None));
        self.reached(ConditionType::Recorded);
        self.warning = true;
        if self.old.reason.as_deref() != Some(Reason::Retrying.as_str()) {
            let message = format!("attempt {} starts once what is left of the one before is gone", record.plan.attempt);
            self.say(Phase::Restarting, Reason::Retrying.as_str(), &message);
        }
    }

    fn launched(&mut self, situation: &Situation<'_>, primary: Option<&String>) {
        let seen = |launch: &Launch| (launch.attempt, launch.object.as_ref().and_then(|object| object.uid.clone()));
        let fresh = self.old.launch.as_ref().map(seen) != Some((situation.plan().attempt, primary.cloned()));
        self.status.launch = Some(launch::of(situation.record, primary.cloned()));
        self.reached(ConditionType::Launched);
        if fresh {
            self.say(Phase::Starting, Reason::Starting.as_str(), STARTING);
            self.status.workers = Some(launch::none_ready(situation.plan()));
            self.status.start_time = None;
        }
        if let Some(observation) = situation.observation {
            self.observed(situation, observation);
        }
    }

    fn observed(&mut self, situation: &Situation<'_>, observation: &Observation) {
        let phase = match observation.phase.as_str() {
            "Queued" => Phase::Queued,
            "Starting" => Phase::Starting,
            "Running" => Phase::Running,
            "Restarting" => Phase::Restarting,
            "Suspended" => Phase::Suspended,
            // The end is decided by act: another attempt may follow. A word that we do
            // not know changes nothing.
            _ => self.status.phase.unwrap_or(Phase::Starting),
        };
        let reason = word(&observation.reason).map_or_else(|| format!("{phase:?}"), str::to_owned);
        let usual = phase == Phase::Starting && reason == Reason::Starting.as_str();
        self.say(phase, &reason, &beside(if usual { STARTING } else { &observation.message }, situation.aside));
        let pods = || of_attempt(situation.pods, situation.run, situation.plan().attempt);
        let found = match phase {
            // A pod that could not be prepared may be made anew, again and again. One that was
            // replaced is no trouble of a Run that goes on.
            Phase::Starting => diagnose(pods()).or_else(|| {
                unprepared(pods()).map(|(reason, message)| Diagnosis { reason: reason.as_str().to_owned(), message })
            }),
            Phase::Running => diagnose(pods()),
            _ => None,
        };
        if let Some(found) = found {
            self.warning = true;
            self.say(phase, &found.reason, &beside(&found.message, situation.aside));
        }
        let (ready, total) = observation.roles.iter().fold((0_u32, 0_u32), |(ready, total), role| {
            (ready.saturating_add(role.ready), total.saturating_add(role.total))
        });
        self.status.dashboard = dashboard(situation, observation);
        if !observation.roles.is_empty() {
            self.status.workers = Some(format!("{ready}/{total}"));
        }
        match phase {
            // As Job's: a resume starts the clock anew.
            Phase::Suspended | Phase::Queued => self.status.start_time = None,
            Phase::Running if self.status.start_time.is_none() => self.status.start_time = Some(Time(self.now)),
            _ => {}
        }
    }

    /// It goes on, but nobody can read how it does.
    fn troubled(&mut self, stop: &Stop) -> Option<Duration> {
        let reason = stop.reason();
        // Others are before it at the plugin: what it said last holds until it has its turn.
        if reason == Reason::PluginBusy {
            return self.wake(stop);
        }
        let message = stop.message();
        self.warning = true;
        self.say(self.status.phase.unwrap_or(Phase::Starting), reason.as_str(), &message);
        self.condition(stop.step, "False", reason.as_str(), &message);
        self.wake(stop)
    }

    fn end(&mut self, end: &End, situation: &Situation<'_>) {
        match end {
            End::Succeeded => {
                let said = situation.observation.map_or("", |observation| observation.message.as_str());
                self.warning = false;
                self.say(
                    Phase::Succeeded,
                    Reason::Succeeded.as_str(),
                    if said.is_empty() { "it ended well" } else { said },
                );
                self.finished(ConditionType::Succeeded, Reason::Succeeded.as_str(), "");
                self.status.exit = Some(Exit { code: Some(0) });
            }
            End::Failed { cause, message, exit_code } => {
                self.warning = true;
                self.say(Phase::Failed, cause.as_str(), message);
                self.finished(ConditionType::Failed, cause.as_str(), message);
                self.status.exit = exit_code.map(|code| Exit { code: Some(code) });
            }
            End::Retrying { message } => {
                self.warning = true;
                self.say(Phase::Restarting, Reason::Retrying.as_str(), message);
                self.status.start_time = None;
            }
        }
    }

    fn say(&mut self, phase: Phase, reason: &str, message: &str) {
        self.status.phase = Some(phase);
        self.status.reason = Some(reason.to_owned());
        self.status.message = Some(cut(message, LONGEST));
    }

    fn finished(&mut self, how: ConditionType, reason: &str, message: &str) {
        for end in [ConditionType::Succeeded, ConditionType::Failed] {
            let (state, message) = if end == how { ("True", message) } else { ("False", "") };
            self.condition(end, state, reason, message);
        }
        self.status.completion_time = Some(Time(self.now));
    }

    /// Every step up to this one is done.
    fn reached(&mut self, step: ConditionType) {
        self.before(step);
        self.condition(step, "True", Reason::Done.as_str(), "");
    }

    /// Every step before this one is done; those behind it are not there.
    fn before(&mut self, step: ConditionType) {
        let later = |condition: &Condition| {
            ConditionType::ALL.into_iter().any(|one| one > step && one.as_str() == condition.type_)
        };
        self.status.conditions.retain(|condition| !later(condition));
        self.done(step);
    }

    /// Every step before this one is done.
    fn done(&mut self, step: ConditionType) {
        for earlier in ConditionType::ALL.into_iter().filter(|one| *one < step) {
            self.condition(earlier, "True", Reason::Done.as_str(), "");
        }
    }

    /// Sets a condition; its time changes only with its status.
    fn condition(&mut self, type_: ConditionType, state: &str, reason: &str, message: &str) {
        let before = self.old.conditions.iter().find(|condition| condition.type_ == type_.as_str());
        let same = before.filter(|before| before.status == state);
        let condition = Condition {
            type_: type_.as_str().to_owned(),
            status: state.to_owned(),
            reason: reason.to_owned(),
            message: cut(message, LONGEST_IN_CONDITION),
            observed_generation: self.run.metadata.generation,
            last_transition_time: same.map_or(Time(self.now), |before| before.last_transition_time.clone()),
        };
        match self.status.conditions.iter_mut().find(|known| known.type_ == type_.as_str()) {
            Some(known) => *known = condition,
            None => self.status.conditions.push(condition),
        }
    }

    /// When to try again what stopped.
    fn wake(&self, stop: &Stop) -> Option<Duration> {
        let failing = self.status.conditions.iter().find(|condition| condition.type_ == stop.step.as_str());
        let since = failing.map_or(self.now, |condition| condition.last_transition_time.0);
        wake::after(stop.reason(), since, self.now, self.run.metadata.uid.as_deref().unwrap_or_default())
    }
}

/// A message with what is to be said beside it.
fn beside<'a>(message: &'a str, aside: Option<&str>) -> Cow<'a, str> {
    match aside {
        None => Cow::Borrowed(message),
        Some(aside) if message.is_empty() => Cow::Owned(aside.to_owned()),
        Some(aside) => Cow::Owned(format!("{message}; {aside}")),
    }
}

/// Where the framework's own page answers: at a Service of the plan, and nowhere else.
fn dashboard(situation: &Situation<'_>, observation: &Observation) -> Option<String> {
    let more: ObservationMore = serde_json::from_value(observation.more.clone()).ok()?;
    let said = more.dashboard?;
    let plan = situation.plan();
    let planned = plan.objects.iter().find(|object| object.kind.kind == "Service" && object.name == said.service)?;
    Some(format!("http://{}.{}.svc:{}", planned.name, plan.namespace, said.port))
}

/// An event for each new phase or reason.
fn event(old: &RunStatus, new: &RunStatus, warning: bool) -> Option<RunEvent> {
    let changed = (old.phase, &old.reason) != (new.phase, &new.reason);
    let note = new.message.clone().unwrap_or_default();
    changed.then(|| RunEvent { warning, reason: new.reason.clone().unwrap_or_default(), note })
}

#[cfg(test)]
mod tests;
