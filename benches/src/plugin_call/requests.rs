//! What the plugins are asked: the requests of a Run with a long command line, many
//! packages and forty workers, 14 KB and more.

use codeflare_documents::call::Request;
use codeflare_documents::sizing::Usage;
use codeflare_engine::Role;
use codeflare_plugin::testing::{self, Observed, configuration, decide_request, pod};
use codeflare_plugin::{Launcher, SizingPolicy, kind};
use serde_json::{Value, json};

use crate::{Case, native};

const NAME: &str = "lightning-x7k2p";
const WORKERS: u32 = 40;

/// Each step of each shipped plugin.
pub(crate) fn all() -> Vec<Case> {
    let kuberay = json!({
        "rayVersion": "2.60.0",
        "rayStartParams": {"num-cpus": 4, "object-store-memory": "2147483648"},
        "head": {"cpu": 2, "memory": "8Gi", "numCpus": 0},
    });
    vec![
        launch::<job::Job>("job", "job", json!({})),
        launch::<ray::Ray>("ray", "ray", kuberay),
        launch::<torch::Torch>("torch", "torch", json!({"procPerNode": 4, "launcher": "torchrun"})),
        observe::<job::Job>("job", "Job", "worker"),
        observe::<ray::Ray>("ray", "RayJob", "worker"),
        observe::<torch::Torch>("torch", "TrainJob", "node"),
        decide::<sizing_policy::TeeShirts>("sizing-policy", json!({})),
        decide::<budget::Budget>("budget", json!({"limits": {"cpu": 2000, "memory": "20Ti", "workers": 500}})),
    ]
}

fn launch<L: Launcher>(plugin: &'static str, framework: &str, options: Value) -> Case {
    let mut request = testing::launch_request(WORKERS);
    request.served = L::describe().all_kinds().cloned().collect();
    request.served.push(kind("batch", "v1", "Job"));
    let application = &mut request.application;
    application.api = framework.into();
    application.framework = options;
    application.workdir = Some("/workdir".into());
    let sweep = (0..140).map(|n| format!("--set=model.layers.{n}.attention.dropout=0.{n:03},0.{:03},\"auto\"", n + 1));
    application.argv.extend(sweep);
    application.requirements = (0..140).map(|n| format!("package-of-the-team-{n}[extra]>=1.{n}.0,<2")).collect();
    Case { plugin, role: Role::Launcher, request: Request::Launch(Box::new(request)), native: native::launcher::<L> }
}

fn observe<L: Launcher>(plugin: &'static str, primary: &str, role: &str) -> Case {
    let conditions: Vec<Value> = (0..8)
        .map(|n| {
            json!({
                "type": format!("Condition{n}"), "status": "False", "reason": "NotYet",
                "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "what the operator says of it, in a sentence",
            })
        })
        .collect();
    let object = json!({
        "apiVersion": "example/v1", "kind": primary,
        "metadata": {"name": NAME, "namespace": "team-a", "uid": "1f3c3f0a-7d57-4f0c-9f30-6f6f3a1e0a11"},
        "spec": {"suspend": false, "completions": WORKERS, "parallelism": WORKERS},
        "status": {
            "active": WORKERS, "ready": WORKERS, "conditions": conditions,
            "jobDeploymentStatus": "Running", "jobStatus": "RUNNING", "message": "Job is currently running.",
        },
    });
    let mut seen = Observed::new(NAME, WORKERS).role(role, WORKERS).object(primary, object);
    for other in ["head", "submitter"].into_iter().filter(|_| primary == "RayJob") {
        seen = seen.role(other, 1).pod_of(other, pod(0).running());
    }
    for index in 0..WORKERS * 3 {
        // Replaced twice, each of them.
        let one = pod(index % WORKERS);
        seen = seen.pod_of(role, if index < WORKERS { one.running() } else { one.lost("Evicted") });
    }
    let request = Request::Observe(Box::new(seen.request()));
    Case { plugin, role: Role::Launcher, request, native: native::launcher::<L> }
}

fn decide<P: SizingPolicy>(plugin: &'static str, settings: Value) -> Case {
    let mut request = decide_request();
    let usual = request.configurations.remove(0);
    for number in 0..30 {
        let mut one = configuration::<0>(&format!("sizes-of-department-{number}"), 100 - number, []);
        one.sizes = usual.sizes.clone();
        request.configurations.push(one);
    }
    request.settings = settings;
    request.usage =
        Some(Usage { runs: 12, workers: 96, cpu_millis: 192_000, memory_bytes: 1 << 40, ..Usage::default() });
    let worker =
        codeflare_documents::shared::Resources { cpu_millis: 2000, memory_bytes: 16 << 30, ..Default::default() };
    let proposed = Some(codeflare_documents::shared::Size { workers: 4, worker });
    let request = Request::Decide { request: Box::new(request), proposed };
    Case { plugin, role: Role::SizingPolicy, request, native: native::policy::<P> }
}
