//! What a slow plugin costs the Runs of another: how long a calm Run waits for its primary
//! object alone, and while a hundred Runs call a plugin that takes its time.
//!
//! Both in turns and in the same minutes, against one host: calm, crowded, calm, crowded.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod audit;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use audit::{Figures, posts};
use clap::Parser;
use codeflare_api::{Application, Plugin, Run, RunSizeConfiguration, names};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Measures what a slow plugin costs the Runs of another.
#[derive(Parser)]
struct Args {
    /// Audit log of the API server.
    #[arg(long)]
    audit: PathBuf,
    /// A launcher that is slow, or hostile: a component.
    #[arg(long)]
    slow: PathBuf,
    /// Runs that call it at the same time.
    #[arg(long, default_value_t = 100)]
    crowd: u32,
    /// Calm Runs to measure, of each kind.
    #[arg(long, default_value_t = 100)]
    runs: u32,
    /// Namespace that is made for it and deleted afterwards.
    #[arg(long, default_value = "fairness")]
    namespace: String,
    /// Fail where the p50 is more than this many times that of the calm.
    #[arg(long)]
    at_most: Option<f64>,
}

/// Longest wait for one object; a benchmark ends by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// Turns of calm and crowd.
const TURNS: u32 = 2;
/// Framework that the slow launcher claims, and its Plugin object.
const SLOW: &str = "slow";

struct Bench {
    client: Client,
    args: Args,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let client = Client::try_default().await.context("failed to reach the cluster; set KUBECONFIG")?;
    let bench = Bench { client, args };
    bench.prepare().await?;
    let measured = bench.measure().await;
    bench.clean_up().await?;
    let (calm, crowded) = measured?;
    let ratio = crowded.p50 / calm.p50;
    println!(
        "{}",
        json!({"runs": bench.args.runs, "crowd": bench.args.crowd, "calmMs": calm.json(), "crowdedMs": crowded.json(), "ratioP50": ratio})
    );
    println!("            p50      p95      p99  (ms)");
    for (name, figures) in [("calm", &calm), ("crowded", &crowded)] {
        println!("{name:8} {:7.2}  {:7.2}  {:7.2}", figures.p50, figures.p95, figures.p99);
    }
    println!("ratio    {ratio:7.2}  {:7.2}  {:7.2}", crowded.p95 / calm.p95, crowded.p99 / calm.p99);
    match bench.args.at_most {
        Some(limit) if ratio > limit => bail!("the p50 is {ratio:.2} times that of the calm, more than {limit}"),
        _ => Ok(()),
    }
}

impl Bench {
    async fn measure(&self) -> Result<(Figures, Figures)> {
        let (mut calm, mut crowded) = (Vec::new(), Vec::new());
        let each = self.args.runs.div_ceil(TURNS);
        for turn in 0..TURNS {
            for index in 0..each {
                calm.push(self.one(&format!("calm-{turn}-{index}")).await?);
            }
            let crowd = self.crowd(turn).await?;
            for index in 0..each {
                crowded.push(self.one(&format!("crowded-{turn}-{index}")).await?);
            }
            self.disperse(&crowd).await?;
        }
        let posted = posts(&self.args.audit, &self.args.namespace)?;
        let times = |pairs: Vec<(String, String)>| -> Result<Figures> {
            let time = |(run, job): &(String, String)| {
                let of = |resource: &str, name: &String| posted.get(&(resource.to_owned(), name.clone())).copied();
                let (cause, effect) =
                    of("runs", run).zip(of("jobs", job)).with_context(|| format!("no audit of {run}"))?;
                Ok(effect.duration_since(cause).as_secs_f64() * 1000.0)
            };
            Figures::of(pairs.iter().map(time).collect::<Result<_>>()?)
        };
        Ok((times(calm)?, times(crowded)?))
    }

    /// One calm Run from its creation to its Job; names of both.
    async fn one(&self, name: &str) -> Result<(String, String)> {
        let run: Run = self.create(self.run(name, "calm")).await?;
        let job = names::base(name, &run.uid().unwrap_or_default(), 1);
        let there = await_condition(self.api::<Job>(), &job, |job: Option<&Job>| job.is_some());
        tokio::time::timeout(PATIENCE, there).await.with_context(|| format!("Run/{name} was not launched"))??;
        Ok((name.to_owned(), job))
    }

    /// Runs of the slow plugin, all at once; waits until one of them is at it.
    async fn crowd(&self, turn: u32) -> Result<Vec<String>> {
        let names: Vec<_> = (0..self.args.crowd).map(|index| format!("crowd-{turn}-{index}")).collect();
        for name in &names {
            self.create::<Run>(self.run(name, SLOW)).await?;
        }
        let first = names.first().context("no crowd")?;
        let said =
            |run: Option<&Run>| run.and_then(|run| run.status.as_ref()).is_some_and(|status| status.phase.is_some());
        let there = await_condition(self.api::<Run>(), first, said);
        tokio::time::timeout(PATIENCE, there).await.with_context(|| format!("Run/{first} says nothing"))??;
        Ok(names)
    }

    async fn disperse(&self, names: &[String]) -> Result<()> {
        for name in names {
            self.api::<Run>().delete(name, &DeleteParams::default()).await?;
        }
        Ok(())
    }

    fn run(&self, name: &str, application: &str) -> Value {
        json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
            "metadata": {"name": name, "namespace": self.args.namespace},
            "spec": {"application": {"name": application}, "size": "bench"},
        })
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.args.namespace)
    }

    async fn create<K>(&self, object: Value) -> Result<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + serde::Serialize,
    {
        let object: K = serde_json::from_value(object)?;
        Ok(self.api::<K>().create(&PostParams::default(), &object).await?)
    }

    async fn prepare(&self) -> Result<()> {
        let namespace = &self.args.namespace;
        let new: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}}))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &new).await.with_context(|| {
            format!("failed to make namespace {namespace}; one from a run before may still be going")
        })?;
        for (name, api) in [("calm", "job"), (SLOW, SLOW)] {
            self.create::<Application>(json!({
                "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"api": api, "image": "none", "command": "true"},
            }))
            .await?;
        }
        let sizes: RunSizeConfiguration = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "bench"},
            "spec": {"priority": 50, "config": {"bench": {"workers": 1, "cpu": "10m", "memory": "16Mi"}}},
        }))?;
        match Api::<RunSizeConfiguration>::all(self.client.clone()).create(&PostParams::default(), &sizes).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error).context("failed to make RunSizeConfiguration/bench"),
        }
        self.plugin().await
    }

    /// The slow launcher, from a ConfigMap.
    async fn plugin(&self) -> Result<()> {
        let bytes = std::fs::read(&self.args.slow).with_context(|| self.args.slow.display().to_string())?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let map = ConfigMap {
            metadata: kube::api::ObjectMeta { name: Some(SLOW.to_owned()), ..Default::default() },
            binary_data: Some([("plugin.wasm".to_owned(), k8s_openapi::ByteString(bytes))].into()),
            ..ConfigMap::default()
        };
        self.api::<ConfigMap>().create(&PostParams::default(), &map).await.context("failed to make ConfigMap/slow")?;
        let plugin: Plugin = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": SLOW},
            "spec": {
                "source": {"configMap": {"namespace": self.args.namespace, "name": SLOW, "key": "plugin.wasm"}},
                "digest": format!("sha256:{digest}"),
                "launcher": {"frameworks": [SLOW]},
            },
        }))?;
        let api = Api::<Plugin>::all(self.client.clone());
        api.create(&PostParams::default(), &plugin).await.context("failed to make Plugin/slow")?;
        let ready = |plugin: Option<&Plugin>| {
            let status = plugin.and_then(|plugin| plugin.status.as_ref());
            status
                .is_some_and(|status| status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
        };
        let waited = tokio::time::timeout(PATIENCE, await_condition(api, SLOW, ready)).await;
        waited.context("Plugin/slow is not ready; kubectl describe plugin slow")??;
        Ok(())
    }

    async fn clean_up(&self) -> Result<()> {
        let gone = DeleteParams::default();
        let plugins = Api::<Plugin>::all(self.client.clone());
        if plugins.get_opt(SLOW).await?.is_some() {
            plugins.delete(SLOW, &gone).await?;
        }
        self.api::<Run>().delete_collection(&gone, &ListParams::default()).await?;
        Api::<Namespace>::all(self.client.clone()).delete(&self.args.namespace, &gone).await?;
        Ok(())
    }
}
