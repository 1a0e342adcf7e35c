//! How long a Run waits for its primary object, against a null controller.
//!
//! One Run at a time, in turns with the control, so that both are measured in the same
//! minute. The stopwatch is the API server's audit log (stage ResponseComplete): neither
//! controller is trusted to measure itself.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod audit;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use audit::{Figures, posts};
use clap::Parser;
use codeflare_api::{Application, Run, RunSizeConfiguration, names};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};

/// Measures the latency of a launch.
#[derive(Parser)]
struct Args {
    /// Audit log of the API server.
    #[arg(long)]
    audit: PathBuf,
    /// Runs to measure.
    #[arg(long, default_value_t = 100)]
    runs: u32,
    /// Namespace that is made for it and deleted afterwards.
    #[arg(long, default_value = "launch-latency")]
    namespace: String,
    /// Fail where the p50 is more than this many times the control's.
    #[arg(long)]
    at_most: Option<f64>,
}

/// Longest wait for one object; a benchmark ends by itself.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let client = Client::try_default().await.context("failed to reach the cluster; set KUBECONFIG")?;
    prepare(&client, &args.namespace).await?;
    tokio::spawn(null_controller(client.clone(), args.namespace.clone()));
    let mut pairs = Vec::new();
    for index in 0..args.runs {
        pairs.push(one_control(&client, &args.namespace, index).await?);
        pairs.push(one_run(&client, &args.namespace, index).await?);
    }
    let posted = posts(&args.audit, &args.namespace)?;
    let control = figures(&pairs, &posted, Kind::Control)?;
    let host = figures(&pairs, &posted, Kind::Run)?;
    let ratio = host.p50 / control.p50;
    println!("{}", json!({"runs": args.runs, "controlMs": control.json(), "hostMs": host.json(), "ratioP50": ratio}));
    println!("            p50      p95      p99  (ms)");
    for (name, figures) in [("control", &control), ("host", &host)] {
        println!("{name:8} {:7.2}  {:7.2}  {:7.2}", figures.p50, figures.p95, figures.p99);
    }
    println!("ratio    {ratio:7.2}  {:7.2}  {:7.2}", host.p95 / control.p95, host.p99 / control.p99);
    let namespaces = Api::<Namespace>::all(client);
    namespaces.delete(&args.namespace, &DeleteParams::default()).await.context("failed to delete the namespace")?;
    match args.at_most {
        Some(limit) if ratio > limit => {
            bail!("the p50 is {ratio:.2} times the control's, more than {limit}")
        }
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Control,
    Run,
}

/// One measurement: what was posted, and the Job that answered it.
struct Pair {
    kind: Kind,
    cause: (&'static str, String),
    job: String,
}

async fn one_control(client: &Client, namespace: &str, index: u32) -> Result<Pair> {
    let name = format!("control-{index}");
    let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": name, "labels": {"control": "true"}}}))?;
    Api::namespaced(client.clone(), namespace).create(&PostParams::default(), &map).await?;
    wait_for_job(client, namespace, &name).await?;
    Ok(Pair { kind: Kind::Control, cause: ("configmaps", name.clone()), job: name })
}

async fn one_run(client: &Client, namespace: &str, index: u32) -> Result<Pair> {
    let name = format!("run-{index}");
    let run: Run = serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
        "metadata": {"name": name}, "spec": {"application": {"name": "bench"}, "size": "bench"},
    }))?;
    let run = Api::<Run>::namespaced(client.clone(), namespace).create(&PostParams::default(), &run).await?;
    let job = names::base(&name, &run.uid().unwrap_or_default(), 1);
    wait_for_job(client, namespace, &job)
        .await
        .with_context(|| format!("Run/{name} was not launched; is the host running? kubectl describe run {name}"))?;
    Ok(Pair { kind: Kind::Run, cause: ("runs", name), job })
}

async fn wait_for_job(client: &Client, namespace: &str, name: &str) -> Result<()> {
    let api = Api::<Job>::namespaced(client.clone(), namespace);
    let there = kube::runtime::wait::await_condition(api, name, |job: Option<&Job>| job.is_some());
    tokio::time::timeout(PATIENCE, there).await.with_context(|| format!("no Job/{name} within {PATIENCE:?}"))??;
    Ok(())
}

/// The control: a watch and one create.
async fn null_controller(client: Client, namespace: String) {
    let maps = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
    let jobs = Api::<Job>::namespaced(client, &namespace);
    let mut seen =
        Box::pin(watcher(maps, watcher::Config::default().labels("control")).default_backoff().applied_objects());
    while let Some(map) = seen.next().await {
        if let Ok(map) = map {
            let job = serde_json::from_value::<Job>(job(&map.name_any()));
            if let Ok(job) = job {
                // It exists already after a restart of the watch.
                let _ = jobs.create(&PostParams::default(), &job).await;
            }
        }
    }
}

fn job(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"suspend": true, "template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "worker", "image": "none", "command": ["true"]}],
        }}},
    })
}

async fn prepare(client: &Client, namespace: &str) -> Result<()> {
    let new: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}}))?;
    Api::<Namespace>::all(client.clone())
        .create(&PostParams::default(), &new)
        .await
        .with_context(|| format!("failed to make namespace {namespace}; one from a run before may still be going"))?;
    let application: Application = serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": "bench"},
        "spec": {"api": "job", "image": "none", "command": "true"},
    }))?;
    Api::<Application>::namespaced(client.clone(), namespace).create(&PostParams::default(), &application).await?;
    let sizes: RunSizeConfiguration = serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "bench"},
        "spec": {"priority": 50, "config": {"bench": {"workers": 1, "cpu": "10m", "memory": "16Mi"}}},
    }))?;
    match Api::<RunSizeConfiguration>::all(client.clone()).create(&PostParams::default(), &sizes).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error).context("failed to make RunSizeConfiguration/bench"),
    }
}

/// What was measured of one kind.
fn figures(pairs: &[Pair], posted: &HashMap<(String, String), Timestamp>, kind: Kind) -> Result<Figures> {
    let time = |pair: &Pair| {
        let (resource, name) = &pair.cause;
        let cause = posted.get(&((*resource).to_owned(), name.clone()));
        let effect = posted.get(&("jobs".to_owned(), pair.job.clone()));
        match (cause, effect) {
            (Some(cause), Some(effect)) => Ok(effect.duration_since(*cause).as_secs_f64() * 1000.0),
            _ => bail!("the audit log lacks the POST of {resource}/{name} or of its Job/{}", pair.job),
        }
    };
    Figures::of(pairs.iter().filter(|pair| pair.kind == kind).map(time).collect::<Result<_>>()?)
}
