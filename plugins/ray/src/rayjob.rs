//! Variant `rayjob`: KubeRay makes the cluster, and a pod of its own submits the program.
//!
//! KubeRay writes the commands of all three pods. Two shells stand between it and the
//! program (the submitter's and Ray's), so the entrypoint is the path of the host's
//! program, which runs the words literally.

use codeflare_plugin::holes;
use codeflare_plugin::prelude::*;
use serde_json::{Map, Value, json};

use crate::launch::{choice, dashboard, env, head};
use crate::options::Framework;
use crate::{HEAD, SUBMITTER, WORKER};

/// The submitter sends one request and prints a log.
const SUBMITTER_CPU_MILLIS: u64 = 500;
const SUBMITTER_MEMORY_BYTES: u64 = 512 << 20;

pub(crate) fn plan(request: &LaunchRequest, options: &Framework) -> LaunchPlan {
    let size = &request.size;
    let mut head_params = params(options.head_params(size));
    head_params.insert("dashboard-host".into(), "0.0.0.0".into());
    let mut cluster = json!({
        "rayVersion": options.version(),
        "headGroupSpec": {"rayStartParams": head_params, "template": holes::pod(HEAD)},
    });
    if size.workers > 0 {
        // Not `head`: Kueue refuses a group of that name.
        put(
            &mut cluster,
            "workerGroupSpecs",
            json!([{
                "groupName": "workers",
                "replicas": holes::count(WORKER),
                "minReplicas": holes::count(WORKER),
                "maxReplicas": holes::count(WORKER),
                "rayStartParams": params(options.worker_params()),
                "template": holes::pod(WORKER),
            }]),
        );
    }
    let mut spec = json!({
        "entrypoint": request.exec,
        "submissionMode": "K8sJobMode",
        "suspend": false,
        // A retry is a new attempt of the Run, under a new name.
        "backoffLimit": 0,
        // KubeRay refuses to suspend a RayJob without it. With no TTL beside it the
        // cluster goes as soon as the program has ended, and its resources with it; the
        // submitter's pod stays, and with it the program's log.
        "shutdownAfterJobFinishes": true,
        // A second submitter would print the log from its start once more.
        "submitterConfig": {"backoffLimit": 0},
        "submitterPodTemplate": holes::pod(SUBMITTER),
        "rayClusterSpec": cluster,
    });
    let requirements = &request.application.requirements;
    let passes = requirements.len() <= MOST_REQUIREMENTS && requirements.iter().all(|line| passes(line));
    let taken = !requirements.is_empty() && passes;
    if taken {
        // JSON is YAML.
        put(&mut spec, "runtimeEnvYAML", json!({"pip": requirements}).to_string().into());
    }
    let rayjob = json!({
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": holes::name("")},
        "spec": spec,
    });

    let mut head = head(Command::Image, options.head(size));
    head.more = json!({"exec": true});
    let mut roles = vec![submitter(), head];
    if size.workers > 0 {
        roles.push(Role { env: env(), ..role(WORKER, size.workers, Command::Image) });
    }
    let mut plan = LaunchPlan {
        controls: vec![suspend(0)],
        ..codeflare_plugin::prelude::plan(vec![primary(rayjob), dashboard()], roles)
    };
    if taken {
        plan.more = json!({"requirements": true});
    }
    if !passes {
        let why = "a line has $ or `, which KubeRay hands to a shell, or is an option of pip, or there is too much";
        plan.choices.push(choice("requirements", "host", "plugin ray", why));
    }
    plan
}

/// Most requirements, and longest one in bytes, that the host lets a plan hand over.
const MOST_REQUIREMENTS: usize = 256;
const LONGEST_REQUIREMENT: usize = 512;

/// Whether a requirement can be handed to Ray: KubeRay pastes it into a shell line, and an
/// option of pip, such as another index, is not a package.
fn passes(line: &str) -> bool {
    !line.contains(['$', '`']) && !line.trim_start().starts_with('-') && line.len() <= LONGEST_REQUIREMENT
}

fn submitter() -> Role {
    Role {
        inputs: false,
        resources: Some(Resources {
            cpu_millis: SUBMITTER_CPU_MILLIS,
            memory_bytes: SUBMITTER_MEMORY_BYTES,
            extended: Default::default(),
        }),
        ..role(SUBMITTER, 1, Command::Image)
    }
}

/// KubeRay's parameters are texts, and these are digits.
fn params(all: Vec<(&'static str, u64)>) -> Map<String, Value> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_string().into())).collect()
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
