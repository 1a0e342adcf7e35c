//! Variant `job`: a Ray cluster out of two Jobs, with nothing but Kubernetes.
//!
//! The head is the primary: its pod starts Ray, waits for the workers and becomes the
//! program, so the Job ends as the program ends. The workers are a Job that never ends by
//! itself: a lost one is replaced, and all go once the primary has ended. Requirements
//! are the host's: it installs them for the program and for its tasks alike, whereas
//! Ray's runtime environment would reach the tasks only.
//!
//! ```text
//! name-0.name   the head's host name, by the headless Service; workers join there
//! POD_IP        where each is reached by the others; RAY_ADDRESS of the program
//! ```

use codeflare_plugin::holes;
use codeflare_plugin::prelude::*;
use serde_json::{Value, json};

use crate::launch::{dashboard, env, head};
use crate::options::Framework;
use crate::{HEAD, WORKER};

/// Suffix of the workers' Job.
const WORKERS: &str = "workers";
/// Starts Ray's head and becomes the program.
const HEAD_PROGRAM: &str = include_str!("head.py");
/// Waits for the head and joins it.
const WORKER_PROGRAM: &str = include_str!("worker.py");

pub(crate) fn plan(request: &LaunchRequest, options: &Framework) -> LaunchPlan {
    let size = &request.size;
    let resources = options.head(size);
    let nodes = size.workers.saturating_add(1).to_string();
    let flags = flags(options.head_params(size), &resources);
    let program = request.application.argv.iter().cloned();
    let argv = python(HEAD_PROGRAM).chain([nodes]).chain(flags).chain(["--".to_owned()]).chain(program);
    let shm = shm(&options.head_params(size), &resources);
    let mut head = head(Command::Argv(argv.collect()), resources);
    head.env.push(pod_ip());
    head.more = json!({"subdomain": holes::name(""), "scratch": shm});

    let mut manifests = vec![primary(job("", HEAD, 0))];
    let mut roles = vec![head];
    let mut controls = vec![suspend(0)];
    if size.workers > 0 {
        // A worker that is lost shall be replaced for as long as the program runs.
        manifests.push(Manifest { ends: Ends::WithPrimary, ..supporting(job(WORKERS, WORKER, 1000)) });
        roles.push(worker(request, options));
        controls.push(suspend(1));
    }
    manifests.extend([headless("", HEAD), dashboard()]);
    LaunchPlan { controls, ..codeflare_plugin::prelude::plan(manifests, roles) }
}

fn job(suffix: &str, role: &str, retries: u32) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": holes::name(suffix)},
        "spec": {
            "completionMode": "Indexed",
            "completions": holes::count(role),
            "parallelism": holes::count(role),
            "backoffLimit": retries,
            // A pod that is going still holds its resources, and counts as one.
            "podReplacementPolicy": "Failed",
            "suspend": false,
            "template": holes::pod(role),
        },
    })
}

fn worker(request: &LaunchRequest, options: &Framework) -> Role {
    let Size { workers, worker } = &request.size;
    let params = options.worker_params();
    let head = format!("{name}-0.{name}", name = request.name);
    let argv = python(WORKER_PROGRAM).chain([head]).chain(flags(params.clone(), worker));
    let mut role = role(WORKER, *workers, Command::Argv(argv.collect()));
    role.env = env();
    role.env.push(pod_ip());
    role.more = json!({"scratch": shm(&params, worker)});
    role
}

fn python(program: &str) -> impl Iterator<Item = String> {
    ["python3", "-u", "-c", program].map(str::to_owned).into_iter()
}

fn pod_ip() -> (String, EnvValue) {
    ("POD_IP".into(), EnvValue::Field("status.podIP".into()))
}

/// Flags of `ray start`. Ray would count the cores of the node, not those of the pod.
fn flags(mut params: Vec<(&'static str, u64)>, resources: &Resources) -> Vec<String> {
    if !params.iter().any(|(name, _)| *name == "num-cpus") {
        params.insert(0, ("num-cpus", (resources.cpu_millis / 1000).max(1)));
    }
    params.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

/// Ray keeps objects in /dev/shm, which is 64Mi unless something is mounted there. It
/// wants 30% of the memory, and a little more than it was told to take.
fn shm(params: &[(&'static str, u64)], resources: &Resources) -> Value {
    let told = params.iter().find(|(name, _)| *name == "object-store-memory").map(|(_, bytes)| bytes + bytes / 20);
    let bytes = told.unwrap_or(resources.memory_bytes / 3).clamp(1, resources.memory_bytes.max(1));
    json!({"/dev/shm": {"sizeBytes": bytes, "memory": true}})
}
