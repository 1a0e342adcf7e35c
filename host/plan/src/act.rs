//! Step 9, act: what to do about a live Run. Pure.
//!
//! A deletion is decided only where the *published* status names its reason already: an
//! end, or a later attempt.

use std::time::Duration;

use codeflare_api::duration::Period;
use codeflare_api::run::Phase;
use codeflare_api::{Reason, RunStatus};
use codeflare_documents::launcher::{Ends, Failure, Observation};
use jiff::Timestamp;

use crate::live::{Action, Acts, Child, End, Situation};

/// Decides what to do about a live Run.
pub fn act(situation: &Situation<'_>) -> Acts {
    let status = situation.run.status.clone().unwrap_or_default();
    if status.phase.is_some_and(Phase::is_terminal) {
        return clean_up(situation, &status);
    }
    let mut actions = earlier_attempts(situation, &status);
    let seen = seen(situation, &status);
    let alive = primary(situation).filter(|child| !child.deleting);
    if seen.is_some() && alive.is_none_or(|child| Some(&child.uid) != seen.as_ref()) {
        return Acts { actions, end: Some(gone(situation)), wake: None };
    }
    if let Some(end) = situation.observation.and_then(|observation| ended(situation, observation, &mut actions)) {
        return Acts { actions, end: Some(end), wake: None };
    }
    let suspended = situation.run.spec.suspend == Some(true);
    let due = if suspended { None } else { until_deadline(situation, &status) };
    if due == Some(Duration::ZERO) {
        return Acts { actions, end: Some(late(situation)), wake: None };
    }
    actions.extend(switch(situation, suspended));
    Acts { actions, end: None, wake: due }
}

/// The live primary of the recorded attempt.
fn primary<'a>(situation: &Situation<'a>) -> Option<&'a Child> {
    let planned = situation.record.plan.primary()?;
    situation.children.iter().find(|child| {
        child.kind == planned.kind
            && child.name == planned.name
            && child.owner.as_deref() == situation.run.metadata.uid.as_deref()
    })
}

/// UID under which the primary of the recorded attempt was published.
fn seen(situation: &Situation<'_>, status: &RunStatus) -> Option<String> {
    let launch = status.launch.as_ref().filter(|launch| launch.attempt == situation.plan().attempt)?;
    launch.object.as_ref()?.uid.clone()
}

/// Children of attempts before the published one go.
fn earlier_attempts(situation: &Situation<'_>, status: &RunStatus) -> Vec<Action> {
    let published = status.launch.as_ref().map_or(0, |launch| launch.attempt);
    situation.children.iter().filter(|child| child.attempt < published && !child.deleting).map(delete).collect()
}

fn delete(child: &Child) -> Action {
    Action::Delete { kind: child.kind.clone(), name: child.name.clone(), uid: child.uid.clone() }
}

fn gone(situation: &Situation<'_>) -> End {
    let name =
        situation.plan().primary().map(|primary| format!("{}/{}", primary.kind.kind, primary.name)).unwrap_or_default();
    let message =
        format!("{name} was deleted by somebody else; a workload is never launched a second time, so make another Run");
    End::Failed { reason: Reason::WorkloadGone, message, exit_code: None }
}

fn late(situation: &Situation<'_>) -> End {
    let deadline = deadline(situation).map(|period| period.0.clone()).unwrap_or_default();
    let message = format!("it ran longer than its deadline of {deadline}; give it more time, or a larger size");
    End::Failed { reason: Reason::DeadlineExceeded, message, exit_code: None }
}

fn ended(situation: &Situation<'_>, observation: &Observation, actions: &mut Vec<Action>) -> Option<End> {
    match observation.phase.as_str() {
        "Succeeded" => Some(End::Succeeded),
        "Failed" => {
            let plan = situation.plan();
            let failure = observation.failure.as_ref();
            let left = plan.retries.saturating_sub(plan.attempt.saturating_sub(1));
            if left > 0 && failure.is_some_and(|failure| worth_another(failure, &plan.retry_exit_codes)) {
                actions.push(Action::Retry { attempt: plan.attempt + 1 });
                let message =
                    format!("attempt {} failed: {}; attempts left: {left}", plan.attempt, observation.message);
                return Some(End::Retrying { message });
            }
            Some(End::Failed {
                reason: Reason::ProgramFailed,
                message: observation.message.clone(),
                exit_code: failure.and_then(|failure| failure.exit_code),
            })
        }
        _ => None,
    }
}

fn worth_another(failure: &Failure, exit_codes: &[i32]) -> bool {
    failure.retry && (exit_codes.is_empty() || failure.exit_code.is_some_and(|code| exit_codes.contains(&code)))
}

/// The Run's present deadline, or the Application's as it was recorded.
fn deadline<'a>(situation: &Situation<'a>) -> Option<&'a Period> {
    let recorded =
        situation.record.seen.application.as_ref().and_then(|application| application.spec.deadline.as_ref());
    situation.run.spec.deadline.as_ref().or(recorded)
}

fn until_deadline(situation: &Situation<'_>, status: &RunStatus) -> Option<Duration> {
    let start = status.start_time.as_ref()?;
    Some(until(start.0, deadline(situation)?.duration()?, situation.now))
}

/// Time from now until `start + length`; zero where that has passed.
fn until(start: Timestamp, length: Duration, now: Timestamp) -> Duration {
    let passed = Duration::try_from(now.duration_since(start)).unwrap_or_default();
    length.saturating_sub(passed)
}

/// Turns the launcher's control where the live object stands otherwise.
fn switch(situation: &Situation<'_>, suspended: bool) -> Option<Action> {
    let plan = situation.plan();
    let control = plan.controls.iter().find(|control| control.what == "suspend")?;
    let planned = plan.objects.get(usize::try_from(control.manifest).ok()?)?;
    let live = situation
        .children
        .iter()
        .find(|child| child.kind == planned.kind && child.name == planned.name && !child.deleting)?;
    let wanted = if suspended { &control.on } else { &control.off };
    let stands = live.object.pointer(&control.at)?;
    (stands != wanted).then(|| Action::Switch {
        kind: live.kind.clone(),
        name: live.name.clone(),
        uid: live.uid.clone(),
        at: control.at.clone(),
        value: wanted.clone(),
    })
}

/// After the end: what must stop at once, what goes with the primary, and everything
/// once the time to live has passed.
fn clean_up(situation: &Situation<'_>, status: &RunStatus) -> Acts {
    let live = || situation.children.iter().filter(|child| !child.deleting);
    let recorded = situation.record.seen.application.as_ref().and_then(|application| application.spec.ttl.as_ref());
    let ttl = situation.run.spec.ttl.as_ref().or(recorded).and_then(Period::duration);
    let left = ttl.zip(status.completion_time.as_ref()).map(|(ttl, end)| until(end.0, ttl, situation.now));
    if left == Some(Duration::ZERO) {
        return Acts { actions: live().map(delete).collect(), end: None, wake: None };
    }
    // Its pods still run: the host decided the end, not the program.
    let stop = status.reason.as_deref() == Some(Reason::DeadlineExceeded.as_str());
    let goes = |child: &&Child| {
        let planned =
            situation.plan().objects.iter().find(|planned| planned.kind == child.kind && planned.name == child.name);
        match planned {
            Some(planned) if planned.primary => stop,
            Some(planned) => planned.ends == Ends::WithPrimary,
            None => child.attempt < situation.plan().attempt,
        }
    };
    let actions = live().filter(goes).map(delete).collect();
    Acts { actions, end: None, wake: left.filter(|_| live().next().is_some()) }
}
