//! What the primary says of itself, whichever of the three it is.
//!
//! ```text
//!            over                                     done
//! Job        SuccessCriteriaMet, Complete, Failed;    status.succeeded, and those not yet counted
//!            FailureTarget: it fails, pods are ending
//! JobSet     Completed, Failed; terminalState         all, once replicatedJobsStatus has its Job
//! TrainJob   Complete, Failed                         all, once jobsStatus has its Job
//! ```
//!
//! A JobSet counts Jobs, not pods: a set of ours has one Job, which succeeds as a whole.

use codeflare_plugin::live::{condition, text};
use codeflare_plugin::state::End;
use codeflare_plugin::workers::done_by_job;
use serde_json::Value;

use crate::NODE;

/// How it ended, if it did.
pub(crate) fn end(object: &Value) -> Option<End<'_>> {
    let terminal = text(object, "/status/terminalState");
    if terminal == "Completed" || condition(object, "Completed").is_some() {
        return Some(End::Succeeded);
    }
    match End::of_job(object) {
        None | Some(End::Failing(_)) if terminal == "Failed" => Some(End::Failed(&Value::Null)),
        end => end,
    }
}

/// Workers that it counts as done.
pub(crate) fn done(object: &Value, workers: u32) -> u64 {
    let list = |at: &str| object.pointer(at).and_then(Value::as_array);
    let jobs = list("/status/replicatedJobsStatus").or(list("/status/jobsStatus")).into_iter().flatten();
    let ours = jobs.filter(|job| text(job, "/name") == NODE);
    let whole = ours.filter_map(|job| job.get("succeeded")?.as_u64()).any(|succeeded| succeeded > 0);
    if whole { workers.into() } else { done_by_job(object) }
}

/// Who should have noticed; none for Kubernetes itself, which has no such trouble.
pub(crate) fn controller(kind: &str) -> Option<&'static str> {
    match kind {
        "JobSet" => Some("the JobSet controller"),
        "TrainJob" => Some("Kubeflow Trainer (with the JobSet controller under it)"),
        _ => None,
    }
}
