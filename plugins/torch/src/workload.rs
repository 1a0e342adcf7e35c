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
use codeflare_plugin::prelude::*;
use serde_json::Value;

use crate::NODE;

pub(crate) struct Workload<'a> {
    /// For messages; the kind of the object.
    pub(crate) kind: &'a str,
    /// Null where it is not there.
    pub(crate) object: &'a Value,
}

pub(crate) enum End<'a> {
    Succeeded,
    /// It will have failed once its pods have ended: the condition.
    Failing(&'a Value),
    /// The condition; null where only the terminal state says so.
    Failed(&'a Value),
}

impl<'a> Workload<'a> {
    pub(crate) fn of(request: &'a ObserveRequest) -> Self {
        let primary = request.objects.iter().find(|live| live.primary);
        let kind = primary.map_or("workload", |live| live.kind.as_str());
        Workload { kind, object: primary.map_or(&Value::Null, |live| &live.object) }
    }

    /// How it ended, if it did.
    pub(crate) fn end(&self) -> Option<End<'a>> {
        let success = ["SuccessCriteriaMet", "Complete", "Completed"];
        let terminal = text(self.object, "/status/terminalState");
        if terminal == "Completed" || success.iter().any(|kind| condition(self.object, kind).is_some()) {
            return Some(End::Succeeded);
        }
        if let Some(failed) = condition(self.object, "Failed") {
            return Some(End::Failed(failed));
        }
        if terminal == "Failed" {
            return Some(End::Failed(&Value::Null));
        }
        condition(self.object, "FailureTarget").map(End::Failing)
    }

    /// Whether it is held back, by the Run or by a queue. The condition follows later, on
    /// suspend and on resume.
    pub(crate) fn held(&self) -> bool {
        self.object.pointer("/spec/suspend") == Some(&Value::Bool(true))
    }

    /// Whether a controller has ever looked at it.
    pub(crate) fn taken_up(&self) -> bool {
        self.object.get("status").and_then(Value::as_object).is_some_and(|status| !status.is_empty())
    }

    /// Workers that it counts as done: it may know of some whose pods are gone.
    pub(crate) fn done(&self, workers: u32) -> u64 {
        let number = |at: &str| self.object.pointer(at).and_then(Value::as_u64).unwrap_or(0);
        let list = |at: &str| self.object.pointer(at).and_then(Value::as_array);
        let uncounted = list("/status/uncountedTerminatedPods/succeeded").map_or(0, |pods| pods.len() as u64);
        let jobs = list("/status/replicatedJobsStatus").or(list("/status/jobsStatus")).into_iter().flatten();
        let ours = jobs.filter(|job| text(job, "/name") == NODE);
        let whole = ours.filter_map(|job| job.get("succeeded")?.as_u64()).any(|succeeded| succeeded > 0);
        if whole { workers.into() } else { number("/status/succeeded").saturating_add(uncounted) }
    }

    /// Who should have noticed; none for Kubernetes itself, which has no such trouble.
    pub(crate) fn controller(&self) -> Option<&'static str> {
        match self.kind {
            "JobSet" => Some("the JobSet controller"),
            "TrainJob" => Some("Kubeflow Trainer (with the JobSet controller under it)"),
            _ => None,
        }
    }
}
