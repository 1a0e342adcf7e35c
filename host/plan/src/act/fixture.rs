//! A small Run with its record, objects and pods, for the tests of observe, act, status.

use std::collections::BTreeMap;

use codeflare_api::{Application, Run, RunStatus, labels};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::launcher::{Control, Ends, Failure, Observation, RoleReady};
use codeflare_documents::shared::{Choice, Size};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

use crate::live::{Action, Child, Situation};
use crate::plan::{Plan, PlannedObject, PlannedPlugin, PlannedRole, Record};
use crate::seen::{Seen, Site};

pub(crate) const UID: &str = "0d9a6f5e-0001";

/// Whole seconds after noon of a day.
pub(crate) fn at(second: i64) -> Timestamp {
    let noon: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
    Timestamp::from_second(noon.as_second() + second).unwrap()
}

pub(crate) fn run(spec: Value) -> Run {
    let mut all = json!({"application": {"name": "hello"}});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
        "metadata": {"name": "hello", "namespace": "team", "uid": UID, "generation": 1},
        "spec": all,
    }))
    .unwrap()
}

pub(crate) fn with_status(mut run: Run, status: Value) -> Run {
    run.status = Some(serde_json::from_value::<RunStatus>(status).unwrap());
    run
}

pub(crate) fn application(spec: Value) -> Application {
    let mut all = json!({"api": "job", "image": "python:3", "command": "python hello.py"});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
        "metadata": {"name": "hello", "namespace": "team"}, "spec": all,
    }))
    .unwrap()
}

pub(crate) fn kind(group: &str, kind: &str) -> EmittedKind {
    EmittedKind { group: group.into(), version: "v1".into(), kind: kind.into() }
}

/// A plan with a Service that goes with the primary, a ConfigMap that stays, and a Job.
pub(crate) fn record(attempt: u32) -> Record {
    let name = format!("hello-{attempt}");
    let object = |kind: EmittedKind, suffix: &str, primary, ends| PlannedObject {
        kind,
        name: format!("{name}{suffix}"),
        primary,
        ends,
        by_host: false,
        object: json!({}),
    };
    let plugin = |name: &str| PlannedPlugin { name: name.into(), digest: "sha256:00".into(), settings: Map::new() };
    let choice = |by: &str, over: Vec<(String, Value)>| Choice {
        field: "workers".into(),
        value: json!(2),
        by: by.into(),
        why: "the size says so".into(),
        over,
    };
    Record {
        host: "0.1.0".into(),
        seen: Seen {
            run: run(json!({})),
            application: Some(application(json!({}))),
            configurations: Vec::new(),
            plugins: Vec::new(),
            served: Vec::new(),
            ceiling: crate::lock::Ceiling::default(),
            cluster_scoped: Vec::new(),
            namespace_labels: BTreeMap::new(),
            usage: None,
            priority_classes: Vec::new(),
            source: None,
            site: Site::default(),
        },
        exchanges: Vec::new(),
        plan: Plan {
            name: name.clone(),
            namespace: "team".into(),
            attempt,
            objects: vec![
                object(kind("", "Service"), "", false, Ends::WithPrimary),
                object(kind("", "ConfigMap"), "-files", false, Ends::WithRun),
                object(kind("batch", "Job"), "", true, Ends::WithRun),
            ],
            roles: vec![PlannedRole { name: "worker".into(), count: 2 }, PlannedRole { name: "head".into(), count: 1 }],
            controls: vec![Control {
                what: "suspend".into(),
                manifest: 2,
                at: "/spec/suspend".into(),
                on: json!(true),
                off: json!(false),
            }],
            choices: vec![choice("Run/hello", vec![("plugin sizing".into(), json!(4))]), choice("default", Vec::new())],
            size_name: "sm".into(),
            size: Size { workers: 3, worker: codeflare_documents::shared::Resources::default() },
            launcher: plugin("job"),
            sizing_policies: vec![plugin("sizing")],
            retries: 0,
            retry_exit_codes: Vec::new(),
        },
        digest: format!("sha256:{attempt}"),
    }
}

/// A record that allows this many retries, for these exit codes.
pub(crate) fn retrying(attempt: u32, retries: u32, exit_codes: &[i32]) -> Record {
    let mut record = record(attempt);
    record.plan.retries = retries;
    record.plan.retry_exit_codes = exit_codes.to_vec();
    record
}

/// Every object of the plan, alive.
pub(crate) fn children(attempt: u32) -> Vec<Child> {
    let child = |planned: PlannedObject| Child {
        uid: format!("{}-{}", planned.kind.kind, planned.name),
        kind: planned.kind,
        name: planned.name,
        attempt,
        owner: Some(UID.into()),
        deleting: false,
        object: if planned.primary { json!({"spec": {"suspend": false}}) } else { Value::Null },
    };
    record(attempt).plan.objects.into_iter().map(child).collect()
}

/// UID of the primary of an attempt.
pub(crate) fn primary(attempt: u32) -> String {
    format!("Job-hello-{attempt}")
}

/// A status that has published the primary of an attempt.
pub(crate) fn launched(attempt: u32, phase: &str, more: Value) -> Value {
    let object =
        json!({"apiVersion": "batch/v1", "kind": "Job", "name": format!("hello-{attempt}"), "uid": primary(attempt)});
    let mut status = json!({
        "phase": phase, "reason": phase, "startTime": "2026-01-05T12:00:00Z",
        "launch": {"attempt": attempt, "plan": "sha256:1", "record": "r", "object": object},
    });
    status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    status
}

pub(crate) fn observation(phase: &str, ready: u32) -> Observation {
    Observation {
        phase: phase.into(),
        reason: phase.into(),
        message: format!("2 workers: {}", phase.to_lowercase()),
        roles: vec![
            RoleReady { role: "worker".into(), ready, total: 2 },
            RoleReady { role: "head".into(), ready: 0, total: 1 },
        ],
        logs: Vec::new(),
        failure: None,
        more: json!({}),
    }
}

pub(crate) fn failed(cause: &str, exit_code: Option<i32>, retry: bool) -> Observation {
    let failure = Some(Failure { cause: cause.into(), exit_code, retry });
    Observation { failure, message: "worker 0 exited with code 3".into(), ..observation("Failed", 0) }
}

/// A pod of an attempt, with this status.
pub(crate) fn pod(name: &str, role: &str, attempt: u32, status: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {
            labels::RUN_UID: UID, labels::ATTEMPT: attempt.to_string(), labels::ROLE: role,
        }},
        "status": status,
    }))
    .unwrap()
}

pub(crate) fn situation<'a>(
    run: &'a Run,
    record: &'a Record,
    children: &'a [Child],
    observation: Option<&'a Observation>,
    now: i64,
) -> Situation<'a> {
    Situation { run, record, children, pods: &[], observation, aside: None, kind_since: None, now: at(now) }
}

/// Kind and name of what is deleted, in order.
pub(crate) fn deleted(actions: &[Action]) -> Vec<String> {
    let one = |action: &Action| match action {
        Action::Delete { kind, name, uid } => Some(format!("{} {name} {uid}", kind.kind)),
        Action::Switch { .. } | Action::Retry { .. } => None,
    };
    actions.iter().filter_map(one).collect()
}
