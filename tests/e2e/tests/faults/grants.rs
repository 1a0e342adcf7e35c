//! A kind that the host does not know: in the ceiling, granted to a Plugin, launched,
//! watched and ended like any other; and what is not granted is not.

use anyhow::{Context, Result, ensure};
use codeflare_api::{Plugin, labels};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::runtime::conditions;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, state};

/// What the host of these tests is started with. The plurals are not those that one would
/// guess.
pub(crate) const CEILING: &str = "
- group: example.com
  version: v1
  kind: Widget
  plural: widgetry
  required: [spec.replicas, spec.template]
  fields:
    spec.suspend: {type: switch}
    spec.flavour: {enum: [sweet, sour]}
    spec.replicas: {hole: count}
    spec.template: {pod: {counts: [spec.replicas]}}
  labels: [example.com/queue]
- group: example.com
  version: v1
  kind: Shelf
  plural: shelving
  fields: {spec.boards: {integer: [1, 9]}}
";

const PLUGIN: &str = "granted";

/// The definition of a kind that holds anything.
fn definition(kind: &str, plural: &str, scope: &str) -> Value {
    let singular = kind.to_lowercase();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {
            "group": "example.com", "scope": scope,
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

async fn install(world: &World) -> Result<()> {
    let api = Api::<CustomResourceDefinition>::all(world.client.clone());
    for (kind, plural, scope) in [("Widget", "widgetry", "Namespaced"), ("Shelf", "shelving", "Cluster")] {
        world.apply(&definition(kind, plural, scope)).await?;
        let name = format!("{plural}.example.com");
        let there = await_condition(api.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(PATIENCE, there).await.context("the definition is not established")??;
    }
    Ok(())
}

/// The Plugin with these grants; its bytes are in a ConfigMap of the namespace.
async fn plugin(world: &World, namespace: &str, grants: Value) -> Result<()> {
    let guest = std::env::var_os("CODEFLARE_TEST_GRANTED").context("CODEFLARE_TEST_GRANTED is not set")?;
    let bytes = std::fs::read(guest)?;
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PLUGIN, "namespace": namespace},
            "binaryData": {"plugin.wasm": crate::trouble::base64(&bytes)},
        }))
        .await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": PLUGIN},
            "spec": {
                "source": {"configMap": {"namespace": namespace, "name": PLUGIN, "key": "plugin.wasm"}},
                "digest": crate::trouble::sha256(&bytes), "launcher": {"frameworks": [PLUGIN]}, "grants": grants,
            },
        }))
        .await
}

fn grant(kind: &str) -> Value {
    json!({"group": "example.com", "version": "v1", "kind": kind})
}

/// Waits until the Plugin says that so many of its grants are cut.
async fn cuts(world: &World, count: usize) -> Result<Vec<String>> {
    let api = Api::<Plugin>::all(world.client.clone());
    let said = move |plugin: Option<&Plugin>| {
        let status = plugin.and_then(|plugin| plugin.status.as_ref());
        status.is_some_and(|status| {
            let ready = status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
            ready && status.not_granted.len() == count
        })
    };
    world.host.ensure().await?;
    let plugin = tokio::time::timeout(PATIENCE, await_condition(api, PLUGIN, said)).await;
    let plugin = plugin.with_context(|| format!("{count} cuts are not said\n{}", world.host.last_words()))??;
    Ok(plugin.and_then(|plugin| plugin.status).map(|status| status.not_granted).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_kind_is_carried_to_its_end_and_what_is_cut_is_said() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let namespace = world.fresh("grants");
    world.namespace(&namespace).await?;
    world.proxy.begin(&namespace, None);
    install(&world).await?;
    plugin(&world, &namespace, json!([grant("Widget"), grant("Shelf"), grant("Gizmo")])).await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"api": PLUGIN, "image": "none", "command": "true", "size": "sm"},
        }))
        .await?;
    let cut = cuts(&world, 2).await?.join("\n");
    ensure!(cut.contains("Shelf: its objects are the whole cluster's"), "{cut}");
    ensure!(cut.contains("Gizmo: the platform's ceiling (plugins.ceiling of the chart) does not have"), "{cut}");

    let run = world.run(&namespace, "run", json!({})).await?;
    world.until(&namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    let launch = world.runs(&namespace).get("run").await?.status.and_then(|status| status.launch);
    let object = launch.and_then(|launch| launch.object).context("nothing was launched")?;
    ensure!(object.kind == "Widget", "launched as {}", object.kind);
    let kind = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("example.com", "v1", "Widget"), "widgetry");
    let widgets = Api::<DynamicObject>::namespaced_with(world.client.clone(), &namespace, &kind);
    let widget = widgets.get(&object.name).await?;
    let owner = widget.metadata.owner_references.clone().unwrap_or_default();
    ensure!(owner.iter().map(|one| &one.uid).eq(run.metadata.uid.iter()), "{owner:?}");
    let spec = &widget.data["spec"];
    ensure!((&spec["replicas"], &spec["flavour"]) == (&json!(2), &json!("sour")), "{spec}");
    ensure!(spec["template"]["spec"]["securityContext"]["runAsNonRoot"] == true, "{spec}");
    let labelled = widget.metadata.labels.unwrap_or_default();
    ensure!(labelled.get("example.com/queue").is_some_and(|queue| queue == "team"), "{labelled:?}");
    ensure!(labelled.contains_key(labels::RUN_UID), "{labelled:?}");

    // Its state is read, and its control turned, as of any kind.
    let patch = |status: &str| Patch::Merge(json!({"status": {"phase": status}}));
    widgets.patch_status(&object.name, &PatchParams::default(), &patch("Busy")).await?;
    world.until(&namespace, "run", "running", |run| state(run).0 == "Running").await?;
    let held = Patch::Merge(json!({"spec": {"suspend": true}}));
    world.runs(&namespace).patch("run", &PatchParams::default(), &held).await?;
    let switched = |widget: Option<&DynamicObject>| widget.is_some_and(|widget| widget.data["spec"]["suspend"] == true);
    tokio::time::timeout(PATIENCE, await_condition(widgets.clone(), &object.name, switched)).await??;
    let on = Patch::Merge(json!({"spec": {"suspend": false}}));
    world.runs(&namespace).patch("run", &PatchParams::default(), &on).await?;
    widgets.patch_status(&object.name, &PatchParams::default(), &patch("Done")).await?;
    world.until(&namespace, "run", "done", |run| state(run).0 == "Succeeded").await?;

    // Without its grant it has no such kind.
    plugin(&world, &namespace, json!([grant("Gizmo")])).await?;
    cuts(&world, 1).await?;
    world.run(&namespace, "late", json!({})).await?;
    world.until(&namespace, "late", "refused", |run| state(run).1 == "PlanRefused").await?;
    let message = world.runs(&namespace).get("late").await?.status.and_then(|status| status.message);
    let message = message.unwrap_or_default();
    ensure!(
        message.contains("Plugin/granted") && message.contains("`example.com/v1 Widget` is not allowed"),
        "{message}"
    );
    Api::<Plugin>::all(world.client.clone()).delete(PLUGIN, &DeleteParams::default()).await?;
    Ok(())
}
