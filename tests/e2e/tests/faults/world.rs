//! An API server, a host behind a proxy, and namespaces to work in.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use codeflare_api::{Application, Run, RunSizeConfiguration, crds};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions;
use kube::runtime::wait::await_condition;
use kube::{Client, Config};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::Host;
use crate::proxy::Proxy;

/// Longest wait for one condition.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Everything that a test needs. One test at a time: there is one host.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) host: Host,
    pub(crate) proxy: Proxy,
    pub(crate) audit: PathBuf,
    _folder: TempDir,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

/// One host at a time: two would both act on every Run.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl World {
    /// The world that the test command brought up; none where it did not.
    pub(crate) async fn given() -> Result<Option<World>> {
        let Some(path) = std::env::var_os("CODEFLARE_FAULTS_KUBECONFIG") else {
            println!("skipped: CODEFLARE_FAULTS_KUBECONFIG is not set; run hack/test.sh faults");
            return Ok(None);
        };
        let turn = TURN.lock().await;
        let variable = |name: &str| std::env::var_os(name).with_context(|| format!("{name} is not set"));
        let kubeconfig = Kubeconfig::read_from(path)?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.default_retry = false;
        let client = Client::try_from(config)?;
        let folder = tempfile::tempdir()?;
        let host = Host::new(variable("CODEFLARE_HOST")?, variable("CODEFLARE_TEST_PLUGINS")?.into(), folder.path());
        let (proxy, address) = Proxy::start(client.clone(), host.clone()).await?;
        let through = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy", "namespace": "default"}}],
        });
        std::fs::write(host.kubeconfig(), through.to_string())?;
        std::fs::write(host.ceiling(), crate::grants::CEILING)?;
        let audit = variable("CODEFLARE_AUDIT")?.into();
        let world = World { client, host, proxy, audit, _folder: folder, _turn: turn };
        world.install().await?;
        Ok(Some(world))
    }

    async fn install(&self) -> Result<()> {
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        for crd in crds::all() {
            let name = crd.metadata.name.clone().context("a definition without a name")?;
            api.patch(&name, &PatchParams::apply("faults").force(), &Patch::Apply(&crd)).await?;
            tokio::time::timeout(PATIENCE, await_condition(api.clone(), &name, conditions::is_crd_established()))
                .await??;
        }
        let plugin = |name: &str, role: Value| {
            let mut spec = json!({"source": {"file": {"path": format!("{name}.wasm")}}});
            spec.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
            json!({"apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": name}, "spec": spec})
        };
        self.apply(&plugin("job", json!({"launcher": {"frameworks": ["job"]}}))).await?;
        self.apply(&plugin("sizing-policy", json!({"sizingPolicy": {}}))).await?;
        let sizes: RunSizeConfiguration = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "faults"},
            "spec": {"config": {
                "xs": {"workers": 1, "cpu": "10m", "memory": "16Mi"}, "sm": {"workers": 2, "cpu": "10m", "memory": "16Mi"}}},
        }))?;
        self.apply(&serde_json::to_value(sizes)?).await
    }

    /// Writes an object of ours, whatever is there.
    pub(crate) async fn apply(&self, object: &Value) -> Result<()> {
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        let types = object.types.clone().context("an object without a kind")?;
        let resource = kube::api::ApiResource::from_gvk(&(&types).try_into()?);
        let name = object.metadata.name.clone().context("an object without a name")?;
        let api: Api<DynamicObject> = match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let params = PatchParams::apply("faults").force();
        // A definition that was just installed may be served a moment later.
        let until = Instant::now() + PATIENCE;
        loop {
            match api.patch(&name, &params, &Patch::Apply(&object)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.code == 404 && Instant::now() < until => {
                    tokio::time::sleep(LOOK).await
                }
                Err(error) => return Err(error).with_context(|| format!("{} {name}", types.kind)),
            }
        }
    }

    /// A name that no test before it has used, also on a cluster that is used again: the
    /// audit log forgets nothing.
    pub(crate) fn fresh(&self, name: &str) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        format!("{name}-{:x}", now.as_millis() & 0xfff_ffff)
    }

    /// A namespace in which pods can be made.
    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let new: Namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &new).await?;
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), name);
        let there = await_condition(accounts, "default", |account: Option<&ServiceAccount>| account.is_some());
        tokio::time::timeout(PATIENCE, there).await.context("no default ServiceAccount")??;
        Ok(())
    }

    /// An Application for Runs of a namespace.
    pub(crate) async fn application(&self, namespace: &str) -> Result<()> {
        let application: Application = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"api": "job", "image": "none", "command": "true", "size": "xs"},
        }))?;
        self.apply(&serde_json::to_value(application)?).await
    }

    /// Creates a Run.
    pub(crate) async fn run(&self, namespace: &str, name: &str, spec: Value) -> Result<Run> {
        let mut all = json!({"application": {"name": "app"}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let run: Run = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
            "metadata": {"name": name, "namespace": namespace}, "spec": all,
        }))?;
        Ok(self.runs(namespace).create(&PostParams::default(), &run).await?)
    }

    /// Runs of a namespace.
    pub(crate) fn runs(&self, namespace: &str) -> Api<Run> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Waits until a Run is as wanted, and answers how long that took.
    pub(crate) async fn until(
        &self,
        namespace: &str,
        name: &str,
        what: &str,
        wanted: impl Fn(&Run) -> bool,
    ) -> Result<Duration> {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < PATIENCE {
            self.host.ensure().await?;
            last = self.runs(namespace).get_opt(name).await?;
            if last.as_ref().is_some_and(&wanted) {
                return Ok(start.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
        let status = last.and_then(|run| run.status);
        bail!(
            "Run/{name} was not {what} within {PATIENCE:?}; its status: {status:#?}\nhost: {}",
            self.host.last_words()
        )
    }
}

/// Phase and reason of a Run.
pub(crate) fn state(run: &Run) -> (String, String) {
    let status = run.status.clone().unwrap_or_default();
    (status.phase.map(|phase| format!("{phase:?}")).unwrap_or_default(), status.reason.unwrap_or_default())
}
