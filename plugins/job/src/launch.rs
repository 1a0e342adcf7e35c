//! A request becomes a Job and, with more than one worker, a headless Service.
//!
//! No deadline, TTL or retries of Kubernetes' own: the host owns time, and a retry is a
//! new attempt under a new name.

use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, holes, settings};
use serde::Deserialize;
use serde_json::json;

use crate::WORKER;

/// Beyond this, a list of all hosts would fill the environment.
const LISTED: u32 = 64;
/// Most pods of an Indexed Job that Kubernetes accepts.
const MOST: u32 = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(crate) fn launch(request: &LaunchRequest) -> Result<LaunchPlan, Decline> {
    let Nothing {} = settings::read("job", &request.settings)?;
    let Nothing {} = settings::framework(&request.application)?;
    let workers = request.size.workers;
    if workers == 0 || workers > MOST {
        let message = format!("a job needs 1 to {MOST} workers, but this Run has {workers}; set workers");
        return Err(fault::invalid("WorkersInvalid", message, format!("Run/{}", request.run.name), "/spec/workers"));
    }
    let job = primary(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": holes::name("")},
        "spec": {
            "completionMode": "Indexed",
            "completions": holes::count(WORKER),
            "parallelism": holes::count(WORKER),
            "backoffLimit": 0,
            // A pod that is going still holds its resources, and counts as one.
            "podReplacementPolicy": "Failed",
            "suspend": false,
            "template": holes::pod(WORKER),
        },
    }));
    let mut role = role(WORKER, workers, Command::Program);
    role.env = env(&request.name, workers);
    let mut manifests = vec![job];
    if workers > 1 {
        manifests.push(headless("", WORKER));
        role.more = json!({"subdomain": holes::name("")});
    }
    Ok(LaunchPlan { controls: vec![suspend(0)], ..plan(manifests, vec![role]) })
}

fn env(name: &str, workers: u32) -> Vec<(String, EnvValue)> {
    let host = |index: u32| match workers {
        1 => "localhost".to_owned(),
        _ => format!("{name}-{index}.{name}"),
    };
    let index = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
    let mut env = vec![
        ("CODEFLARE_WORKERS".to_owned(), EnvValue::Text(workers.to_string())),
        ("CODEFLARE_WORKER_INDEX".to_owned(), EnvValue::Field(index.to_owned())),
        ("CODEFLARE_WORKER_0".to_owned(), EnvValue::Text(host(0))),
    ];
    if workers <= LISTED {
        let hosts: Vec<_> = (0..workers).map(host).collect();
        env.push(("CODEFLARE_WORKER_HOSTS".to_owned(), EnvValue::Text(hosts.join(","))));
    }
    env
}
