//! What failed, in the words of a Job's workers.

use codeflare_plugin::blame::{self, Blame};
use codeflare_plugin::prelude::*;

/// The worker to blame, if a failed one is there.
pub(crate) fn blame(pods: &[LivePod], workers: u32) -> Option<Blame> {
    blame::failed(pods, "WorkerLost", |pod| worker(pod, workers))
}

/// Without a failed pod, all that is known is what the Job says.
pub(crate) fn by_condition(reason: &str, message: &str) -> Blame {
    let cause = match reason {
        "BackoffLimitExceeded" | "" => "WorkerLost",
        other => other,
    };
    let said = if message.is_empty() { "it does not say why" } else { message };
    Blame::new(cause, format!("the Job failed and no failed pod is there to ask: {said}"), true)
}

/// How a message names a worker: by the index that the program knows.
pub(crate) fn worker(pod: &LivePod, workers: u32) -> String {
    match (pod.index, workers) {
        (_, 1) => "the program".to_owned(),
        (Some(index), _) => format!("worker {index} of {workers}"),
        (None, _) => format!("pod {}", pod.name),
    }
}
