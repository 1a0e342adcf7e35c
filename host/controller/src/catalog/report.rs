//! Says on a Plugin how far it came: Fetched, Verified, Compiled, SettingsValid, Ready.

use codeflare_api::labels::FIELD_MANAGER;
use codeflare_api::{Condition, Plugin, PluginStatus};
use codeflare_plan::seen::PluginRole;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt};

use crate::api::within;

/// How far a Plugin came: type, reason, message; an empty message is good.
#[derive(Default)]
pub(super) struct Progress(Vec<(&'static str, String, String)>);

impl Progress {
    pub(super) fn fetched(&mut self, reason: &str, trouble: &str) {
        self.0.push(("Fetched", reason.to_owned(), trouble.to_owned()));
    }

    pub(super) fn verified(&mut self, reason: &str, trouble: &str) {
        self.0.push(("Verified", reason.to_owned(), trouble.to_owned()));
    }

    pub(super) fn settings(&mut self, reason: &str, trouble: &str) {
        self.0.push(("SettingsValid", reason.to_owned(), trouble.to_owned()));
    }

    pub(super) fn compiled(&mut self, reason: &str, trouble: &str) {
        self.0.push(("Compiled", reason.to_owned(), trouble.to_owned()));
    }
}

/// Publishes the status of a Plugin, if it is another one.
pub(super) async fn report(
    client: &Client,
    plugin: &Plugin,
    progress: &Progress,
    result: Result<&codeflare_engine::Plugin, &String>,
) {
    let old = plugin.status.clone().unwrap_or_default();
    let status = next(plugin, &old, progress, result);
    if status == old {
        return;
    }
    let api = Api::<Plugin>::all(client.clone());
    let patch = serde_json::json!({ "status": status });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    if let Err(error) = within(api.patch_status(&plugin.name_any(), &params, &Patch::Merge(&patch))).await {
        tracing::warn!(plugin = plugin.name_any(), %error, "failed to publish the status of a Plugin");
    }
}

fn next(
    plugin: &Plugin,
    old: &PluginStatus,
    progress: &Progress,
    result: Result<&codeflare_engine::Plugin, &String>,
) -> PluginStatus {
    let ready = match result {
        Ok(_) => ("Ready", "Serving".to_owned(), String::new()),
        Err(trouble) => {
            let reason = progress.0.last().map_or("NotLoaded", |(_, reason, _)| reason.as_str());
            ("Ready", reason.to_owned(), trouble.clone())
        }
    };
    let generation = plugin.metadata.generation;
    let conditions = progress
        .0
        .iter()
        .chain([&ready])
        .map(|(type_, reason, trouble)| condition(old, generation, type_, reason, trouble))
        .collect();
    // Where nothing new serves, the last good version does: it stays named.
    let loaded = result.ok();
    PluginStatus {
        role: PluginRole::of(&plugin.spec).map(|role| role.name().to_owned()),
        digest: loaded.map(|plugin| plugin.digest().to_owned()).or_else(|| old.digest.clone()),
        version: loaded.map(|plugin| plugin.description().version.clone()).or_else(|| old.version.clone()),
        claims: old.claims.clone(),
        not_granted: old.not_granted.clone(),
        log: old.log.clone(),
        conditions,
        observed_generation: generation,
    }
}

fn condition(old: &PluginStatus, generation: Option<i64>, type_: &str, reason: &str, trouble: &str) -> Condition {
    let status = if trouble.is_empty() { "True" } else { "False" };
    let before = old.conditions.iter().find(|condition| condition.type_ == type_ && condition.status == status);
    Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: trouble.chars().take(1024).collect(),
        observed_generation: generation,
        last_transition_time: before
            .map_or_else(|| Time(jiff::Timestamp::now()), |before| before.last_transition_time.clone()),
    }
}
