//! A plugin that keeps failing: held back where everybody sees it, and tried again.

use anyhow::{Result, ensure};
use codeflare_api::Plugin;
use kube::api::{Api, DeleteParams};
use serde_json::json;

use crate::upgrade::{Upgrade, ready};

/// Reason and message of Ready.
fn why(plugin: &Plugin) -> (&str, &str) {
    let conditions = plugin.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    ready.map(|ready| (ready.reason.as_str(), ready.message.as_str())).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_failing_is_held_back_and_tried_again() -> Result<()> {
    let Some((upgrade, _)) = Upgrade::begin("held", 0).await? else { return Ok(()) };
    let (world, namespace) = (&upgrade.world, &upgrade.namespace);
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "poison", "namespace": namespace},
            "spec": {"api": "marker", "image": "none", "command": "true", "size": "xs", "framework": {"panics": true}},
        }))
        .await?;
    let bad = ["bad-0", "bad-1", "bad-2"];
    for name in bad {
        upgrade.run(name, json!({"application": {"name": "poison"}})).await?;
    }
    let held = |plugin: &Plugin| {
        let (reason, message) = why(plugin);
        ready(plugin) == Some(false) && reason == "HeldBack" && message.contains("PluginPanicked: ")
    };
    upgrade.plugin("held back", held).await?;
    // Whoever needs it waits, and says why.
    upgrade.run("good", json!({})).await?;
    let waits = |run: &codeflare_api::Run| {
        let status = run.status.clone().unwrap_or_default();
        let named =
            status.message.is_some_and(|message| message.contains("marker") && message.contains("held back until"));
        named && status.reason.is_some_and(|reason| reason == "LauncherNotReady" || reason == "PluginHeldBack")
    };
    world.until(namespace, "good", "waiting for the plugin", waits).await?;
    for name in bad {
        world.runs(namespace).delete(name, &DeleteParams::default()).await?;
    }

    // One call tries it when the time is up, and it serves again.
    upgrade.says("good", "StartingOne").await?;
    upgrade.plugin("ready again", |plugin| ready(plugin) == Some(true)).await?;

    // What it said, and how it failed, is on the object: few lines, and nothing that acts.
    let told = |plugin: &Plugin| {
        let log = plugin.status.as_ref().map(|status| status.log.as_slice()).unwrap_or_default();
        log.iter().any(|line| line.message.contains("One launches \\u{1b}[1mbold\\u{1b}[0m") && line.level == "info")
            && log.iter().any(|line| line.message.contains("told to panic") && line.level == "error")
    };
    upgrade.plugin("telling its last lines", told).await?;
    let plugin = Api::<Plugin>::all(world.client.clone()).get("marker").await?;
    let log = plugin.status.unwrap_or_default().log;
    ensure!(log.len() <= 10 && log.iter().all(|line| !line.message.contains(char::is_control)), "{log:#?}");
    upgrade.end("good", "One").await?;
    upgrade.chart.uninstall().await
}
