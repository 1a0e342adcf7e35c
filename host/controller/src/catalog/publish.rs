//! Shows on each Plugin what the catalog knows of it. The only writer of that part of the
//! status; a write that failed is repeated.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use codeflare_api::Plugin;
use codeflare_api::labels::FIELD_MANAGER;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use serde_json::json;

use super::Catalog;
use super::report::{self, Shown};
use crate::api::within;

/// A write that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

impl Catalog {
    /// Keeps the status of every Plugin, for ever.
    pub(crate) async fn show(self: Arc<Self>, plugins: Store<Plugin>) {
        let api = Api::<Plugin>::all(self.client.clone());
        // What was written last: the store learns of it a moment later.
        let mut written: HashMap<String, (String, Shown)> = HashMap::new();
        loop {
            for (name, uid, next) in self.due(&plugins, &written) {
                let patch = json!({"metadata": {"uid": uid}, "status": next});
                let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
                match within(api.patch_status(&name, &params, &Patch::Merge(&patch))).await {
                    Ok(_) => {
                        written.insert(name, (uid, next));
                    }
                    // Gone, or another one: the watch brings it.
                    Err(error) if matches!(error.code(), Some(404 | 409)) => {}
                    Err(error) => tracing::warn!(plugin = name, %error, "failed to publish the status of a Plugin"),
                }
            }
            written.retain(|name, _| plugins.get(&ObjectRef::new(name)).is_some());
            let _ = tokio::time::timeout(AGAIN, self.news.notified()).await;
        }
    }

    /// Name, UID and what is to be shown, of each Plugin that shows something else.
    fn due(&self, plugins: &Store<Plugin>, written: &HashMap<String, (String, Shown)>) -> Vec<(String, String, Shown)> {
        let now = Timestamp::now();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let of = |(name, entry): (&String, &super::Entry)| {
            let outcome = entry.outcome.as_ref()?;
            let old = match written.get(name).filter(|(uid, _)| *uid == entry.uid) {
                Some((_, written)) => written.clone(),
                None => {
                    let plugin = plugins.get(&ObjectRef::new(name))?;
                    plugin.status.as_ref().map(Shown::of).unwrap_or_default()
                }
            };
            let serves = entry.serving.as_ref().map(|version| &version.plugin);
            let serves = serves.map(|plugin| (plugin.digest(), plugin.description().version.as_str()));
            let next = report::next(entry.role.name(), outcome, serves, &old, now);
            (next != old).then(|| (name.clone(), entry.uid.clone(), next))
        };
        entries.iter().filter_map(of).collect()
    }
}
