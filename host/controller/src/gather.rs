//! Step 1, gather: everything that the decisions about a Run depend on, from the stores, and
//! what there is of its source.

use std::collections::BTreeSet;

use codeflare_api::{Run, labels};
use codeflare_documents::sizing::Usage;
use codeflare_plan::live::Child;
use codeflare_plan::seen::Seen;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use serde_json::Value;

use crate::context::Context;
use crate::watch::owned;

/// What steps 2 to 5 have to go on. What the namespace uses is counted elsewhere, where a
/// policy wants to know it.
pub(crate) fn gather(ctx: &Context, run: &Run, usage: Option<Usage>) -> Seen {
    let namespace = run.namespace().unwrap_or_default();
    let reference = &run.spec.application;
    let of = reference.namespace.as_deref().unwrap_or(&namespace);
    let application = ctx.stores.applications.get(&ObjectRef::new(&reference.name).within(of)).as_ref().map(owned);
    let plugins = ctx.catalog.seen();
    let declared = plugins
        .iter()
        .filter_map(|plugin| plugin.ready.as_ref())
        .flat_map(|ready| ready.description.all_kinds().cloned());
    let mut configurations: Vec<_> = ctx.stores.sizes.state().iter().map(owned).collect();
    configurations.sort_by_key(ResourceExt::name_any);
    let source = application.as_ref().and_then(|application| ctx.sources.look(run, application));
    Seen {
        run: essential(run),
        application: application.map(|mut application| {
            application.status = None;
            application
        }),
        configurations,
        served: ctx.catalog.served().of(declared),
        ceiling: ctx.catalog.served().ceiling().clone(),
        cluster_scoped: ctx.catalog.served().cluster_scoped(),
        plugins,
        namespace_labels: ctx.stores.namespace_labels(&namespace),
        usage,
        priority_classes: priority_classes(ctx),
        source,
        site: ctx.site.clone(),
    }
}

/// PriorityClasses that the installation names and the cluster has, each once.
fn priority_classes(ctx: &Context) -> Vec<String> {
    let named: BTreeSet<_> = ctx.site.priority_classes.values().collect();
    let there = named.into_iter().filter(|name| ctx.stores.priority_classes.get(&ObjectRef::new(name)).is_some());
    there.cloned().collect()
}

/// Children of any attempt, from the stores.
pub(crate) fn children(ctx: &Context, uid: &str) -> Vec<Child> {
    ctx.stores.children.of(uid)
}

/// Pods of any attempt, from the store, by name.
pub(crate) fn pods(ctx: &Context, uid: &str) -> Vec<Pod> {
    let found = ctx.stores.pods.state_filter(|pod| pod.labels().get(labels::RUN_UID).is_some_and(|of| of == uid));
    let mut pods: Vec<Pod> = found.iter().map(owned).collect();
    pods.sort_by_key(ResourceExt::name_any);
    pods
}

/// A live object as the decisions see it.
pub(crate) fn child<K: kube::Resource>(
    kind: &codeflare_documents::describe::EmittedKind,
    object: &K,
    value: Value,
) -> Child {
    let meta = object.meta();
    let attempt = meta.labels.as_ref().and_then(|all| all.get(labels::ATTEMPT)).and_then(|text| text.parse().ok());
    let owner = meta.owner_references.as_ref().and_then(|owners| owners.first()).map(|owner| owner.uid.clone());
    Child {
        kind: kind.clone(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        attempt: attempt.unwrap_or(0),
        owner,
        deleting: meta.deletion_timestamp.is_some(),
        object: value,
    }
}

/// The Run as a decision may depend on it: without what other writers add to it, so
/// that the same Run gives the same record.
fn essential(run: &Run) -> Run {
    let mut run = run.clone();
    run.status = None;
    run.metadata.managed_fields = None;
    run.metadata.resource_version = None;
    run.metadata.annotations = None;
    run
}
