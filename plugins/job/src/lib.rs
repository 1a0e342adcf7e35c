//! Launcher `job`: any program as an Indexed Job, with nothing but Kubernetes.
//!
//! In: a Run of framework `job`. Out: a Job and, where workers must find each other, a
//! headless Service; then the Run's state, read out of the Job and its pods. Each of
//! the workers runs the same program and learns from its environment which one it is:
//!
//! ```text
//! CODEFLARE_WORKERS        how many there are
//! CODEFLARE_WORKER_INDEX   which one this is, counted from 0
//! CODEFLARE_WORKER_0       host name of worker 0; localhost where it is alone
//! CODEFLARE_WORKER_HOSTS   host names of all, with commas; only up to 64 workers
//! ```

mod launch;
mod observe;

use codeflare_plugin::kind;
use codeflare_plugin::prelude::*;

/// The only role.
const WORKER: &str = "worker";

/// The plugin.
#[derive(Debug)]
pub struct Job;

impl Launcher for Job {
    fn describe() -> Description {
        Description {
            name: "job".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs any program as an Indexed Job".into(),
            frameworks: vec!["job".into()],
            kinds: vec![kind("batch", "v1", "Job"), kind("", "v1", "Service")],
            variants: Vec::new(),
            settings_schema: closed_object(),
            framework_schema: closed_object(),
            usage: false,
        }
    }

    fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline> {
        launch::launch(&request)
    }

    fn observe(request: ObserveRequest) -> Result<Observation, Decline> {
        Ok(observe::observe(&request))
    }
}

codeflare_plugin::export_launcher!(Job);
