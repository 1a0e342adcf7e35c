//! Step 9, act: what to do about a live Run. Pure.
//!
//! A deletion is decided only where the *published* status names its reason already: an
//! end, or a later attempt. So whoever decides an end deletes nothing yet; the status
//! that tells of it wakes the Run again. Acting twice on one situation is harmless.

use std::time::Duration;

use codeflare_api::duration::Period;
use codeflare_api::run::Phase;
use codeflare_api::{ConditionType, Reason, RunStatus};
use codeflare_documents::launcher::{Control, Ends, Failure, Observation};
use jiff::Timestamp;
use serde_json::Value;

use crate::diagnose::unprepared;
use crate::live::{Action, Acts, Cause, Child, End, Situation};
use crate::observe::{is, of_attempt, owns};
use crate::plan::PlannedObject;
use crate::status::word;

/// What a launcher can switch: whether the workload is held.
const SUSPEND: &str = "suspend";

/// Decides what to do about a live Run.
pub fn act(situation: &Situation<'_>) -> Acts {
    let status = situation.run.status.clone().unwrap_or_default();
    if status.phase.is_some_and(Phase::is_terminal) {
        return clean_up(situation, &status);
    }
    let published = published(&status);
    let mut acts = Acts { actions: deletions(situation, |child| child.attempt < published), end: None, wake: None };
    // The status speaks of an earlier attempt: nothing is decided on it but its clean-up.
    if published != 0 && published != situation.plan().attempt {
        return acts;
    }
    let succeeded = situation.observation.is_some_and(|observation| observation.phase == "Succeeded");
    let held = situation.run.spec.suspend == Some(true);
    let due = until_deadline(situation, &status, held);
    if gone(situation, &status, succeeded) {
        acts.end = Some(workload_gone(situation, &status));
    } else if let Some(end) = situation.observation.and_then(|observation| ended(situation, observation)) {
        if matches!(end, End::Retrying { .. }) {
            acts.actions.push(Action::Retry { attempt: situation.plan().attempt.saturating_add(1) });
        }
        acts.end = Some(end);
    } else if due == Some(Duration::ZERO) {
        acts.end = Some(late(situation));
    } else {
        acts.actions.extend(switches(situation, held));
        acts.wake = due;
    }
    acts
}

/// The attempt that the published status speaks of; 0 before the first.
fn published(status: &RunStatus) -> u32 {
    status.launch.as_ref().map_or(0, |launch| launch.attempt)
}

/// Deletions of this Run's own objects that live and that `goes` chooses: the primary
/// first, so that its pods stop before what they need goes.
fn deletions(situation: &Situation<'_>, goes: impl Fn(&Child) -> bool) -> Vec<Action> {
    let primary = |child: &Child| planned(situation, child).is_some_and(|planned| planned.primary);
    let mut gone: Vec<&Child> = mine(situation).filter(|child| goes(child)).collect();
    gone.sort_by_key(|child| (!primary(child), child.attempt, &child.kind, &child.name));
    let delete =
        |child: &Child| Action::Delete { kind: child.kind.clone(), name: child.name.clone(), uid: child.uid.clone() };
    gone.into_iter().map(delete).collect()
}

/// Objects that this Run owns and nobody has deleted yet.
fn mine<'a>(situation: &Situation<'a>) -> impl Iterator<Item = &'a Child> {
    let run = situation.run;
    situation.children.iter().filter(move |child| owns(run, child) && !child.deleting)
}

/// The object of the recorded plan that this is.
fn planned<'a>(situation: &Situation<'a>, child: &Child) -> Option<&'a PlannedObject> {
    let (run, record) = (situation.run, situation.record);
    record.plan.objects.iter().find(|planned| is(child, run, planned))
}

/// Whether the primary that the status has published is no more. One that has ended well
/// may be taken away meanwhile: that it ended well is known.
fn gone(situation: &Situation<'_>, status: &RunStatus, succeeded: bool) -> bool {
    let object = status.launch.as_ref().and_then(|launch| launch.object.as_ref());
    let Some(seen) = object.and_then(|object| object.uid.as_ref()) else { return false };
    let primary = situation.plan().primary();
    let alive = |child: &&Child| {
        &child.uid == seen
            && primary.is_some_and(|primary| is(child, situation.run, primary))
            && (!child.deleting || succeeded)
    };
    !situation.children.iter().any(|child| alive(&child))
}

fn workload_gone(situation: &Situation<'_>, status: &RunStatus) -> End {
    let primary = situation.plan().primary();
    let kind = primary.map(|primary| primary.kind.kind.as_str()).unwrap_or_default();
    let name = primary.map(|primary| format!("{kind}/{}", primary.name)).unwrap_or_default();
    let how = if went_with_its_kind(situation, status) {
        format!("went when its kind was uninstalled; {kind} is served again, but")
    } else {
        "was deleted by somebody else;".to_owned()
    };
    let message = format!("{name} {how} a workload is never launched twice, so make another Run");
    End::Failed { cause: Reason::WorkloadGone.into(), message, exit_code: None }
}

/// Whoever uninstalls a kind takes its objects away: the Run has said so last, or its kind
/// was defined anew after its plan was recorded.
fn went_with_its_kind(situation: &Situation<'_>, status: &RunStatus) -> bool {
    let recorded = status.conditions.iter().find(|one| one.type_ == ConditionType::Recorded.as_str());
    let anew = |since: Timestamp| recorded.is_some_and(|recorded| since > recorded.last_transition_time.0);
    status.reason.as_deref() == Some(Reason::KindNotServed.as_str()) || situation.kind_since.is_some_and(anew)
}

fn late(situation: &Situation<'_>) -> End {
    let deadline = deadline(situation).map(|period| period.0.clone()).unwrap_or_default();
    let message = format!("it ran longer than its deadline of {deadline}; give it more time, or a larger size");
    End::Failed { cause: Reason::DeadlineExceeded.into(), message, exit_code: None }
}

/// The end that the launcher reports, or another attempt.
fn ended(situation: &Situation<'_>, observation: &Observation) -> Option<End> {
    match observation.phase.as_str() {
        "Succeeded" => Some(End::Succeeded),
        "Failed" => {
            let plan = situation.plan();
            let failure = observation.failure.as_ref();
            let left = plan.retries.saturating_sub(plan.attempt.saturating_sub(1));
            // With an exit code the program has begun, whatever came of pods before it.
            let begun = failure.is_some_and(|failure| failure.exit_code.is_some());
            let unprepared = unprepared(of_attempt(situation.pods, situation.run, plan.attempt)).filter(|_| !begun);
            let said = unprepared.as_ref().map_or(&observation.message, |(_, why)| why);
            if left > 0 && failure.is_some_and(|failure| worth_another(failure, &plan.retry_exit_codes)) {
                let message = format!("attempt {} failed: {said}; attempts left: {left}", plan.attempt);
                return Some(End::Retrying { message });
            }
            if let Some((reason, message)) = unprepared {
                return Some(End::Failed { cause: reason.into(), message, exit_code: None });
            }
            Some(End::Failed {
                cause: failure.map_or(Reason::ProgramFailed.into(), |failure| cause(&failure.cause)),
                message: observation.message.clone(),
                exit_code: failure.and_then(|failure| failure.exit_code),
            })
        }
        _ => None,
    }
}

/// The launcher's word for a failure, where it is one: what the host itself decides is not
/// the launcher's to say.
fn cause(said: &str) -> Cause {
    let ours = Reason::ALL.iter().find(|reason| reason.as_str() == said);
    let hosts = matches!(
        ours,
        Some(
            Reason::Done
                | Reason::Waiting
                | Reason::Starting
                | Reason::Running
                | Reason::Suspended
                | Reason::Retrying
                | Reason::WaitingForPods
                | Reason::Succeeded
                | Reason::DeadlineExceeded
                | Reason::WorkloadGone
                | Reason::RecordForged
                | Reason::StageFailed
                | Reason::RecordGone
        )
    );
    word(said).filter(|_| !hosts).map_or_else(|| Reason::ProgramFailed.into(), |word| Cause(word.to_owned()))
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

/// Time to the deadline. A Run that is held has none; one that cannot be held has.
fn until_deadline(situation: &Situation<'_>, status: &RunStatus, held: bool) -> Option<Duration> {
    if held && situation.plan().controls.iter().any(|control| control.what == SUSPEND) {
        return None;
    }
    Some(until(status.start_time.as_ref()?.0, deadline(situation)?.duration()?, situation.now))
}

/// Time from now until `start + length`; zero where that has passed.
fn until(start: Timestamp, length: Duration, now: Timestamp) -> Duration {
    // A start ahead of our clock counts as now: the cluster has more than one clock.
    let passed = Duration::try_from(now.duration_since(start)).unwrap_or_default();
    length.saturating_sub(passed)
}

/// Turns the launcher's controls where a live object stands otherwise. A control that is
/// absent from the object stands off.
fn switches(situation: &Situation<'_>, held: bool) -> Vec<Action> {
    let plan = situation.plan();
    let switch = |control: &Control| {
        let planned = plan.objects.get(usize::try_from(control.manifest).ok()?)?;
        let live = mine(situation).find(|child| is(child, situation.run, planned) && child.object != Value::Null)?;
        let wanted = if held { &control.on } else { &control.off };
        let stands = live.object.pointer(&control.at).unwrap_or(&control.off);
        (stands != wanted).then(|| Action::Switch {
            kind: live.kind.clone(),
            name: live.name.clone(),
            uid: live.uid.clone(),
            at: control.at.clone(),
            value: wanted.clone(),
        })
    };
    plan.controls.iter().filter(|control| control.what == SUSPEND).filter_map(switch).collect()
}

/// After the end: what must stop at once, what goes with the primary, and everything
/// once the time to live has passed.
fn clean_up(situation: &Situation<'_>, status: &RunStatus) -> Acts {
    let recorded = situation.record.seen.application.as_ref().and_then(|application| application.spec.ttl.as_ref());
    let ttl = situation.run.spec.ttl.as_ref().or(recorded).and_then(Period::duration);
    let left = ttl.zip(status.completion_time.as_ref()).map(|(ttl, end)| until(end.0, ttl, situation.now));
    if left == Some(Duration::ZERO) {
        return Acts { actions: deletions(situation, |_| true), end: None, wake: None };
    }
    // The host decided this end, not the program: its pods still run. Where the program
    // ended, its pods stay, so that their logs can be read.
    let stop = status.reason.as_deref() == Some(Reason::DeadlineExceeded.as_str());
    let goes = |child: &Child| match planned(situation, child) {
        Some(planned) if planned.primary => stop,
        Some(planned) => planned.ends == Ends::WithPrimary,
        None => stop || child.attempt < published(status),
    };
    let stays = mine(situation).any(|child| !goes(child));
    Acts { actions: deletions(situation, goes), end: None, wake: left.filter(|_| stays) }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
