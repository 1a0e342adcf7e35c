//! The API server under test: the platform's types installed, objects written strictly.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use codeflare_api::crds;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions;
use kube::runtime::wait::await_condition;
use kube::{Client, Config};
use serde_json::{Value, json};

/// How long definitions may take to be served.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with the platform's types.
pub(crate) struct Server {
    client: Client,
}

impl Server {
    /// The server that the test command brought up; none where it did not.
    pub(crate) async fn given() -> Result<Option<Server>> {
        let Some(path) = std::env::var_os("CODEFLARE_API_KUBECONFIG") else {
            println!("skipped: CODEFLARE_API_KUBECONFIG is not set; run hack/test.sh api");
            return Ok(None);
        };
        let kubeconfig = Kubeconfig::read_from(path).context("CODEFLARE_API_KUBECONFIG")?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let server = Server { client: Client::try_from(config)? };
        server.install().await?;
        Ok(Some(server))
    }

    async fn install(&self) -> Result<()> {
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        for crd in crds::all() {
            let name = crd.metadata.name.clone().context("a definition without a name")?;
            api.patch(&name, &PatchParams::apply("codeflare-e2e").force(), &Patch::Apply(&crd)).await?;
            let served = await_condition(api.clone(), &name, conditions::is_crd_established());
            tokio::time::timeout(PATIENCE, served).await.with_context(|| format!("{name} is not served"))??;
        }
        Ok(())
    }

    /// Creates an object as a dry run, strictly. The server's words where it refuses.
    pub(crate) async fn try_create(&self, object: &Value) -> Result<Result<(), String>> {
        self.create(object, "&dryRun=All").await
    }

    /// Creates an object.
    pub(crate) async fn put(&self, object: &Value) -> Result<()> {
        match self.create(object, "").await? {
            Ok(()) => Ok(()),
            Err(words) => bail!("{words}"),
        }
    }

    /// Changes an object as a dry run, by merge patch. The server's words where it refuses.
    pub(crate) async fn try_change(&self, object: &Value, patch: &Value) -> Result<Result<(), String>> {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).context("an object without a name")?;
        let url = format!("{}/{name}?fieldValidation=Strict&dryRun=All", url(object)?);
        let request = http::Request::patch(url).header("content-type", "application/merge-patch+json");
        self.send(request.body(patch.to_string().into_bytes())?).await
    }

    async fn create(&self, object: &Value, more: &str) -> Result<Result<(), String>> {
        let url = format!("{}?fieldValidation=Strict{more}", url(object)?);
        let request = http::Request::post(url).header("content-type", "application/json");
        self.send(request.body(object.to_string().into_bytes())?).await
    }

    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<Result<(), String>> {
        // A definition that was just installed may be served a moment later.
        for _ in 0..50 {
            match self.client.request::<Value>(request.clone()).await {
                Ok(_) => return Ok(Ok(())),
                Err(kube::Error::Api(status)) if status.code == 404 && !status.message.contains("codeflare.dev") => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
                    return Ok(Err(status.message.clone()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the server does not serve {}", request.uri())
    }
}

fn url(object: &Value) -> Result<String> {
    let kind = object.get("kind").and_then(Value::as_str).context("an object without a kind")?;
    let plural = format!("{}s", kind.to_lowercase());
    Ok(match object.pointer("/metadata/namespace").and_then(Value::as_str) {
        Some(namespace) => format!("/apis/codeflare.dev/v1alpha1/namespaces/{namespace}/{plural}"),
        None => format!("/apis/codeflare.dev/v1alpha1/{plural}"),
    })
}

/// A good object of a kind with nothing but what is required.
pub(crate) fn least(kind: &str, name: &str) -> Value {
    let (namespace, spec) = match kind {
        "Application" => (Some("default"), json!({"api": "job", "image": "i", "command": "c"})),
        "Run" => (Some("default"), json!({"application": {"name": "a"}})),
        "PlatformRepoSecret" => {
            (None, json!({"repo": "https://git.example", "secret": {"name": "s", "namespace": "n"}}))
        }
        "Plugin" => (None, json!({"source": {"file": {"path": "a.wasm"}}, "sizingPolicy": {}})),
        _ => (None, json!({"config": {"sm": {"workers": 1, "cpu": 1, "memory": "1Gi"}}})),
    };
    let mut object =
        json!({"apiVersion": "codeflare.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    if let (Some(namespace), Some(meta)) = (namespace, object.get_mut("metadata")) {
        meta["namespace"] = namespace.into();
    }
    object
}

/// An object with a merge patch applied to it.
pub(crate) fn merged(object: &Value, patch: &Value) -> Value {
    let mut merged = object.clone();
    merge(&mut merged, patch);
    merged
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
