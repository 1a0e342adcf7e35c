//! Variant `job`: the head's Job says whether it is over, its pod says why.
//!
//! Rows are tried in order:
//!
//! ```text
//! head's Job not seen                        Starting  Starting
//! SuccessCriteriaMet or Complete             Succeeded Succeeded
//! FailureTarget or Failed, pod not yet seen  Running   Failing
//! FailureTarget or Failed                    Failed    the cause
//! suspended, as the Run asks                 Suspended Suspended
//! suspended by something else                Queued    Queued
//! the head failed, the Job does not know yet Running   Failing
//! the program is done, likewise              Running   Ending
//! the head is going                          Running   HeadStopping
//! the head is not up, or cannot start        Starting  Starting, or its reason
//! workers are missing for the first time     Starting  WorkersMissing, or a reason
//! workers are missing again                  Running   WorkersMissing
//! all are there                              Running   Running
//! ```
//!
//! The head waits for its workers once, before the program. Whether this is the first
//! time, the workers' Job knows: it has counted a failure where one was there before.

use codeflare_plugin::blame::{self, Blame};
use codeflare_plugin::live::{done, ended, stuck, works};
use codeflare_plugin::prelude::*;
use codeflare_plugin::state::{End, State, failed, is_held, say};
use serde_json::Value;

use super::{Seen, name};

pub(super) fn state(seen: &Seen<'_>) -> State {
    let job = seen.primary;
    if job.is_null() {
        return say("Starting", "Starting", "the head's Job is not there yet");
    }
    let blamed = blame::failed(seen.head, "HeadLost", |_| "the program on the head".to_owned());
    if let Some(end) = End::of_job(job) {
        return over(seen, &end, blamed);
    }
    if is_held(job) {
        return seen.held("Job", seen.head.iter().chain(seen.worker));
    }
    if let Some(blame) = blamed {
        return say("Running", "Failing", format!("{}; its Job is ending", blame.message));
    }
    if seen.head.iter().any(done) {
        return say("Running", "Ending", "the program is done; its Job is ending");
    }
    if seen.head.iter().any(|pod| pod.terminating) {
        return say("Running", "HeadStopping", "the head is being removed, but not by its Run");
    }
    if !seen.head.iter().any(works) {
        return starting(seen.head, "Starting", "the head is starting".to_owned());
    }
    if seen.up < seen.wanted && !lost_before(seen) {
        return starting(seen.worker, "WorkersMissing", format!("the head waits for its workers; {}", seen.count()));
    }
    seen.running()
}

fn over(seen: &Seen<'_>, end: &End<'_>, blamed: Option<Blame>) -> State {
    if matches!(end, End::Succeeded) {
        return say("Succeeded", "Succeeded", "the program succeeded");
    }
    let (reason, said) = end.said();
    // Once the Job has failed, its pod has ended: one that still runs in our eyes, and is
    // not even going, shows that we look at the past.
    let failing = matches!(end, End::Failing(_));
    match blamed {
        Some(blame) => failed(blame),
        None if seen.head.iter().any(|pod| !ended(pod) && (failing || !pod.terminating)) => {
            say("Running", "Failing", format!("the head's Job fails ({said}); its pod is awaited"))
        }
        None => failed(by_condition(reason, said)),
    }
}

fn starting(pods: &[LivePod], reason: &str, message: String) -> State {
    match stuck(pods) {
        Some((pod, reason)) => say("Starting", reason, format!("{} cannot start: {reason}", name(pod))),
        None => say("Starting", reason, message),
    }
}

fn lost_before(seen: &Seen<'_>) -> bool {
    seen.workers_job.pointer("/status/failed").and_then(Value::as_u64).is_some_and(|failed| failed > 0)
}

/// Without a failed pod, all that is known is what the Job says.
fn by_condition(reason: &str, message: &str) -> Blame {
    let cause = match reason {
        "BackoffLimitExceeded" | "" => "HeadLost",
        other => other,
    };
    let said = if message.is_empty() { "it does not say why" } else { message };
    Blame::new(cause, format!("the head's Job failed and its pod is not there to ask: {said}"), true)
}
