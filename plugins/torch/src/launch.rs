//! A request becomes objects, one role, and what was chosen.
//!
//! The processes of a worker are started by torch's launcher, and the launchers of all
//! workers meet by a static rendezvous, told by the environment: every version of torch
//! reads it, whatever the spelling of its options.
//!
//! ```text
//! PET_NNODES            workers
//! PET_NODE_RANK         which one this is, from 0
//! PET_NPROC_PER_NODE    processes on each: framework.procPerNode, else its GPUs, else 1
//! PET_MASTER_ADDR/_PORT where worker 0 keeps the store; localhost where it is alone
//! PET_RDZV_BACKEND      static: worker 0 is known, so nobody has to be elected
//! PET_RDZV_CONF         how long to wait for the others: the host owns time, so a day
//! ```
//!
//! A worker that is up before the name of worker 0 resolves, or before its store listens,
//! tries again all that time. The interface is left to gloo and nccl: a pod's own name
//! leads to the one that the others can reach.

use std::collections::BTreeMap;

use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, holes, settings};
use serde_json::json;

use crate::options::{Options, Settings, Starter};
use crate::{NODE, command, shapes, variant};

/// The store's, as in torch and the Trainer.
const PORT: u16 = 29500;
const A_DAY: u32 = 24 * 60 * 60;
const INDEX: &str = "metadata.annotations['batch.kubernetes.io/job-completion-index']";

pub(crate) fn launch(request: &LaunchRequest) -> Result<LaunchPlan, Decline> {
    let wanted: Settings = settings::read("torch", &request.settings)?;
    let options: Options = settings::framework(&request.application)?;
    let (shape, shape_choice) = variant::choose(wanted.variant, &request.served)?;
    let (workers, most) = (request.size.workers, shapes::most(shape, &request.name));
    if workers == 0 || workers > most {
        let name = shape.name();
        let message = format!("a {name} needs 1 to {most} workers, but this Run has {workers}; set workers");
        return Err(fault::invalid("WorkersInvalid", message, format!("Run/{}", request.run.name), "/spec/workers"));
    }
    let worker = &request.size.worker;
    let (processes, process_choice) = processes(&request.application, &options, worker);
    // Cores of each process, for OpenMP; at least one.
    let threads = (worker.cpu_millis / 1000).checked_div(processes).unwrap_or(1).max(1);
    let command = match options.launcher {
        Starter::Torchrun => command::command(&request.application, threads)?,
        Starter::None => Command::Program,
    };
    let mut role = role(NODE, workers, command);
    role.env = rendezvous(workers, processes, shapes::first(shape, &request.name, workers));
    let more = RoleMore {
        subdomain: shapes::needs_subdomain(shape, workers).then(|| holes::name("")),
        scratch: shared_memory(worker),
        ..RoleMore::default()
    };
    role.more = json!(more);
    Ok(LaunchPlan {
        controls: vec![suspend(0)],
        choices: vec![shape_choice, process_choice],
        ..plan(shapes::manifests(shape, workers), vec![role])
    })
}

/// Processes on each worker, and by whom and why.
fn processes(application: &LaunchedApplication, options: &Options, worker: &Resources) -> (u64, Choice) {
    let gpus = worker.extended.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let own = gpus.max(1);
    let by = "plugin torch".to_owned();
    let why = if gpus > 0 { "one for each GPU" } else { "no GPUs" };
    let field = "worker.processes".to_owned();
    match options.proc_per_node {
        Some(asked) => {
            let asked = u64::from(asked.get());
            let over = if asked == own { Vec::new() } else { vec![(by, own.into())] };
            let by = format!("Application/{}", application.name);
            (asked, Choice { field, value: asked.into(), by, why: "framework.procPerNode".into(), over })
        }
        None => (own, Choice { field, value: own.into(), by, why: why.into(), over: Vec::new() }),
    }
}

fn rendezvous(workers: u32, processes: u64, first: String) -> Vec<(String, EnvValue)> {
    let text = |name: &str, value: String| (name.to_owned(), EnvValue::Text(value));
    vec![
        text("PET_NNODES", workers.to_string()),
        text("PET_NPROC_PER_NODE", processes.to_string()),
        ("PET_NODE_RANK".to_owned(), EnvValue::Field(INDEX.to_owned())),
        text("PET_MASTER_ADDR", first),
        text("PET_MASTER_PORT", PORT.to_string()),
        text("PET_RDZV_BACKEND", "static".to_owned()),
        text("PET_RDZV_CONF", format!("timeout={A_DAY}")),
    ]
}

/// Data loaders hand batches over in `/dev/shm`, and nccl its messages; what a pod has by
/// itself is 64 MiB. It counts as the worker's memory as it fills.
fn shared_memory(worker: &Resources) -> BTreeMap<String, Scratch> {
    let half = worker.memory_bytes / 2;
    let volume = Scratch { size_bytes: half, memory: true };
    if half > 0 { [("/dev/shm".to_owned(), volume)].into() } else { BTreeMap::new() }
}
