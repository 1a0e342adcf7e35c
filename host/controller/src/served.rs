//! Which kinds the cluster serves, of those that plugins declare.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use codeflare_documents::describe::EmittedKind;
use kube::Client;
use tokio::sync::Notify;

use crate::api::within;

/// How often the API server is asked again, whether or not a definition has changed.
const EVERY: Duration = Duration::from_secs(15);
/// A definition is served, and not served any more, a moment after it has changed.
const SETTLES: Duration = Duration::from_millis(1500);

/// Kinds that the cluster serves.
#[derive(Clone, Default)]
pub(crate) struct Served(Arc<RwLock<BTreeSet<EmittedKind>>>);

impl Served {
    /// Those of `declared` that are served, in a fixed order.
    pub(crate) fn of(&self, declared: impl IntoIterator<Item = EmittedKind>) -> Vec<EmittedKind> {
        let served = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        declared.into_iter().filter(|kind| served.contains(kind)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Asks the API server once; answers whether something changed.
    pub(crate) async fn refresh(&self, client: &Client) -> bool {
        match discover(client).await {
            Ok(found) => {
                let mut served = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                let changed = *served != found;
                *served = found;
                changed
            }
            Err(error) => {
                tracing::warn!(%error, "failed to ask which kinds the cluster serves; the last answer holds");
                false
            }
        }
    }

    /// Asks again and again, soon after a definition has changed, and calls `changed` where
    /// the answer is another.
    pub(crate) async fn follow(self, client: Client, defined: Arc<Notify>, changed: impl Fn() + Send) {
        loop {
            if tokio::time::timeout(EVERY, defined.notified()).await.is_ok() {
                tokio::time::sleep(SETTLES).await;
            }
            if self.refresh(&client).await {
                changed();
            }
        }
    }
}

async fn discover(client: &Client) -> Result<BTreeSet<EmittedKind>, crate::error::Call> {
    let discovery = within(kube::Discovery::new(client.clone()).run_aggregated()).await?;
    let mut kinds = BTreeSet::new();
    for group in discovery.groups() {
        for version in group.versions() {
            for (resource, _) in group.versioned_resources(version) {
                kinds.insert(EmittedKind { group: resource.group, version: resource.version, kind: resource.kind });
            }
        }
    }
    Ok(kinds)
}
