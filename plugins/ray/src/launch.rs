//! A request becomes a plan of the variant that is wanted and can be had.

use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, holes, quantity, settings};
use serde_json::{Value, json};

use crate::options::{Framework, Settings, Wanted};
use crate::{DASHBOARD, DASHBOARD_PORT, HEAD, PORTS, RAY, job, job_kind, rayjob, rayjob_kind};

/// Most workers: as many pods as an Indexed Job may have.
const MOST: u32 = 100_000;

pub(crate) fn launch(request: &LaunchRequest) -> Result<LaunchPlan, Decline> {
    let Settings { variant } = settings::read(RAY, &request.settings)?;
    let options: Framework = settings::framework(&request.application)?;
    let workers = request.size.workers;
    if workers > MOST {
        let message = format!("ray takes at most {MOST} workers, but this Run has {workers}; set workers");
        return Err(fault::invalid("WorkersInvalid", message, format!("Run/{}", request.run.name), "/spec/workers"));
    }
    let served = request.served.contains(&rayjob_kind());
    let (rayjob, why) = match variant {
        Wanted::Auto if served => (true, "RayJob is served, so KubeRay is there"),
        Wanted::Auto => (false, "RayJob is not served, so there is no KubeRay"),
        Wanted::Rayjob => (true, "the plugin's settings say so"),
        Wanted::Job => (false, "the plugin's settings say so"),
    };
    if rayjob && !served {
        return Err(missing("RayJob ray.io/v1", "install KubeRay, or set variant to auto or job"));
    }
    if !rayjob && !request.served.contains(&job_kind()) {
        return Err(missing("Job batch/v1", "let the host see whether the cluster serves it"));
    }
    let mut plan = if rayjob { rayjob::plan(request, &options) } else { job::plan(request, &options) };
    plan.choices.insert(0, choice("variant", if rayjob { "rayjob" } else { "job" }, "plugin ray", why));
    let head = options.head(&request.size);
    let (by, why) = match options.sizes_head() {
        true => (format!("Application/{}", request.application.name), "its framework options size the head"),
        false => ("plugin ray".to_owned(), "as a worker, but large enough for Ray itself"),
    };
    let value = json!({"cpu": quantity::cpu(head.cpu_millis), "memory": quantity::bytes(head.memory_bytes)});
    plan.choices.insert(1, choice("head", value, &by, why));
    Ok(plan)
}

/// The Service in front of the dashboard.
pub(crate) fn dashboard() -> Manifest {
    supporting(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": holes::name(DASHBOARD)},
        "spec": {
            "clusterIP": "None",
            "selector": holes::selector(HEAD),
            "ports": [{"name": "dashboard", "port": DASHBOARD_PORT}],
        },
    }))
}

/// The head's role; the command is the variant's.
pub(crate) fn head(command: Command, resources: Resources) -> Role {
    Role {
        ports: PORTS.map(|(name, port)| (name.to_owned(), port)).to_vec(),
        resources: Some(resources),
        env: env(),
        ..role(HEAD, 1, command)
    }
}

/// Nobody is told of a Run.
pub(crate) fn env() -> Vec<(String, EnvValue)> {
    vec![("RAY_USAGE_STATS_ENABLED".into(), EnvValue::Text("0".into()))]
}

pub(crate) fn choice(field: &str, value: impl Into<Value>, by: &str, why: &str) -> Choice {
    Choice { field: field.into(), value: value.into(), by: by.into(), why: why.into(), over: Vec::new() }
}

fn missing(kind: &str, advice: &str) -> Decline {
    let message = format!("the cluster does not serve {kind}; {advice}");
    Decline::Waiting(vec![fault::fault("KindNotServed", message, "Plugin/ray", "/spec/settings/variant")])
}
