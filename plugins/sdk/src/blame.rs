//! Which pod is to blame for a failed workload, and why it failed.
//!
//! The first to fail takes the others down: those are being deleted, and end by the
//! signals of that. So a pod that failed by itself is blamed before one that was ended.

use codeflare_documents::launcher::{ContainerExit, Failure, LivePod};

/// Signals with which Kubernetes ends a pod, as exit codes: SIGKILL and SIGTERM.
const ENDED_FROM_OUTSIDE: [i32; 2] = [137, 143];

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// PascalCase: `ProgramFailed`, `OutOfMemory`, `Evicted`.
    pub cause: String,
    /// One sentence.
    pub message: String,
    /// Exit code of the program, where one is known.
    pub exit_code: Option<i32>,
    /// Whether another attempt can help.
    pub retry: bool,
}

impl Blame {
    /// Without an exit code.
    pub fn new(cause: impl Into<String>, message: impl Into<String>, retry: bool) -> Self {
        Blame { cause: cause.into(), message: message.into(), exit_code: None, retry }
    }

    /// As an observation has it.
    pub fn failure(&self) -> Failure {
        Failure { cause: self.cause.clone(), exit_code: self.exit_code, retry: self.retry }
    }
}

/// The pod to blame, if a failed one is there. `name` is what messages call a pod, and
/// `lost` is the cause where it failed without an exit code, such as `WorkerLost`.
pub fn failed(pods: &[LivePod], lost: &str, name: impl Fn(&LivePod) -> String) -> Option<Blame> {
    let failed = pods.iter().filter(|pod| pod.phase == "Failed");
    let pod = failed.min_by_key(|pod| (pod.terminating, from_outside(pod), pod.index, pod.name.clone()))?;
    let name = name(pod);
    let code = pod.exit.as_ref().map(|exit| exit.code);
    let why = pod.exit.as_ref().and_then(|exit| exit.reason.as_deref()).unwrap_or_default();
    let (cause, message, retry) = match (pod.reason.as_deref(), why, code) {
        // The node, not the program: the reason is a word of the kubelet or scheduler.
        (Some(reason), _, _) if !reason.is_empty() => (reason, format!("{name} was ended by its node: {reason}"), true),
        // The next attempt has the same size.
        (_, "OOMKilled", _) => ("OutOfMemory", format!("{name} needed more memory than its size has"), false),
        (_, "StartError" | "ContainerCannotRun", _) => (
            "ProgramNotStarted",
            format!("{name} could not be started: is the first word of the command in the image?"),
            false,
        ),
        // It was going before it ended, and with what code a program ends that loses the
        // ground under it says nothing.
        _ if pod.terminating => (lost, format!("{name} was removed, but not by its Run"), true),
        (_, _, Some(code)) => ("ProgramFailed", format!("{name} exited with code {code}{}", signal(code)), true),
        (_, _, None) => (lost, format!("{name} failed without an exit code"), true),
    };
    Some(Blame { exit_code: code, ..Blame::new(cause, message, retry) })
}

fn from_outside(pod: &LivePod) -> bool {
    let oom = |exit: &ContainerExit| exit.reason.as_deref() == Some("OOMKilled");
    pod.exit.as_ref().is_some_and(|exit| ENDED_FROM_OUTSIDE.contains(&exit.code) && !oom(exit))
}

/// The signal that an exit code stands for, in brackets; nothing where it stands for none.
pub fn signal(code: i32) -> String {
    match code {
        129..=159 => format!(" (signal {})", code - 128),
        _ => String::new(),
    }
}
