//! Step 8, observe: what the launcher is asked about its objects. Pure.

use codeflare_api::{Run, labels};
use codeflare_documents::launcher::{ContainerExit, LiveObject, LivePod, LiveRole, ObserveRequest};
use codeflare_documents::shared::ObjectName;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::Value;

use crate::live::Child;
use crate::plan::Record;

/// Where an Indexed Job says which of its pods this is.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The request to the launcher of the recorded attempt.
pub fn request(run: &Run, record: &Record, children: &[Child], pods: &[Pod]) -> ObserveRequest {
    let plan = &record.plan;
    let uid = run.metadata.uid.as_deref();
    let objects = plan.objects.iter().map(|planned| {
        let live = children
            .iter()
            .find(|child| child.kind == planned.kind && child.name == planned.name && child.owner.as_deref() == uid);
        LiveObject {
            kind: planned.kind.kind.clone(),
            name: planned.name.clone(),
            primary: planned.primary,
            object: live.map_or(Value::Null, |child| child.object.clone()),
        }
    });
    let roles = plan.roles.iter().map(|role| LiveRole {
        name: role.name.clone(),
        count: role.count,
        pods: of_attempt(pods, plan.attempt)
            .filter(|pod| label(pod, labels::ROLE) == Some(&role.name))
            .map(|pod| live(pod, &role.name))
            .collect(),
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

/// Pods of one attempt.
pub(crate) fn of_attempt(pods: &[Pod], attempt: u32) -> impl Iterator<Item = &Pod> {
    let attempt = attempt.to_string();
    pods.iter().filter(move |pod| label(pod, labels::ATTEMPT) == Some(&attempt))
}

fn label<'a>(pod: &'a Pod, name: &str) -> Option<&'a String> {
    pod.metadata.labels.as_ref()?.get(name)
}

fn live(pod: &Pod, role: &str) -> LivePod {
    let status = pod.status.clone().unwrap_or_default();
    let main = main_container(pod, role);
    let state = main.and_then(|main| main.state.as_ref());
    let ended = state.and_then(|state| state.terminated.as_ref());
    let annotated = pod.metadata.annotations.as_ref().and_then(|all| all.get(INDEX));
    let conditions = status.conditions.unwrap_or_default();
    LivePod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        index: annotated.or_else(|| label(pod, INDEX)).and_then(|index| index.parse().ok()),
        phase: status.phase.unwrap_or_else(|| "Pending".to_owned()),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        terminating: pod.metadata.deletion_timestamp.is_some(),
        reason: status.reason,
        exit: ended.map(|ended| ContainerExit { code: ended.exit_code, reason: ended.reason.clone() }),
        waiting: state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.clone()),
        restarts: main.and_then(|main| u32::try_from(main.restart_count).ok()).unwrap_or(0),
    }
}

/// Status of the container that is named as the role.
fn main_container<'a>(pod: &'a Pod, role: &str) -> Option<&'a ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.iter().find(|container| container.name == role)
}
