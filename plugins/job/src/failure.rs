//! Which worker is to blame for a failed Job, and why it failed.
//!
//! The first to fail takes the others down: those are being deleted, and end by the
//! signals of that. So a pod that failed by itself is blamed before one that was ended.

use codeflare_plugin::prelude::*;

/// Signals with which Kubernetes ends a pod, as exit codes: SIGKILL and SIGTERM.
const ENDED_FROM_OUTSIDE: [i32; 2] = [137, 143];

pub(crate) struct Blame {
    pub(crate) cause: String,
    pub(crate) message: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) retry: bool,
}

/// The worker to blame, if a failed one is there.
pub(crate) fn blame(pods: &[LivePod], workers: u32) -> Option<Blame> {
    let failed = pods.iter().filter(|pod| pod.phase == "Failed");
    let pod = failed.min_by_key(|pod| (pod.terminating, from_outside(pod), pod.index, pod.name.clone()))?;
    let worker = worker(pod, workers);
    let code = pod.exit.as_ref().map(|exit| exit.code);
    let why = pod.exit.as_ref().and_then(|exit| exit.reason.as_deref()).unwrap_or_default();
    let (cause, message, retry) = match (pod.reason.as_deref(), why, code) {
        // The node, not the program: the reason is a word of the kubelet or scheduler.
        (Some(reason), _, _) if !reason.is_empty() => {
            (reason, format!("{worker} was ended by its node: {reason}"), true)
        }
        // The next attempt has the same size.
        (_, "OOMKilled", _) => ("OutOfMemory", format!("{worker} needed more memory than its size has"), false),
        (_, "StartError" | "ContainerCannotRun", _) => (
            "ProgramNotStarted",
            format!("{worker} could not be started: is the first word of the command in the image?"),
            false,
        ),
        (_, _, Some(code)) => ("ProgramFailed", format!("{worker} exited with code {code}{}", signal(code)), true),
        (_, _, None) => ("WorkerLost", format!("{worker} failed without an exit code"), true),
    };
    Some(Blame { cause: cause.to_owned(), message, exit_code: code, retry })
}

/// Without a failed pod, all that is known is what the Job says.
pub(crate) fn by_condition(reason: &str, message: &str) -> Blame {
    let cause = match reason {
        "BackoffLimitExceeded" | "" => "WorkerLost",
        other => other,
    };
    let said = if message.is_empty() { "it does not say why" } else { message };
    let message = format!("the Job failed and no failed pod is there to ask: {said}");
    Blame { cause: cause.to_owned(), message, exit_code: None, retry: true }
}

/// How a message names a worker: by the index that the program knows.
pub(crate) fn worker(pod: &LivePod, workers: u32) -> String {
    match (pod.index, workers) {
        (_, 1) => "the program".to_owned(),
        (Some(index), _) => format!("worker {index} of {workers}"),
        (None, _) => format!("pod {}", pod.name),
    }
}

fn from_outside(pod: &LivePod) -> bool {
    let oom = |exit: &ContainerExit| exit.reason.as_deref() == Some("OOMKilled");
    pod.exit.as_ref().is_some_and(|exit| ENDED_FROM_OUTSIDE.contains(&exit.code) && !oom(exit))
}

fn signal(code: i32) -> String {
    match code {
        129..=159 => format!(" (signal {})", code - 128),
        _ => String::new(),
    }
}
