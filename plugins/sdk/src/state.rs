//! What a Run is at, as a launcher says it, and the rows that every workload has: how it
//! ended, and that it is held back.

use codeflare_documents::launcher::Failure;
use serde_json::Value;

use crate::blame::Blame;
use crate::live::{condition, text};

/// What a Run is at: the part of an observation that rows decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// As in an observation.
    pub phase: &'static str,
    /// PascalCase.
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// Where the phase is `Failed`.
    pub failure: Option<Failure>,
}

/// A state that is not a failure.
pub fn say(phase: &'static str, reason: impl Into<String>, message: impl Into<String>) -> State {
    State { phase, reason: reason.into(), message: message.into(), failure: None }
}

/// Failed, and why.
pub fn failed(blame: Blame) -> State {
    State { failure: Some(blame.failure()), ..say("Failed", blame.cause, blame.message) }
}

/// Held back by `/spec/suspend`, by the Run or by somebody else; `left` of its pods have
/// not ended. `kind` is for the message.
pub fn held(kind: &str, asked_to_suspend: bool, left: usize) -> State {
    let rest = if left > 0 { format!("; {left} of its pods are still ending") } else { String::new() };
    if asked_to_suspend {
        return say("Suspended", "Suspended", format!("suspended, as the Run asks{rest}"));
    }
    say("Queued", "Queued", format!("a queue, or somebody else, holds the {kind} back by /spec/suspend{rest}"))
}

/// Whether `/spec/suspend` is set. Operators drop it where it is false, and the condition
/// follows later, on suspend and on resume.
pub fn is_held(object: &Value) -> bool {
    object.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

/// How a workload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// All of it ended well.
    Succeeded,
    /// It will have failed once its pods have ended: the condition.
    Failing(&'a Value),
    /// The condition; null where nothing but the end itself is known.
    Failed(&'a Value),
}

impl<'a> End<'a> {
    /// How a Job ended, if it did: `SuccessCriteriaMet` and `FailureTarget` come first,
    /// `Complete` and `Failed` once its pods have ended
    /// (<https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions>).
    pub fn of_job(job: &'a Value) -> Option<Self> {
        if condition(job, "SuccessCriteriaMet").or(condition(job, "Complete")).is_some() {
            return Some(End::Succeeded);
        }
        let failed = condition(job, "Failed").map(End::Failed);
        failed.or_else(|| condition(job, "FailureTarget").map(End::Failing))
    }

    /// The controller's word for why, and its sentence; empty where it has none.
    pub fn said(&self) -> (&'a str, &'a str) {
        match self {
            End::Succeeded => ("", ""),
            End::Failing(condition) | End::Failed(condition) => {
                (text(condition, "/reason"), text(condition, "/message"))
            }
        }
    }
}
