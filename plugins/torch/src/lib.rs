//! Launcher `torch`: distributed training with PyTorch, its processes started by torch's
//! own launcher (`torchrun`).
//!
//! In: a Run of framework `torch`, with any command that would train alone. Out: one
//! worker for each node of the training, in the best shape that the cluster serves:
//!
//! ```text
//! variant    objects                    what the cluster needs beside Kubernetes
//! trainjob   TrainJob, TrainingRuntime  Kubeflow Trainer 2, and JobSet
//! jobset     JobSet                     JobSet
//! job        Job, headless Service      nothing
//! ```
//!
//! The processes meet by the environment (`torch.distributed.init_process_group` with
//! nothing but a backend); RANK, WORLD_SIZE, LOCAL_RANK and so on are torch's own. There
//! is one process for each GPU of a worker, else one. Which backend is the program's
//! choice: `"nccl" if torch.cuda.is_available() else "gloo"`.

mod command;
mod failure;
mod launch;
mod observe;
mod options;
mod shapes;
mod variant;
mod workload;

use codeflare_plugin::kind;
use codeflare_plugin::prelude::*;

/// The only role. Kubeflow Trainer accepts no other name for the main container.
const NODE: &str = "node";

/// The plugin.
#[derive(Debug)]
pub struct Torch;

impl Launcher for Torch {
    fn describe() -> Description {
        Description {
            name: "torch".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs distributed PyTorch programs as a TrainJob, a JobSet or a Job".into(),
            frameworks: vec!["torch".into()],
            kinds: vec![
                kind("batch", "v1", "Job"),
                kind("", "v1", "Service"),
                kind("jobset.x-k8s.io", "v1alpha2", "JobSet"),
                kind("trainer.kubeflow.org", "v1alpha1", "TrainJob"),
                kind("trainer.kubeflow.org", "v1alpha1", "TrainingRuntime"),
            ],
            variants: variant::described(),
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

codeflare_plugin::export_launcher!(Torch);
