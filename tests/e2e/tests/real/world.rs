//! A cluster with the platform in it: namespaces to work in, Runs to wait for, logs to read.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use codeflare_api::Run;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::await_condition;
use kube::{Client, Config, ResourceExt};
use serde_json::{Value, json};

use crate::shapes::{self, Shape};

/// Longest wait for one condition: images are there, two cores are few.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// The cluster, and one namespace of this test's own.
pub(crate) struct World {
    pub(crate) client: Client,
    kubeconfig: PathBuf,
    pub(crate) namespace: String,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

/// One test at a time: operators come and go, and two cores carry one Ray cluster.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl World {
    /// The cluster that the test command brought up; none where it did not.
    pub(crate) async fn given(name: &str) -> Result<Option<World>> {
        let Some(path) = std::env::var_os("CODEFLARE_REAL_KUBECONFIG") else {
            println!("skipped: CODEFLARE_REAL_KUBECONFIG is not set; run hack/test.sh e2e");
            return Ok(None);
        };
        let turn = TURN.lock().await;
        let kubeconfig = Kubeconfig::read_from(&path).context("CODEFLARE_REAL_KUBECONFIG")?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(config)?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let namespace = format!("{name}-{:x}", now.as_secs() & 0xff_ffff);
        let world = World { client, kubeconfig: path.into(), namespace, _turn: turn };
        world.make(&world.namespace).await?;
        for shape in &shapes::ALL {
            world.apply(&shape.object()).await?;
        }
        let sizes = json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "e2e"},
            "spec": {"priority": 50, "config": {"e2e": {"workers": 1, "cpu": "300m", "memory": "1Gi"}}},
        });
        world.apply(&sizes).await?;
        Ok(Some(world))
    }

    /// Takes the namespace away, and waits until its pods are gone.
    pub(crate) async fn end(self) -> Result<()> {
        let namespace = self.namespace.clone();
        self.take_away(&namespace).await
    }

    /// Makes a namespace in which pods can run.
    pub(crate) async fn make(&self, namespace: &str) -> Result<()> {
        let new: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}}))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &new).await?;
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), namespace);
        let there = await_condition(accounts, "default", |account: Option<&ServiceAccount>| account.is_some());
        tokio::time::timeout(PATIENCE, there).await.context("no default ServiceAccount")??;
        Ok(())
    }

    /// Takes a namespace away, and waits until its pods are gone.
    pub(crate) async fn take_away(&self, namespace: &str) -> Result<()> {
        let api = Api::<Namespace>::all(self.client.clone());
        api.delete(namespace, &DeleteParams::default()).await?;
        let gone = await_condition(api, namespace, |namespace: Option<&Namespace>| namespace.is_none());
        tokio::time::timeout(PATIENCE, gone).await.context("the namespace did not go")??;
        Ok(())
    }

    /// Writes an object, into the namespace that it names, else this test's, where its kind has
    /// one.
    pub(crate) async fn apply(&self, object: &Value) -> Result<()> {
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        let types = object.types.clone().context("an object without a kind")?;
        let resource = kube::api::ApiResource::from_gvk(&(&types).try_into()?);
        let api: Api<DynamicObject> = match types.kind.as_str() {
            "Plugin" | "RunSizeConfiguration" => Api::all_with(self.client.clone(), &resource),
            _ => {
                let namespace = object.namespace().unwrap_or_else(|| self.namespace.clone());
                Api::namespaced_with(self.client.clone(), &namespace, &resource)
            }
        };
        let name = object.name_any();
        api.patch(&name, &PatchParams::apply("codeflare-e2e").force(), &Patch::Apply(&object))
            .await
            .with_context(|| format!("{} {name}", types.kind))?;
        Ok(())
    }

    /// Creates a Run of an Application of its name.
    pub(crate) async fn run(&self, name: &str, spec: Value) -> Result<()> {
        self.run_of(name, name, spec).await
    }

    /// Creates a Run.
    pub(crate) async fn run_of(&self, name: &str, application: &str, spec: Value) -> Result<()> {
        let mut all = json!({"application": {"name": application}, "size": "e2e"});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let run: Run = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run", "metadata": {"name": name}, "spec": all,
        }))?;
        self.runs().create(&PostParams::default(), &run).await?;
        Ok(())
    }

    /// Runs of this test.
    pub(crate) fn runs(&self) -> Api<Run> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Shapes whose kind this cluster serves; the others are told of.
    pub(crate) async fn shapes(&self) -> Result<Vec<&'static Shape>> {
        let known = Api::<CustomResourceDefinition>::all(self.client.clone());
        let known = known.list_metadata(&ListParams::default()).await?;
        let served = |shape: &Shape| {
            let plural = format!("{}s.", shape.kind.to_lowercase());
            shape.kind == "Job" || known.items.iter().any(|one| one.name_any().starts_with(&plural))
        };
        let (served, left_out): (Vec<_>, Vec<_>) = shapes::ALL.iter().partition(|shape| served(shape));
        for shape in left_out {
            println!("left out: {}, since this cluster does not serve {}", shape.api, shape.kind);
        }
        Ok(served)
    }

    /// Waits until a Run is as wanted.
    pub(crate) async fn until(&self, name: &str, what: &str, wanted: impl Fn(&Run) -> bool) -> Result<Run> {
        let start = Instant::now();
        let mut last = String::new();
        loop {
            let run = self.runs().get(name).await?;
            let now = told(&run);
            if now != last {
                println!("{:5.1} s  {name}: {now}", start.elapsed().as_secs_f32());
                last = now;
            }
            if wanted(&run) {
                return Ok(run);
            }
            let over = run.status.as_ref().and_then(|status| status.phase).is_some_and(|phase| phase.is_terminal());
            if over || start.elapsed() > PATIENCE {
                bail!("Run/{name} was not {what}: {last}\n{}", self.pods_told(name).await?);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a Run has succeeded.
    pub(crate) async fn succeeded(&self, name: &str) -> Result<Run> {
        self.until(name, "Succeeded", |run| phase(run) == "Succeeded").await
    }

    /// Pods of a Run, by role, that are not being deleted.
    pub(crate) async fn pods(&self, name: &str, role: &str) -> Result<Vec<Pod>> {
        let selector = format!("codeflare.dev/run={name},codeflare.dev/role={role}");
        let pods = self.all_pods().list(&ListParams::default().labels(&selector)).await?;
        Ok(pods.items.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect())
    }

    /// Deletes a pod as a node would that is drained in a hurry.
    pub(crate) async fn kill(&self, pod: &Pod) -> Result<()> {
        self.all_pods().delete(&pod.name_any(), &DeleteParams::default().grace_period(0)).await?;
        Ok(())
    }

    /// What the pods of a role have written, one text a pod, by name of the pod.
    pub(crate) async fn logs(&self, name: &str, role: &str) -> Result<Vec<String>> {
        let mut logs = Vec::new();
        for pod in self.pods(name, role).await? {
            let params = LogParams { container: Some(role.to_owned()), ..LogParams::default() };
            logs.push(self.all_pods().logs(&pod.name_any(), &params).await?);
        }
        Ok(logs)
    }

    /// Waits until a pod of a role has written these words.
    pub(crate) async fn says(&self, name: &str, role: &str, words: &str) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            // Its container may not have started yet.
            let logs = self.logs(name, role).await.unwrap_or_default();
            if logs.iter().any(|log| log.contains(words)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("no {role} of Run/{name} said `{words}`: {}", self.pods_told(name).await?)
    }

    /// `hack/cluster/peers.sh` on this cluster.
    pub(crate) async fn peers(&self, words: &[&str]) -> Result<()> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hack/cluster/peers.sh");
        println!("peers.sh {}", words.join(" "));
        let status =
            tokio::process::Command::new(script).args(words).env("KUBECONFIG", &self.kubeconfig).status().await?;
        ensure!(status.success(), "peers.sh {} failed", words.join(" "));
        Ok(())
    }

    /// Where the cluster's credentials are.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Changes values of the platform's chart; others stay. Its host has started anew.
    pub(crate) async fn platform(&self, values: &[&str]) -> Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let built = tokio::process::Command::new(root.join("hack/cluster/build.sh")).args(["--path", "helm"]).output();
        let helm = String::from_utf8(built.await?.stdout)?;
        let mut command = tokio::process::Command::new(helm.trim());
        command.args(["upgrade", "codeflare"]).arg(root.join("charts/codeflare-platform"));
        command.args(["--namespace", "codeflare-system", "--reuse-values", "--wait", "--timeout", "120s"]);
        command.args(values.iter().flat_map(|value| ["--set", value]));
        let done = command.env("KUBECONFIG", &self.kubeconfig).output().await.context("helm")?;
        ensure!(done.status.success(), "helm: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    fn all_pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn pods_told(&self, name: &str) -> Result<String> {
        let of_run = ListParams::default().labels(&format!("codeflare.dev/run={name}"));
        let mut told = String::new();
        for pod in self.all_pods().list(&of_run).await? {
            let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
            let role = pod.labels().get("codeflare.dev/role").cloned();
            let params = LogParams { container: role, tail_lines: Some(15), ..LogParams::default() };
            let log = self.all_pods().logs(&pod.name_any(), &params).await.unwrap_or_else(|error| error.to_string());
            told.push_str(&format!("--- {} {phase}\n{log}\n", pod.name_any()));
        }
        Ok(told)
    }
}

/// Phase of a Run, in a word.
pub(crate) fn phase(run: &Run) -> String {
    run.status.as_ref().and_then(|status| status.phase).map(|phase| format!("{phase:?}")).unwrap_or_default()
}

/// Reason of a Run, in a word.
pub(crate) fn reason(run: &Run) -> String {
    run.status.as_ref().and_then(|status| status.reason.clone()).unwrap_or_default()
}

/// Message of a Run.
pub(crate) fn message(run: &Run) -> String {
    run.status.as_ref().and_then(|status| status.message.clone()).unwrap_or_default()
}

/// Kind of a Run's primary object.
pub(crate) fn kind(run: &Run) -> String {
    let launch = run.status.as_ref().and_then(|status| status.launch.as_ref());
    launch.and_then(|launch| launch.object.as_ref()).map(|object| object.kind.clone()).unwrap_or_default()
}

fn told(run: &Run) -> String {
    let status = run.status.clone().unwrap_or_default();
    format!(
        "{} {} {} {}",
        phase(run),
        reason(run),
        status.workers.unwrap_or_default(),
        status.message.unwrap_or_default()
    )
}
