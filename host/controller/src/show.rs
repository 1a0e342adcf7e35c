//! What Applications and Plugins show of each other, in a loop of its own beside the path
//! of Runs: who would launch an Application, where a Plugin's claims stand, and which of its
//! grants are cut.
//!
//! Looked at when an Application, a Plugin or a namespace changes, or the kinds that are
//! served; written only where it is another one.

use std::sync::Arc;
use std::time::Duration;

use codeflare_api::labels::FIELD_MANAGER;
use codeflare_api::plugin::Claim;
use codeflare_api::{Application, ApplicationStatus, Plugin};
use codeflare_plan::ready;
use codeflare_plan::resolve::Offer;
use codeflare_plan::seen::PodSecurity;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::within;
use crate::catalog::Catalog;
use crate::watch::Stores;

/// Changes that come together are looked at together.
const GATHER: Duration = Duration::from_millis(100);
/// A write that failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps the status of every Application, and claims and grants of every Plugin, for ever.
pub(crate) async fn follow(
    client: Client,
    stores: Stores,
    catalog: Arc<Catalog>,
    pod_security: PodSecurity,
    changed: Arc<Notify>,
) {
    loop {
        let plugins = catalog.seen();
        let kinds = plugins
            .iter()
            .filter_map(|plugin| plugin.ready.as_ref())
            .flat_map(|ready| ready.description.all_kinds().cloned());
        let served = catalog.served().of(kinds);
        for application in stores.applications.state() {
            let labels = stores.namespace_labels(&application.namespace().unwrap_or_default());
            let offer = Offer { plugins: &plugins, served: &served, labels: &labels, pod_security };
            let status = ready::application(&application, offer, Timestamp::now());
            if application.status.as_ref() != Some(&status) {
                publish_application(&client, &application, &status).await;
            }
        }
        for plugin in stores.plugins.state() {
            // One that is not in the catalog yet has a turn when it is.
            let Some(seen) = plugins.iter().find(|seen| seen.name == plugin.name_any()) else { continue };
            let claims = ready::claims(seen, &plugins, &served);
            let not_granted = ready::not_granted(seen, catalog.served().ceiling(), &catalog.served().cluster_scoped());
            let status = plugin.status.clone().unwrap_or_default();
            if (&status.claims, &status.not_granted) != (&claims, &not_granted) {
                publish_plugin(&client, &plugin, &claims, &not_granted).await;
            }
        }
        let _ = tokio::time::timeout(AGAIN, changed.notified()).await;
        tokio::time::sleep(GATHER).await;
    }
}

async fn publish_application(client: &Client, application: &Application, status: &ApplicationStatus) {
    // A launcher that is not there any more is named with null: a merge patch keeps what
    // it does not name.
    let patch = json!({
        "metadata": {"resourceVersion": application.resource_version()},
        "status": {
            "conditions": status.conditions,
            "launcher": status.launcher,
            "observedGeneration": status.observed_generation,
        },
    });
    let api = Api::namespaced(client.clone(), &application.namespace().unwrap_or_default());
    publish(&api, application, &patch).await;
}

/// Claims and what is not granted are this loop's alone; the rest of the status is the
/// catalog's, which writes it at any time: so no version of the object is asked for, but its
/// UID.
async fn publish_plugin(client: &Client, plugin: &Plugin, claims: &[Claim], not_granted: &[String]) {
    let claims = if claims.is_empty() { Value::Null } else { json!(claims) };
    let not_granted = if not_granted.is_empty() { Value::Null } else { json!(not_granted) };
    let patch = json!({
        "metadata": {"uid": plugin.uid()},
        "status": {"claims": claims, "notGranted": not_granted},
    });
    publish(&Api::all(client.clone()), plugin, &patch).await;
}

async fn publish<K>(api: &Api<K>, object: &K, patch: &Value)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match within(api.patch_status(&object.name_any(), &params, &Patch::Merge(patch))).await {
        Ok(_) => {}
        // It has changed or gone meanwhile: the watch brings what it is now.
        Err(error) if matches!(error.code(), Some(404 | 409)) => {}
        Err(error) => {
            tracing::warn!(kind = %K::kind(&()), name = object.name_any(), %error, "failed to publish a status");
        }
    }
}
