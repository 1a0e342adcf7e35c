//! The objects of each shape, with holes.
//!
//! No deadline, TTL or retries of an operator's own: the host owns time, and a retry is a
//! new attempt under a new name. All nodes run at once (completions = parallelism), and
//! the first that fails ends the rest: a rank alone can neither go on nor come back.

use codeflare_plugin::holes;
use codeflare_plugin::prelude::*;
use serde_json::{Value, json};

use crate::NODE;
use crate::variant::Shape;

/// Suffix of the name of a TrainJob's runtime.
const RUNTIME: &str = "runtime";
/// Most pods of an Indexed Job that Kubernetes accepts.
const MOST: u32 = 100_000;
/// Longest name of a pod that JobSet accepts.
const LONGEST: usize = 63;

/// The manifests, the primary first.
pub(crate) fn manifests(shape: Shape, workers: u32) -> Vec<Manifest> {
    match shape {
        Shape::TrainJob => vec![primary(train_job()), supporting(runtime())],
        Shape::JobSet => vec![primary(job_set())],
        Shape::Job if workers > 1 => vec![primary(job()), headless("", NODE)],
        Shape::Job => vec![primary(job())],
    }
}

/// Most workers; `name` is the base name of the attempt. JobSet refuses a set whose pods
/// would have too long a name: `NAME-node-0-999-abcde`.
pub(crate) fn most(shape: Shape, name: &str) -> u32 {
    let taken = name.len() + NODE.len() + "--0--abcde".len();
    let digits = LONGEST.saturating_sub(taken);
    match shape {
        Shape::Job => MOST,
        Shape::JobSet | Shape::TrainJob => 10_u32.saturating_pow(u32::try_from(digits).unwrap_or(0)).min(MOST),
    }
}

/// Whether the launcher itself must name the headless Service; JobSet makes its own, and
/// names it in the pods.
pub(crate) fn needs_subdomain(shape: Shape, workers: u32) -> bool {
    shape == Shape::Job && workers > 1
}

/// Host name of the first node; `name` is the base name of the attempt. JobSet names pods
/// by set, replicated job, number of the job and index, and its Service by the set. The
/// Trainer names its JobSet as the TrainJob.
pub(crate) fn first(shape: Shape, name: &str, workers: u32) -> String {
    match shape {
        _ if workers == 1 => "localhost".to_owned(),
        Shape::Job => format!("{name}-0.{name}"),
        Shape::JobSet | Shape::TrainJob => format!("{name}-{NODE}-0-0.{name}"),
    }
}

fn indexed() -> Value {
    json!({
        "completionMode": "Indexed",
        "completions": holes::count(NODE),
        "parallelism": holes::count(NODE),
        "backoffLimit": 0,
        // A pod that is going still holds its resources, and counts as one.
        "podReplacementPolicy": "Failed",
        "template": holes::pod(NODE),
    })
}

fn job() -> Value {
    let mut spec = indexed();
    spec.as_object_mut().map(|spec| spec.insert("suspend".into(), false.into()));
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": holes::name("")}, "spec": spec})
}

/// What a JobSet and the template of a runtime have in common; `metadata` is the Job's.
fn one_job(metadata: Option<Value>) -> Value {
    let mut template = json!({"spec": indexed()});
    if let (Some(metadata), Some(template)) = (metadata, template.as_object_mut()) {
        template.insert("metadata".into(), metadata);
    }
    json!({
        "network": {"enableDNSHostnames": true, "publishNotReadyAddresses": true},
        "failurePolicy": {"maxRestarts": 0},
        "replicatedJobs": [{"name": NODE, "replicas": 1, "template": template}],
    })
}

fn job_set() -> Value {
    let mut spec = one_job(None);
    spec.as_object_mut().map(|spec| spec.insert("suspend".into(), false.into()));
    json!({
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": holes::name("")},
        "spec": spec,
    })
}

fn train_job() -> Value {
    json!({
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": holes::name("")},
        "spec": {
            "runtimeRef": {
                "apiGroup": "trainer.kubeflow.org",
                "kind": "TrainingRuntime",
                "name": holes::name(RUNTIME),
            },
            "suspend": false,
        },
    })
}

/// The TrainJob's own runtime, so that the host's pod is in it. It stays as long as the
/// TrainJob: the Trainer refuses any change of a TrainJob whose runtime is gone, suspend
/// and the last steps of a deletion among them.
///
/// A plain policy instead of `torch`: that one overwrites the rendezvous, starts as many
/// processes as there are cores where there is no GPU, and knows nothing of `procPerNode`.
/// The label tells the Trainer that `numNodes` counts this Job, whose completions and
/// parallelism it sets from it.
fn runtime() -> Value {
    json!({
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainingRuntime",
        "metadata": {"name": holes::name(RUNTIME)},
        "spec": {
            "mlPolicy": {"numNodes": holes::count(NODE)},
            "template": {
                "spec": one_job(Some(json!({"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}}))),
            },
        },
    })
}
