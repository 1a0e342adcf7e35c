//! A Run that cannot go on says why within five seconds, and goes on once mended.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use codeflare_api::Run;
use serde_json::json;

use crate::world::{World, state};

/// How soon the Run says it.
const SOON: Duration = Duration::from_secs(5);

async fn begin(name: &str) -> Result<Option<(World, String)>> {
    let Some(world) = World::given().await? else { return Ok(None) };
    let of = world.fresh(name);
    let namespace = of.as_str();
    world.namespace(namespace).await?;
    world.proxy.begin(namespace, None);
    // The host's start is not part of what is measured.
    world.application(namespace).await?;
    world.run(namespace, "first", json!({})).await?;
    world.until(namespace, "first", "launched", launched).await?;
    Ok(Some((world, of)))
}

fn launched(run: &Run) -> bool {
    state(run).0 == "Starting"
}

/// Waits for a reason, and checks what the message says.
async fn says(world: &World, namespace: &str, reason: &str, words: &[&str]) -> Result<()> {
    let took = world.until(namespace, "run", reason, |run| state(run) == ("Pending".into(), reason.into())).await?;
    ensure!(took < SOON, "{reason} took {took:?}");
    let message = world.runs(namespace).get("run").await?.status.and_then(|status| status.message).unwrap_or_default();
    for word in words {
        ensure!(message.contains(word), "`{message}` does not say `{word}`");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_size_lists_the_known_ones() -> Result<()> {
    let Some((world, namespace)) = begin("trouble-size").await? else { return Ok(()) };
    let namespace = namespace.as_str();
    world.run(namespace, "run", json!({"size": "huge"})).await?;
    says(&world, namespace, "UnknownSize", &["huge", "xs", "sm"]).await?;
    let more = json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "faults-more"},
        "spec": {"config": {"huge": {"workers": 1, "cpu": "10m", "memory": "16Mi"}}},
    });
    world.apply(&more).await?;
    world.until(namespace, "run", "launched", launched).await?;
    let sizes = kube::Api::<codeflare_api::RunSizeConfiguration>::all(world.client.clone());
    sizes.delete("faults-more", &kube::api::DeleteParams::default()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_application_is_named() -> Result<()> {
    let Some((world, namespace)) = begin("trouble-application").await? else { return Ok(()) };
    let namespace = namespace.as_str();
    world.run(namespace, "run", json!({"application": {"name": "later"}})).await?;
    says(&world, namespace, "ApplicationNotFound", &["later", namespace]).await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": "later", "namespace": namespace},
            "spec": {"api": "job", "image": "none", "command": "true", "size": "xs"},
        }))
        .await?;
    world.until(namespace, "run", "launched", launched).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_framework_that_nobody_launches_names_the_known_ones() -> Result<()> {
    let Some((world, namespace)) = begin("trouble-launcher").await? else { return Ok(()) };
    let namespace = namespace.as_str();
    let application = |api: &str| {
        json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": "odd", "namespace": namespace},
            "spec": {"api": api, "image": "none", "command": "true", "size": "xs"},
        })
    };
    world.apply(&application("cobol")).await?;
    world.run(namespace, "run", json!({"application": {"name": "odd"}})).await?;
    says(&world, namespace, "NoLauncher", &["cobol", "job"]).await?;
    world.apply(&application("job")).await?;
    world.until(namespace, "run", "launched", launched).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_panics_is_named_with_its_message() -> Result<()> {
    let Some((world, namespace)) = begin("trouble-panic").await? else { return Ok(()) };
    let namespace = namespace.as_str();
    // A guest that panics in launch, brought in as a launcher of a framework of its own.
    let guest = std::env::var_os("CODEFLARE_TEST_PANICS").context("CODEFLARE_TEST_PANICS is not set")?;
    let bytes = std::fs::read(guest)?;
    let digest = sha256(&bytes);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "panics", "namespace": namespace},
        "binaryData": {"plugin.wasm": base64(&bytes)}});
    world.apply(&map).await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": "panics"},
            "spec": {"source": {"configMap": {"namespace": namespace, "name": "panics", "key": "plugin.wasm"}},
                "digest": digest, "launcher": {"frameworks": ["panics"]}, "priority": 1},
        }))
        .await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": "odd", "namespace": namespace},
            "spec": {"api": "panics", "image": "none", "command": "true", "size": "xs"},
        }))
        .await?;
    let ready = kube::Api::<codeflare_api::Plugin>::all(world.client.clone());
    let is_ready = |plugin: Option<&codeflare_api::Plugin>| {
        plugin
            .and_then(|plugin| plugin.status.as_ref())
            .is_some_and(|status| status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
    };
    tokio::time::timeout(
        crate::world::PATIENCE,
        kube::runtime::wait::await_condition(ready.clone(), "panics", is_ready),
    )
    .await??;
    world.run(namespace, "run", json!({"application": {"name": "odd"}})).await?;
    says(&world, namespace, "PluginFailed", &["panics", "PluginPanicked", "no room for"]).await?;
    // Mended: the launcher of `job` takes the framework over.
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": "panics"},
            "spec": {"source": {"file": {"path": "job.wasm"}}, "launcher": {"frameworks": ["panics"]}, "priority": 1},
        }))
        .await?;
    world.until(namespace, "run", "launched", launched).await?;
    ready.delete("panics", &kube::api::DeleteParams::default()).await?;
    Ok(())
}

/// As a Plugin names bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// As JSON carries bytes.
pub(crate) fn base64(bytes: &[u8]) -> serde_json::Value {
    serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec())).unwrap()
}
