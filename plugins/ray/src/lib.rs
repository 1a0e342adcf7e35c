//! Launcher `ray`: a program that finds a Ray cluster of its own.
//!
//! In: a Run of framework `ray`. Out: the objects of one of two variants; then the Run's
//! state, read out of them and their pods.
//!
//! ```text
//! variant  needs                 objects                       roles
//! rayjob   KubeRay (RayJob v1)   RayJob; Service               submitter, head, worker
//! job      nothing               Job, Job of workers; Services head, worker
//! ```
//!
//! `settings.variant` chooses; `auto` takes `rayjob` where that kind is served. Either
//! way the program runs on the head, finds Ray by `RAY_ADDRESS`, and its tasks go to the
//! workers; a Run without workers has its tasks on the head. The image needs Python and
//! `ray[default]`; a lost worker is replaced, a lost head ends the attempt.

mod job;
mod launch;
mod observe;
mod options;
mod rayjob;

use codeflare_plugin::documents::describe::{EmittedKind, Variant};
use codeflare_plugin::kind;
use codeflare_plugin::prelude::*;

/// Name of the plugin and of its framework.
const RAY: &str = "ray";
/// Role that hands the program to Ray; only with KubeRay.
const SUBMITTER: &str = "submitter";
/// Role with Ray's own services, where the program runs.
const HEAD: &str = "head";
/// Role where tasks run.
const WORKER: &str = "worker";
/// Suffix of the Service in front of Ray's dashboard.
const DASHBOARD: &str = "dash";
/// Ports of the head by name: what workers, people and clients outside Ray speak to.
const PORTS: [(&str, u16); 3] = [("gcs", 6379), ("dashboard", 8265), ("client", 10001)];
/// Port of the dashboard.
const DASHBOARD_PORT: u16 = 8265;

fn rayjob_kind() -> EmittedKind {
    kind("ray.io", "v1", "RayJob")
}

fn job_kind() -> EmittedKind {
    kind("batch", "v1", "Job")
}

/// The plugin.
#[derive(Debug)]
pub struct Ray;

impl Launcher for Ray {
    fn describe() -> Description {
        let service = kind("", "v1", "Service");
        Description {
            name: RAY.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs a program with a Ray cluster of its own".into(),
            frameworks: vec![RAY.into()],
            kinds: vec![rayjob_kind(), job_kind(), service.clone()],
            variants: vec![
                Variant { name: "rayjob".into(), needs: vec![rayjob_kind(), service.clone()] },
                Variant { name: "job".into(), needs: vec![job_kind(), service] },
            ],
            settings_schema: options::settings_schema(),
            framework_schema: options::framework_schema(),
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

codeflare_plugin::export_launcher!(Ray);
