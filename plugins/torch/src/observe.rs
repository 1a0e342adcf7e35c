//! The state of a Run, read out of its primary and its pods: the SDK's rows of equal
//! workers, with what is a training's own.

use codeflare_plugin::blame::Blame;
use codeflare_plugin::prelude::*;
use codeflare_plugin::state::End;
use codeflare_plugin::workers::{self, Workload};
use serde_json::Value;

use crate::{NODE, failure, workload};

/// A training, whichever kind its primary is.
struct Training;

impl Workload for Training {
    const KIND: &'static str = "workload";
    const SAYING_NOTHING: &'static [&'static str] = &["", "BackoffLimitExceeded", "FailedJobs", "ReachedMaxRestarts"];
    const FOR_GOOD: &'static [&'static str] = &["TrainingRuntimeNotSupported"];

    fn end(object: &Value) -> Option<End<'_>> {
        workload::end(object)
    }

    fn done(object: &Value, workers: u32) -> u64 {
        workload::done(object, workers)
    }

    fn controller(kind: &str) -> Option<&'static str> {
        workload::controller(kind)
    }

    fn blame(pods: &[LivePod], workers: u32) -> Option<Blame> {
        failure::blame(pods, workers)
    }
}

pub(crate) fn observe(request: &ObserveRequest) -> Observation {
    workers::observe::<Training>(request, NODE)
}
