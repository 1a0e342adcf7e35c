//! Shows on each Plugin what the catalog knows of it. The only writer of that part of the
//! status; a write that failed is repeated.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use codeflare_api::Plugin;
use codeflare_api::labels::FIELD_MANAGER;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use serde_json::json;

use super::Catalog;
use super::report::{self, Serves, Shown};
use crate::api::within;

/// A write that failed is tried again, and lines of the log are written at most this often.
const AGAIN: Duration = Duration::from_secs(5);

/// What was written last to a Plugin: the store learns of it a moment later.
struct Written {
    uid: String,
    shown: Shown,
    /// When its log was written.
    log: Instant,
}

impl Catalog {
    /// Keeps the status of every Plugin, for ever.
    pub(crate) async fn show(self: Arc<Self>, plugins: Store<Plugin>) {
        let api = Api::<Plugin>::all(self.client.clone());
        let mut written: HashMap<String, Written> = HashMap::new();
        loop {
            for (name, uid, next, log) in self.due(&plugins, &written) {
                let patch = json!({"metadata": {"uid": uid}, "status": next});
                let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
                match within(api.patch_status(&name, &params, &Patch::Merge(&patch))).await {
                    Ok(_) => {
                        written.insert(name, Written { uid, shown: next, log });
                    }
                    // Gone, or another one: the watch brings it.
                    Err(error) if matches!(error.code(), Some(404 | 409)) => {}
                    Err(error) => tracing::warn!(plugin = name, %error, "failed to publish the status of a Plugin"),
                }
            }
            written.retain(|name, _| {
                let there = plugins.get(&ObjectRef::new(name)).is_some();
                if !there {
                    self.metrics.forget(name);
                }
                there
            });
            let _ = tokio::time::timeout(AGAIN, self.news.notified()).await;
        }
    }

    /// Name, UID, what is to be shown and when its log was written, of each Plugin that
    /// shows something else.
    fn due(
        &self,
        plugins: &Store<Plugin>,
        written: &HashMap<String, Written>,
    ) -> Vec<(String, String, Shown, Instant)> {
        let now = Timestamp::now();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let of = |(name, entry): (&String, &super::Entry)| {
            let outcome = entry.outcome.as_ref()?;
            let before = written.get(name).filter(|written| written.uid == entry.uid);
            let old = match before {
                Some(written) => written.shown.clone(),
                None => {
                    let plugin = plugins.get(&ObjectRef::new(name))?;
                    plugin.status.as_ref().map(Shown::of).unwrap_or_default()
                }
            };
            let serves = entry.serving.as_ref().map(|version| Serves {
                digest: version.plugin.digest(),
                version: version.plugin.description().version.as_str(),
                held: version.health().words(),
            });
            self.metrics.held(name, serves.as_ref().is_some_and(|serves| serves.held.is_some()));
            let mut next = report::next(entry.role.name(), outcome, serves.as_ref(), &old, now);
            let mut log = before.map_or_else(Instant::now, |written| written.log);
            if before.is_none() || log.elapsed() >= AGAIN {
                next.log = entry.said.lock().unwrap_or_else(PoisonError::into_inner).lines();
                log = Instant::now();
            }
            (next != old).then(|| (name.clone(), entry.uid.clone(), next, log))
        };
        entries.iter().filter_map(of).collect()
    }
}
