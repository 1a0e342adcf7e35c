//! Which kinds the cluster serves, of those that plugins declare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use codeflare_documents::describe::EmittedKind;
use codeflare_plan::lock::Ceiling;
use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource};
use kube::discovery::Scope;
use tokio::sync::Notify;

use crate::api::{resource, within};
use crate::error::Call;

/// How often the API server is asked again, whether or not a definition has changed.
const EVERY: Duration = Duration::from_secs(15);
/// A definition is served, and not served any more, a moment after it has changed.
const SETTLES: Duration = Duration::from_millis(1500);

/// Kinds that the cluster serves.
#[derive(Clone)]
pub(crate) struct Served {
    kinds: Arc<RwLock<Kinds>>,
    ceiling: Arc<Ceiling>,
}

/// What the API server serves, less what is being uninstalled: it serves a kind until its
/// last object is gone, and takes the objects away meanwhile.
#[derive(Debug, Default)]
struct Kinds {
    /// How kinds are addressed.
    ceiling: Arc<Ceiling>,
    served: BTreeSet<EmittedKind>,
    /// Those whose objects are the whole cluster's.
    cluster_scoped: BTreeSet<EmittedKind>,
    /// Definitions that were seen, by name: whether it is going, or has gone that way.
    definitions: BTreeMap<String, bool>,
    /// Whether a kind has gone since the API server was asked.
    lost: bool,
}

impl Kinds {
    /// What the API server has answered; whether something has changed since it was asked.
    fn discovered(&mut self, found: BTreeSet<EmittedKind>) -> bool {
        let there = |kind: &EmittedKind| self.definitions.get(&definition(&self.ceiling, kind)) != Some(&true);
        let served = found.into_iter().filter(there).collect();
        let changed = std::mem::take(&mut self.lost) || self.served != served;
        self.served = served;
        changed
    }

    /// A definition is there, or is going; whether a kind goes with it that was served. One
    /// that is there is served once the API server says so.
    fn defined(&mut self, name: &str, going: bool) -> bool {
        self.definitions.insert(name.to_owned(), going);
        if !going {
            return false;
        }
        let before = self.served.len();
        self.served.retain(|kind| definition(&self.ceiling, kind) != name);
        let lost = self.served.len() < before;
        self.lost |= lost;
        lost
    }
}

/// How a kind stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing {
    /// It has no definition: it is Kubernetes' own.
    Own,
    /// It was defined at this time.
    Since(Option<Timestamp>),
    /// Its definition is going, or gone.
    Going,
}

/// Name of the definition that a kind would have.
fn definition(ceiling: &Ceiling, kind: &EmittedKind) -> String {
    format!("{}.{}", resource(ceiling, kind).plural, kind.group)
}

impl Served {
    /// Nothing was asked yet. Kinds of the ceiling are addressed as it says.
    pub(crate) fn new(ceiling: Ceiling) -> Served {
        let ceiling = Arc::new(ceiling);
        let kinds = Kinds { ceiling: ceiling.clone(), ..Kinds::default() };
        Served { kinds: Arc::new(RwLock::new(kinds)), ceiling }
    }

    /// What plugins may be granted at most.
    pub(crate) fn ceiling(&self) -> &Ceiling {
        &self.ceiling
    }

    /// How a kind is addressed.
    pub(crate) fn resource(&self, kind: &EmittedKind) -> ApiResource {
        resource(&self.ceiling, kind)
    }

    /// Kinds of the ceiling whose objects are the whole cluster's, as far as they are served.
    pub(crate) fn cluster_scoped(&self) -> Vec<EmittedKind> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        self.ceiling.kinds().into_iter().filter(|kind| kinds.cluster_scoped.contains(kind)).collect()
    }

    /// Those of `declared` that are served, in a fixed order.
    pub(crate) fn of(&self, declared: impl IntoIterator<Item = EmittedKind>) -> Vec<EmittedKind> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        declared.into_iter().filter(|kind| kinds.served.contains(kind)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A definition was seen; answers whether a kind that was served goes with it.
    pub(crate) fn defined(&self, name: &str, going: bool) -> bool {
        self.kinds.write().unwrap_or_else(PoisonError::into_inner).defined(name, going)
    }

    /// How a kind stands, as the API server has its definition now: a watch may tell of an
    /// object that went with its kind before another tells of the kind.
    ///
    /// # Errors
    /// Where the API server does not answer.
    pub(crate) async fn standing(&self, client: &Client, kind: &EmittedKind) -> Result<Standing, Call> {
        let name = definition(&self.ceiling, kind);
        if !self.kinds.read().unwrap_or_else(PoisonError::into_inner).definitions.contains_key(&name) {
            return Ok(Standing::Own);
        }
        let definitions = Api::<CustomResourceDefinition>::all(client.clone());
        let found = within(definitions.get_metadata_opt(&name)).await?;
        Ok(match found.map(|found| found.metadata) {
            Some(meta) if meta.deletion_timestamp.is_none() => Standing::Since(meta.creation_timestamp.map(|at| at.0)),
            _ => Standing::Going,
        })
    }

    /// Asks the API server once; answers whether something changed.
    pub(crate) async fn refresh(&self, client: &Client) -> bool {
        match discover(client).await {
            Ok((found, cluster_scoped)) => {
                let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
                let scopes = std::mem::replace(&mut kinds.cluster_scoped, cluster_scoped.clone());
                kinds.discovered(found) || scopes != cluster_scoped
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

/// Every kind that is served, and those of them whose objects are the whole cluster's.
async fn discover(client: &Client) -> Result<(BTreeSet<EmittedKind>, BTreeSet<EmittedKind>), Call> {
    let discovery = within(kube::Discovery::new(client.clone()).run_aggregated()).await?;
    let (mut kinds, mut cluster_scoped) = (BTreeSet::new(), BTreeSet::new());
    for group in discovery.groups() {
        for version in group.versions() {
            for (resource, can) in group.versioned_resources(version) {
                let kind = EmittedKind { group: resource.group, version: resource.version, kind: resource.kind };
                if can.scope == Scope::Cluster {
                    cluster_scoped.insert(kind.clone());
                }
                kinds.insert(kind);
            }
        }
    }
    Ok((kinds, cluster_scoped))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, kind: &str) -> EmittedKind {
        EmittedKind { group: group.into(), version: "v1".into(), kind: kind.into() }
    }

    fn job() -> EmittedKind {
        kind("batch", "Job")
    }

    fn widget() -> EmittedKind {
        kind("example.com", "Widget")
    }

    /// What happens to the kinds: an answer of the API server, or a definition that is seen.
    enum Step {
        Answer(&'static [fn() -> EmittedKind]),
        Seen(&'static str, bool),
    }

    use Step::{Answer, Seen};

    const BOTH: &[fn() -> EmittedKind] = &[job, widget];
    const WIDGETS: &str = "widgets.example.com";

    #[test]
    fn a_kind_is_served_until_its_definition_goes_and_again_once_it_is_found() {
        // Step, whether it tells of a change, whether the widget is served behind it.
        for (row, steps) in [
            vec![(Answer(BOTH), true, true), (Answer(BOTH), false, true), (Answer(&[job]), true, false)],
            // Going while it is still served, then gone, then back.
            vec![
                (Answer(BOTH), true, true),
                (Seen(WIDGETS, false), false, true),
                (Seen(WIDGETS, true), true, false),
                (Seen(WIDGETS, true), false, false),
                // That it is gone is told to whoever asks the API server, too.
                (Answer(BOTH), true, false),
                (Answer(BOTH), false, false),
                (Answer(&[job]), false, false),
                (Seen(WIDGETS, false), false, false),
                (Answer(&[job]), false, false),
                (Answer(BOTH), true, true),
            ],
            // Back before the API server was asked.
            vec![
                (Answer(BOTH), true, true),
                (Seen(WIDGETS, true), true, false),
                (Seen(WIDGETS, false), false, false),
                (Answer(BOTH), true, true),
            ],
            // Going before the first answer.
            vec![(Seen(WIDGETS, true), false, false), (Answer(BOTH), true, false)],
            // Definitions of others.
            vec![
                (Answer(BOTH), true, true),
                (Seen("widgets.example.org", true), false, true),
                (Seen("jobs.batch", false), false, true),
                (Answer(BOTH), false, true),
            ],
        ]
        .into_iter()
        .enumerate()
        {
            let mut kinds = Kinds::default();
            for (index, (step, changes, served)) in steps.into_iter().enumerate() {
                let changed = match step {
                    Answer(found) => kinds.discovered(found.iter().map(|kind| kind()).collect()),
                    Seen(name, going) => kinds.defined(name, going),
                };
                assert_eq!((changed, kinds.served.contains(&widget())), (changes, served), "row {row}, step {index}");
            }
        }
    }
}
