//! Step 10, status: what the Run shows, and when to come back. Pure.

use std::time::Duration;

use codeflare_api::reason::Retry;
use codeflare_api::run::{Exit, Launch, LaunchedObject, Phase, PluginRef};
use codeflare_api::{Condition, ConditionType, Reason, Run, RunStatus};
use codeflare_documents::launcher::Observation;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::diagnose::diagnose;
use crate::live::{End, Next, Outcome, RunEvent, Situation};
use crate::observe::of_attempt;
use crate::plan::{PlannedPlugin, Record};
use crate::stop::Stop;

/// Longest message of a status, in bytes.
const LONGEST: usize = 1024;
/// Most choices that a status shows; the record has all of them.
const MOST_CHOICES: usize = 4;
/// Bounds of the growing delay.
const BACKOFF: (u64, u64) = (5, 300);

/// The Run's next status. A Run that has ended stays as it is.
pub fn next(run: &Run, outcome: &Outcome<'_>, now: Timestamp) -> Next {
    let old = run.status.clone().unwrap_or_default();
    if old.phase.is_some_and(Phase::is_terminal) {
        return Next { status: old, events: Vec::new(), wake: None };
    }
    let mut status = old.clone();
    status.observed_generation = run.metadata.generation;
    let mut draft = Draft { run, old: &old, status, now };
    let wake = draft.outcome(outcome);
    let status = draft.status;
    let events = events(&old, &status);
    Next { status, events, wake }
}

/// A status that is being written.
struct Draft<'a> {
    run: &'a Run,
    old: &'a RunStatus,
    status: RunStatus,
    now: Timestamp,
}

impl Draft<'_> {
    fn outcome(&mut self, outcome: &Outcome<'_>) -> Option<Duration> {
        match outcome {
            Outcome::Stopped(stop) => return self.stopped(stop),
            Outcome::Held => {
                self.say(
                    Phase::Suspended,
                    Reason::Suspended.as_str(),
                    "planned; it is launched when spec.suspend is taken back",
                );
                self.reached(ConditionType::Planned);
            }
            Outcome::WaitingForPods(record) => {
                self.launch(record, None);
                let message =
                    format!("attempt {} starts once the pods of the one before are gone", record.plan.attempt);
                self.say(Phase::Restarting, Reason::Retrying.as_str(), &message);
                self.reached(ConditionType::Recorded);
            }
            Outcome::Launched { situation, primary, end, trouble } => {
                self.launch(situation.record, primary.clone());
                self.reached(ConditionType::Launched);
                self.live(situation);
                if let Some(stop) = trouble {
                    self.condition(ConditionType::Launched, "False", stop.reason().as_str(), &stop.message());
                    self.status.message = Some(cut(&stop.message()));
                }
                if let Some(end) = end {
                    self.end(end);
                }
                if let Some(stop) = trouble {
                    return Some(self.delay(stop, ConditionType::Launched));
                }
            }
        }
        None
    }

    fn stopped(&mut self, stop: &Stop) -> Option<Duration> {
        let reason = stop.reason();
        // Whoever was launched goes on; the condition tells what is wrong beside it.
        let launched = self.old.launch.as_ref().is_some_and(|launch| launch.object.is_some());
        let fatal = matches!(reason, Reason::RecordForged | Reason::RecordGone | Reason::RecordTooLarge);
        let phase = match self.old.phase {
            _ if fatal => Phase::Failed,
            Some(phase) if launched => phase,
            _ => Phase::Pending,
        };
        self.say(phase, reason.as_str(), &stop.message());
        self.before(stop.step);
        self.condition(stop.step, "False", reason.as_str(), &stop.message());
        if fatal {
            self.finished(ConditionType::Failed, reason, &stop.message());
            return None;
        }
        match reason.retry() {
            Retry::OnChange => None,
            Retry::After(time) => Some(time),
            Retry::Backoff => Some(self.delay(stop, stop.step)),
        }
    }

    /// The delay grows with the age of the failing condition: no counter is kept, and a
    /// restart changes nothing.
    fn delay(&self, stop: &Stop, step: ConditionType) -> Duration {
        let failing = self.status.conditions.iter().find(|condition| condition.type_ == step.as_str());
        let since = failing.map_or(self.now, |condition| condition.last_transition_time.0);
        let age = u64::try_from(self.now.duration_since(since).as_secs()).unwrap_or(0).clamp(BACKOFF.0, BACKOFF.1);
        // Up to a tenth more, the same for the same Run: many Runs do not come back at once.
        let uid = self.run.metadata.uid.as_deref().unwrap_or_default();
        let spread = uid.bytes().map(u64::from).sum::<u64>() % 100;
        match stop.reason().retry() {
            Retry::After(time) => time,
            Retry::OnChange | Retry::Backoff => Duration::from_millis(age * (1000 + spread)),
        }
    }

    fn say(&mut self, phase: Phase, reason: &str, message: &str) {
        self.status.phase = Some(phase);
        self.status.reason = Some(reason.to_owned());
        self.status.message = Some(cut(message));
    }

    fn launch(&mut self, record: &Record, primary: Option<String>) {
        let plan = &record.plan;
        let object = plan.primary().map(|object| LaunchedObject {
            api_version: object.kind.api_version(),
            kind: object.kind.kind.clone(),
            name: object.name.clone(),
            uid: primary,
        });
        let overruled = plan.choices.iter().filter(|choice| !choice.over.is_empty());
        self.status.launch = Some(Launch {
            attempt: plan.attempt,
            plan: record.digest.clone(),
            record: codeflare_api::names::record(&plan.name),
            object,
            size_name: Some(plan.size_name.clone()),
            size: Some(plan.size.clone()),
            choices: overruled.take(MOST_CHOICES).cloned().collect(),
            launcher: Some(plugin(&plan.launcher)),
            sizing_policies: plan.sizing_policies.iter().take(MOST_CHOICES).map(plugin).collect(),
        });
        if self.status.workers.is_none() {
            let total: u32 = plan.roles.iter().map(|role| role.count).sum();
            self.status.workers = Some(format!("0/{total}"));
        }
    }

    fn live(&mut self, situation: &Situation<'_>) {
        let Some(observation) = situation.observation else {
            if self.old.phase.is_none_or(|phase| matches!(phase, Phase::Pending | Phase::Restarting | Phase::Suspended))
            {
                self.say(Phase::Starting, Reason::Starting.as_str(), "launched; its pods are on their way");
            }
            return;
        };
        let phase = phase(observation, self.old);
        self.say(phase, &observation.reason, &observation.message);
        if matches!(phase, Phase::Starting | Phase::Running)
            && let Some(diagnosis) = diagnose(of_attempt(situation.pods, situation.plan().attempt))
        {
            self.say(phase, &diagnosis.reason, &diagnosis.message);
        }
        let (ready, total) = observation.roles.iter().fold((0_u32, 0_u32), |(ready, total), role| {
            (ready.saturating_add(role.ready), total.saturating_add(role.total))
        });
        self.status.workers = Some(format!("{ready}/{total}"));
        match phase {
            // As Job's: a resume starts the clock anew.
            Phase::Suspended | Phase::Queued => self.status.start_time = None,
            Phase::Running if self.status.start_time.is_none() => self.status.start_time = Some(Time(self.now)),
            _ => {}
        }
    }

    fn end(&mut self, end: &End) {
        match end {
            End::Succeeded => {
                self.status.phase = Some(Phase::Succeeded);
                self.finished(ConditionType::Succeeded, Reason::Succeeded, "it ended well");
                self.status.exit = Some(Exit { code: Some(0) });
            }
            End::Failed { reason, message, exit_code } => {
                self.say(Phase::Failed, reason.as_str(), message);
                self.finished(ConditionType::Failed, *reason, message);
                self.status.exit = exit_code.map(|code| Exit { code: Some(code) });
            }
            End::Retrying { message } => {
                self.say(Phase::Restarting, Reason::Retrying.as_str(), message);
                self.status.start_time = None;
            }
        }
    }

    fn finished(&mut self, how: ConditionType, reason: Reason, message: &str) {
        let well = how == ConditionType::Succeeded;
        self.condition(ConditionType::Succeeded, if well { "True" } else { "False" }, reason.as_str(), message);
        self.condition(ConditionType::Failed, if well { "False" } else { "True" }, reason.as_str(), message);
        self.status.completion_time = Some(Time(self.now));
    }

    /// Every step up to this one is done.
    fn reached(&mut self, step: ConditionType) {
        self.before(step);
        self.condition(step, "True", Reason::Done.as_str(), "");
    }

    /// Every step before this one is done; those behind it are not there.
    fn before(&mut self, step: ConditionType) {
        for earlier in ConditionType::ALL.into_iter().filter(|one| *one < step) {
            self.condition(earlier, "True", Reason::Done.as_str(), "");
        }
        let later: Vec<_> =
            ConditionType::ALL.into_iter().filter(|one| *one > step).map(ConditionType::as_str).collect();
        self.status.conditions.retain(|condition| !later.contains(&condition.type_.as_str()));
    }

    /// Sets a condition; its time changes only with its status.
    fn condition(&mut self, type_: ConditionType, state: &str, reason: &str, message: &str) {
        let before = self.old.conditions.iter().find(|condition| condition.type_ == type_.as_str());
        let since = before
            .filter(|before| before.status == state)
            .map_or_else(|| Time(self.now), |before| before.last_transition_time.clone());
        let condition = Condition {
            type_: type_.as_str().to_owned(),
            status: state.to_owned(),
            reason: reason.to_owned(),
            message: cut(message),
            observed_generation: self.run.metadata.generation,
            last_transition_time: since,
        };
        match self.status.conditions.iter_mut().find(|known| known.type_ == type_.as_str()) {
            Some(known) => *known = condition,
            None => self.status.conditions.push(condition),
        }
    }
}

/// What the launcher's word means; a word that we do not know changes nothing.
fn phase(observation: &Observation, old: &RunStatus) -> Phase {
    match observation.phase.as_str() {
        "Queued" => Phase::Queued,
        "Running" => Phase::Running,
        "Restarting" => Phase::Restarting,
        "Suspended" => Phase::Suspended,
        "Starting" => Phase::Starting,
        // The end itself is decided by act: it may be followed by another attempt.
        _ => old.phase.unwrap_or(Phase::Starting),
    }
}

fn plugin(plugin: &PlannedPlugin) -> PluginRef {
    PluginRef { name: plugin.name.clone(), digest: plugin.digest.clone() }
}

/// An event for each new reason that somebody may wait for.
fn events(old: &RunStatus, new: &RunStatus) -> Vec<RunEvent> {
    if (old.phase, &old.reason) == (new.phase, &new.reason) {
        return Vec::new();
    }
    let phase = new.phase.unwrap_or(Phase::Pending);
    let warning = matches!(phase, Phase::Pending | Phase::Failed | Phase::Restarting);
    let note = new.message.clone().unwrap_or_default();
    new.reason.clone().map(|reason| RunEvent { warning, reason, note }).into_iter().collect()
}

/// At most [`LONGEST`] bytes, cut between characters.
fn cut(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
