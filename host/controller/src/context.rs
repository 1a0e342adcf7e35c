//! What every wake-up may reach.

use std::sync::Arc;

use codeflare_documents::describe::EmittedKind;
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::runtime::events::Recorder;

use crate::admission::Admission;
use crate::catalog::Catalog;
use crate::metrics::Metrics;
use crate::reconcile::Published;
use crate::record::Records;
use crate::sources::Sources;
use crate::turns::Turns;
use crate::watch::Stores;

/// Handles, shared by all wake-ups.
pub(crate) struct Context {
    /// Client without hidden retries.
    pub(crate) client: Client,
    /// What the watches have seen.
    pub(crate) stores: Stores,
    /// Plugins that serve.
    pub(crate) catalog: Arc<Catalog>,
    /// Records of attempts.
    pub(crate) records: Arc<Records>,
    /// Source out of repositories.
    pub(crate) sources: Arc<Sources>,
    /// Who may decide where a policy counts.
    pub(crate) admission: Arc<Admission>,
    /// Who may call which plugin.
    pub(crate) turns: Turns,
    /// What was published last.
    pub(crate) published: Published,
    /// Events on Runs.
    pub(crate) recorder: Recorder,
    /// What this installation decides for every pod.
    pub(crate) site: codeflare_plan::seen::Site,
    /// Counters and histograms.
    pub(crate) metrics: Arc<Metrics>,
}

impl Context {
    /// The API of a kind in a namespace.
    pub(crate) fn of_kind(&self, kind: &EmittedKind, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &self.catalog.served().resource(kind))
    }
}
