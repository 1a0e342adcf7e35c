//! A Run that works, plugins that are functions, and how to change either.

use codeflare_documents::call::{Answer, Request};
use codeflare_documents::launcher::{LaunchPlan, LaunchRequest};
use codeflare_documents::shared::{Resources, Size};
use codeflare_documents::sizing::{DecideRequest, Decision};
use codeflare_plan::draft::drive;
use codeflare_plan::plan::{Call, Exchange, Plan, Record};
use codeflare_plan::seen::Seen;
use codeflare_plan::stop::Stop;
use serde_json::{Value, json};

pub(crate) const UID: &str = "5a0f2c9e-5a3f-4c62-9d4b-1f0f6f3c8a11";
pub(crate) const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// What was seen of a Run of one small worker.
pub(crate) fn seen_json() -> Value {
    json!({
        "run": {
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
            "metadata": {"name": "hello", "namespace": "demo", "uid": UID},
            "spec": {"application": {"name": "greet"}},
        },
        "application": {
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "greet", "namespace": "demo", "uid": "app-uid"},
            "spec": {"api": "job", "image": "python:3.13", "command": "python3 -c 'print(1)'"},
        },
        "configurations": [{
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration",
            "metadata": {"name": "codeflare-default"},
            "spec": {"priority": 100, "config": {
                "sm": {"workers": 1, "cpu": 1, "memory": "8Gi", "gpu": 1},
                "md": {"workers": 2, "cpu": "500m", "memory": "1.5Gi"},
            }},
        }],
        "plugins": [
            {
                "name": "job", "role": {"launcher": ["job"]}, "priority": 100, "settings": {"a": 1}, "trouble": "",
                "ready": {"digest": "sha256:job", "description": {
                    "name": "job", "version": "0.1.0", "summary": "",
                    "kinds": [
                        {"group": "batch", "version": "v1", "kind": "Job"},
                        {"group": "", "version": "v1", "kind": "Service"},
                    ],
                }},
            },
            policy("sizes", 100),
        ],
        "served": [
            {"group": "batch", "version": "v1", "kind": "Job"},
            {"group": "", "version": "v1", "kind": "Service"},
        ],
        "site": {},
    })
}

/// A sizing policy that is ready.
pub(crate) fn policy(name: &str, priority: i64) -> Value {
    json!({
        "name": name, "role": "sizingPolicy", "priority": priority, "settings": {}, "trouble": "",
        "ready": {"digest": format!("sha256:{name}"), "description": {"name": name, "version": "0.1.0", "summary": ""}},
    })
}

/// Sets what stands at a JSON pointer; null takes it away. Members on the way are made.
pub(crate) fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, last) = pointer.rsplit_once('/').expect("should be a pointer");
    if document.pointer(parent).is_none_or(|found| !found.is_object() && !found.is_array()) {
        set(document, parent, json!({}));
    }
    let last = last.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent).expect("should be there: it was made") {
        Value::Object(members) if value.is_null() => {
            members.remove(&last);
        }
        Value::Object(members) => {
            members.insert(last, value);
        }
        Value::Array(elements) if last == "-" => elements.push(value),
        Value::Array(elements) => {
            *elements.get_mut(last.parse::<usize>().expect("should be an index")).expect("should be in the list") =
                value;
        }
        other => unreachable!("{other} has no members"),
    }
}

/// What was seen, changed.
pub(crate) fn seen(changes: &[(&str, Value)]) -> Seen {
    let mut json = seen_json();
    for (pointer, value) in changes {
        set(&mut json, pointer, value.clone());
    }
    serde_json::from_value(json).expect("should be what a host sees")
}

/// Answers as the shipped plugins do.
pub(crate) fn ask(call: &Call) -> Result<Answer, Stop> {
    Ok(match &call.request {
        Request::Decide { request, proposed } => Answer::Decided(decide(request, proposed.as_ref())),
        Request::Launch(request) => Answer::Launched(from(launch(request))),
        Request::Observe(_) => unreachable!("nothing is observed before it is launched"),
    })
}

pub(crate) fn from(draft: Value) -> LaunchPlan {
    serde_json::from_value(draft).expect("should be a launch plan")
}

fn decide(request: &DecideRequest, proposed: Option<&Size>) -> Decision {
    let asked = &request.asked;
    let shirt = request.configurations.iter().find_map(|one| one.sizes.get(&asked.size));
    let shirt = shirt.expect("should know the size");
    let gpus = if asked.gpus { shirt.gpu } else { 0 };
    let mut size = Size {
        workers: asked.workers.unwrap_or(shirt.workers),
        worker: Resources {
            cpu_millis: shirt.cpu_millis,
            memory_bytes: shirt.memory_bytes,
            extended: [("nvidia.com/gpu".to_owned(), gpus)].into(),
        },
    };
    // A second policy halves.
    if let Some(proposed) = proposed {
        size.workers = proposed.workers / 2;
    }
    let choice = json!({"field": "workers", "value": size.workers, "by": "sizes", "why": "asked", "over": []});
    Decision { size, choices: vec![serde_json::from_value(choice).expect("should be a choice")] }
}

/// An Indexed Job, and a headless Service where there is more than one worker.
pub(crate) fn launch(request: &LaunchRequest) -> Value {
    let workers = request.size.workers;
    let mut manifests = vec![json!({"primary": true, "ends": "with-run", "object": {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": {"$name": ""}},
        "spec": {
            "completionMode": "Indexed", "completions": {"$count": "worker"}, "parallelism": {"$count": "worker"},
            "backoffLimit": 0, "podReplacementPolicy": "Failed", "suspend": false, "template": {"$pod": "worker"},
        },
    }})];
    let mut more = json!({});
    if workers > 1 {
        manifests.push(json!({"primary": false, "ends": "with-run", "object": {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": {"$name": ""}},
            "spec": {"clusterIP": "None", "publishNotReadyAddresses": true, "selector": {"$selector": "worker"}},
        }}));
        more = json!({"subdomain": {"$name": ""}});
    }
    json!({
        "manifests": manifests,
        "roles": [{
            "name": "worker", "count": workers, "command": "program", "ports": [], "inputs": true, "more": more,
            "env": [
                ["CODEFLARE_WORKERS", {"text": workers.to_string()}],
                ["CODEFLARE_WORKER_INDEX",
                    {"field": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}],
                ["CODEFLARE_WORKER_0", {"text": format!("{}-0", request.name)}],
            ],
        }],
        "controls": [{"what": "suspend", "manifest": 0, "at": "/spec/suspend", "on": true, "off": false}],
        "choices": [],
        "more": {},
    })
}

/// The plan of what was seen, and how it came to be.
pub(crate) fn plan(seen: &Seen) -> (Vec<Exchange>, Plan) {
    drive(seen, 1, ask).expect("should come to a plan")
}

/// The plan where the launcher's draft was changed.
pub(crate) fn plan_with(seen: &Seen, changes: &[(&str, Value)]) -> Result<Plan, Stop> {
    let changed = |call: &Call| match &call.request {
        Request::Launch(request) => {
            let mut draft = launch(request);
            for (pointer, value) in changes {
                set(&mut draft, pointer, value.clone());
            }
            Ok(Answer::Launched(from(draft)))
        }
        _ => ask(call),
    };
    drive(seen, 1, changed).map(|(_, plan)| plan)
}

/// What would be recorded.
pub(crate) fn record(seen: &Seen) -> Record {
    let (exchanges, plan) = plan(seen);
    let digest = codeflare_plan::lock::digest(&plan);
    Record { host: "0.1.0".to_owned(), seen: seen.clone(), exchanges, plan, digest }
}

/// Every problem, a line each, after the step.
pub(crate) fn lines(stop: &Stop) -> Vec<String> {
    let lines = stop.problems.iter().map(|problem| format!("{}: {}", problem.reason.as_str(), problem.line()));
    [stop.step.as_str().to_owned()].into_iter().chain(lines).collect()
}
