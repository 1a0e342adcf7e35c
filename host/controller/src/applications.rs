//! What Applications show of themselves: a loop of its own beside the path of Runs.
//!
//! Looked at when an Application or a Plugin changes, or the kinds that are served; a
//! status is written only where it is another one.

use std::sync::Arc;
use std::time::Duration;

use codeflare_api::Application;
use codeflare_api::labels::FIELD_MANAGER;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::reflector::Store;
use kube::{Client, ResourceExt};
use tokio::sync::Notify;

use crate::api::within;
use crate::catalog::Catalog;

/// Changes that come together are looked at together.
const GATHER: Duration = Duration::from_millis(100);
/// A write that failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps the status of every Application for ever.
pub(crate) async fn follow(
    client: Client,
    applications: Store<Application>,
    catalog: Arc<Catalog>,
    changed: Arc<Notify>,
) {
    loop {
        let plugins = catalog.seen();
        let kinds = plugins
            .iter()
            .filter_map(|plugin| plugin.ready.as_ref())
            .flat_map(|ready| ready.description.all_kinds().cloned());
        let served = catalog.served().of(kinds);
        for application in applications.state() {
            let status = codeflare_plan::ready::application(&application, &plugins, &served, Timestamp::now());
            if application.status.as_ref() != Some(&status) {
                publish(&client, &application, &status).await;
            }
        }
        let _ = tokio::time::timeout(AGAIN, changed.notified()).await;
        tokio::time::sleep(GATHER).await;
    }
}

async fn publish(client: &Client, application: &Application, status: &codeflare_api::ApplicationStatus) {
    let api = Api::<Application>::namespaced(client.clone(), &application.namespace().unwrap_or_default());
    // A launcher that is not there any more is named with null: a merge patch keeps what
    // it does not name.
    let patch = serde_json::json!({
        "metadata": {"resourceVersion": application.resource_version()},
        "status": {
            "conditions": status.conditions,
            "launcher": status.launcher,
            "observedGeneration": status.observed_generation,
        },
    });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match within(api.patch_status(&application.name_any(), &params, &Patch::Merge(&patch))).await {
        Ok(_) => {}
        // It has changed or gone meanwhile: the watch brings what it is now.
        Err(error) if matches!(error.code(), Some(404 | 409)) => {}
        Err(error) => tracing::warn!(application = application.name_any(), %error, "failed to publish a status"),
    }
}
