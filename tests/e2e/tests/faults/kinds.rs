//! A kind that is uninstalled while a Run of it goes on: the Run says what is missing, and
//! not that it failed, for as long as it is missing. No operator is needed: the definition
//! takes its objects with it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::conditions;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, state};

const DEFINITION: &str = "jobsets.jobset.x-k8s.io";

/// As much of JobSet's definition as a launch needs.
fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": DEFINITION},
        "spec": {
            "group": "jobset.x-k8s.io", "scope": "Namespaced",
            "names": {"kind": "JobSet", "listKind": "JobSetList", "plural": "jobsets", "singular": "jobset"},
            "versions": [{
                "name": "v1alpha2", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

/// Installs the kind, and waits until it is there.
async fn install(world: &World) -> Result<Api<CustomResourceDefinition>> {
    let api = Api::<CustomResourceDefinition>::all(world.client.clone());
    world.apply(&definition()).await?;
    let there = await_condition(api.clone(), DEFINITION, conditions::is_crd_established());
    tokio::time::timeout(PATIENCE, there).await.context("the definition is not established")??;
    Ok(api)
}

/// Waits until a definition that was deleted is gone, and its objects with it.
async fn gone(definitions: &Api<CustomResourceDefinition>, uid: &str) -> Result<()> {
    let gone = await_condition(definitions.clone(), DEFINITION, conditions::is_deleted(uid));
    tokio::time::timeout(PATIENCE, gone).await.context("the definition does not go")??;
    Ok(())
}

/// UID of the definition that is there.
async fn uid(definitions: &Api<CustomResourceDefinition>) -> Result<String> {
    definitions.get(DEFINITION).await?.metadata.uid.context("a definition without a UID")
}

/// A Run whose primary is a JobSet, launched. Answers the JobSet's name.
async fn launch(world: &World, namespace: &str) -> Result<String> {
    world.namespace(namespace).await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": "kinds"},
            "spec": {"source": {"file": {"path": "torch.wasm"}}, "launcher": {"frameworks": ["kinds"]},
                "settings": {"variant": "jobset"}},
        }))
        .await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"api": "kinds", "image": "none", "command": "true", "size": "xs"},
        }))
        .await?;
    world.run(namespace, "run", json!({})).await?;
    world.until(namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    let launch = world.runs(namespace).get("run").await?.status.and_then(|status| status.launch);
    let object = launch.and_then(|launch| launch.object).context("nothing was launched")?;
    ensure!(object.kind == "JobSet", "launched as {}", object.kind);
    Ok(object.name)
}

/// What the Run says, once its reason is this one.
async fn said(world: &World, namespace: &str, reason: &str) -> Result<String> {
    world.until(namespace, "run", reason, |run| state(run).1 == reason).await?;
    let status = world.runs(namespace).get("run").await?.status;
    Ok(status.and_then(|status| status.message).unwrap_or_default())
}

/// What a finalizer holds back while the kind is uninstalled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
    Nothing,
    /// The object, and with it the definition.
    Object,
    /// The definition, whose objects have gone.
    Definition,
}

const FINALIZER: &str = "codeflare.dev/test";
/// The API server's own finalizer of a definition: it takes the objects away.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn finalizers(all: &[&str]) -> Patch<Value> {
    Patch::Merge(json!({"metadata": {"finalizers": all}}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_uninstalled_is_missing_and_its_run_fails_only_once_it_is_back() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let params = PatchParams::default();
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("jobset.x-k8s.io", "v1alpha2", "JobSet"));
    // Late: the host hears of definitions later than of objects.
    for (held, late) in [(Held::Object, false), (Held::Nothing, false), (Held::Definition, true)] {
        let (namespace, row) = (world.fresh("kinds"), format!("held: {held:?}, late: {late}"));
        let definitions = install(&world).await?;
        // The host's watches begin anew, held back or not.
        world.host.kill().await;
        world.proxy.begin(&namespace, None);
        if late {
            world.proxy.hold("/customresourcedefinitions", Duration::from_secs(2));
        }
        let name = launch(&world, &namespace).await?;
        let sets = Api::<DynamicObject>::namespaced_with(world.client.clone(), &namespace, &kind);
        match held {
            Held::Nothing => {}
            Held::Object => drop(sets.patch(&name, &params, &finalizers(&[FINALIZER])).await?),
            Held::Definition => drop(definitions.patch(DEFINITION, &params, &finalizers(&[CLEANUP, FINALIZER])).await?),
        }

        let first = uid(&definitions).await?;
        definitions.delete(DEFINITION, &DeleteParams::default()).await?;
        let missing = said(&world, &namespace, "KindNotServed").await.context(row.clone())?;
        ensure!(missing.contains("jobset.x-k8s.io/v1alpha2 JobSet"), "{row}: {missing}");
        match held {
            Held::Nothing => {}
            Held::Object => drop(sets.patch(&name, &params, &finalizers(&[])).await?),
            Held::Definition => drop(definitions.patch(DEFINITION, &params, &finalizers(&[])).await?),
        }
        gone(&definitions, &first).await?;
        let run = world.runs(&namespace).get("run").await?;
        ensure!(state(&run) == ("Starting".into(), "KindNotServed".into()), "{row}: {:?}", run.status);

        install(&world).await?;
        let over = said(&world, &namespace, "WorkloadGone").await.context(row.clone())?;
        ensure!(over.contains(&name) && over.contains("its kind was uninstalled"), "{row}: {over}");
        let second = uid(&definitions).await?;
        definitions.delete(DEFINITION, &DeleteParams::default()).await?;
        gone(&definitions, &second).await?;
        let plugins = Api::<codeflare_api::Plugin>::all(world.client.clone());
        plugins.delete("kinds", &DeleteParams::default()).await?;
    }
    Ok(())
}
