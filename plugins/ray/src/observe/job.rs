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
use codeflare_plugin::live::{condition, done, ended, stuck, text, works};
use codeflare_plugin::prelude::*;
use serde_json::Value;

use super::{Seen, State, failed, name, say};

pub(super) fn state(seen: &Seen<'_>) -> State {
    let job = seen.primary;
    if job.is_null() {
        return say("Starting", "Starting", "the head's Job is not there yet");
    }
    if condition(job, "SuccessCriteriaMet").or(condition(job, "Complete")).is_some() {
        return say("Succeeded", "Succeeded", "the program succeeded");
    }
    let blamed = blame::failed(seen.head, "HeadLost", |_| "the program on the head".to_owned());
    let over = condition(job, "Failed");
    if let Some(failure) = over.or(condition(job, "FailureTarget")) {
        return match blamed {
            Some(blame) => failed(blame),
            // Once the Job has failed, its pod has ended: one that still runs in our eyes,
            // and is not even going, shows that we look at the past.
            None if seen.head.iter().any(|pod| !ended(pod) && (over.is_none() || !pod.terminating)) => {
                let said = text(failure, "/message");
                say("Running", "Failing", format!("the head's Job fails ({said}); its pod is awaited"))
            }
            None => failed(by_condition(text(failure, "/reason"), text(failure, "/message"))),
        };
    }
    if seen.suspended() {
        let pods = seen.head.iter().chain(seen.worker);
        return seen.held("Job", pods.filter(|pod| !ended(pod)).count());
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
