//! The state of a Run, read out of its Job and pods: the SDK's rows of equal workers, as
//! they stand.

use codeflare_plugin::prelude::*;
use codeflare_plugin::workers::{self, Workload};

use crate::WORKER;

/// A Job, and nothing else.
struct Plain;

impl Workload for Plain {}

pub(crate) fn observe(request: &ObserveRequest) -> Observation {
    workers::observe::<Plain>(request, WORKER)
}
