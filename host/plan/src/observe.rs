//! Step 8, observe: what the launcher is asked about its objects. Pure.
//!
//! The request is the same for the same cluster state, whatever order the stores give:
//! objects stand in the order of the plan, pods in the order of their index and name.

use codeflare_api::{Run, labels};
use codeflare_documents::launcher::{ContainerExit, LiveObject, LivePod, LiveRole, ObserveRequest};
use codeflare_documents::shared::ObjectName;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::Value;

use crate::live::Child;
use crate::plan::{PlannedObject, Record};

/// Where an Indexed Job says which of its pods this is.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The request to the launcher of the recorded attempt.
pub fn request(run: &Run, record: &Record, children: &[Child], pods: &[Pod]) -> ObserveRequest {
    let plan = &record.plan;
    let objects = plan.objects.iter().filter(|planned| !planned.by_host).map(|planned| LiveObject {
        kind: planned.kind.kind.clone(),
        name: planned.name.clone(),
        primary: planned.primary,
        object: children.iter().find(|child| is(child, run, planned)).map_or(Value::Null, object),
    });
    let roles = plan.roles.iter().map(|role| {
        let of_role = of_attempt(pods, run, plan.attempt).filter(|pod| label(pod, labels::ROLE) == Some(&role.name));
        let mut pods: Vec<LivePod> = of_role.map(|pod| live(pod, &role.name)).collect();
        pods.sort_by(|a, b| (a.index, &a.name).cmp(&(b.index, &b.name)));
        LiveRole { name: role.name.clone(), count: role.count, pods }
    });
    ObserveRequest {
        name: plan.name.clone(),
        run: ObjectName { namespace: plan.namespace.clone(), name: run.metadata.name.clone().unwrap_or_default() },
        attempt: plan.attempt,
        settings: plan.launcher.settings.clone().into(),
        suspended: run.spec.suspend.unwrap_or(false),
        objects: objects.collect(),
        roles: roles.collect(),
    }
}

/// Whether this is the planned object, and this Run owns it.
pub(crate) fn is(child: &Child, run: &Run, planned: &PlannedObject) -> bool {
    child.kind == planned.kind && child.name == planned.name && owns(run, child)
}

/// Whether this Run, and no namesake, owns the object.
pub(crate) fn owns(run: &Run, child: &Child) -> bool {
    child.owner.is_some() && child.owner == run.metadata.uid
}

/// Pods of one attempt of this Run.
pub(crate) fn of_attempt<'a>(pods: &'a [Pod], run: &'a Run, attempt: u32) -> impl Iterator<Item = &'a Pod> {
    let attempt = attempt.to_string();
    pods.iter().filter(move |pod| {
        label(pod, labels::ATTEMPT) == Some(&attempt) && label(pod, labels::RUN_UID) == run.metadata.uid.as_ref()
    })
}

fn label<'a>(pod: &'a Pod, name: &str) -> Option<&'a String> {
    pod.metadata.labels.as_ref()?.get(name)
}

/// The object without what only the API server needs.
fn object(child: &Child) -> Value {
    let mut object = child.object.clone();
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

fn live(pod: &Pod, role: &str) -> LivePod {
    let status = pod.status.as_ref();
    let main = main_container(pod, role);
    let state = main.and_then(|main| main.state.as_ref());
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let annotated = pod.metadata.annotations.as_ref().and_then(|all| all.get(INDEX));
    LivePod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        index: annotated.or_else(|| label(pod, INDEX)).and_then(|index| index.parse().ok()),
        phase: status.and_then(|status| status.phase.clone()).unwrap_or_else(|| "Pending".to_owned()),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        terminating: pod.metadata.deletion_timestamp.is_some(),
        reason: status.and_then(|status| status.reason.clone()),
        exit: main.and_then(exit),
        waiting: state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.clone()),
        restarts: main.and_then(|main| u32::try_from(main.restart_count).ok()).unwrap_or(0),
    }
}

/// How the container ended, or how it ended last while it waits to be started again.
fn exit(main: &ContainerStatus) -> Option<ContainerExit> {
    let state = main.state.as_ref();
    let last = main.last_state.as_ref().filter(|_| state.is_none_or(|state| state.running.is_none()));
    let ended = state.and_then(|state| state.terminated.as_ref()).or_else(|| last?.terminated.as_ref())?;
    Some(ContainerExit { code: ended.exit_code, reason: ended.reason.clone() })
}

/// Status of the container that is named as the role.
fn main_container<'a>(pod: &'a Pod, role: &str) -> Option<&'a ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.iter().find(|container| container.name == role)
}

#[cfg(test)]
mod tests;
