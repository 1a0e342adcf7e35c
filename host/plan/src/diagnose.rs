//! Why pods do not run, in the words that the user needs. Pure.

use k8s_openapi::api::core::v1::Pod;

/// What keeps pods from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// PascalCase, as Kubernetes names it.
    pub reason: String,
    /// One sentence.
    pub message: String,
}

/// Reasons of waiting containers that do not pass by themselves, the worst first.
const STUCK: [&str; 6] = [
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImagePull",
    "ImagePullBackOff",
    "RunContainerError",
];

/// The worst that keeps these pods from running; the same for the same pods.
pub fn diagnose<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<Diagnosis> {
    let mut found: Vec<(usize, String, Diagnosis)> = pods.filter_map(one).collect();
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    found.into_iter().next().map(|(_, _, diagnosis)| diagnosis)
}

fn one(pod: &Pod) -> Option<(usize, String, Diagnosis)> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let status = pod.status.as_ref()?;
    let init = status.init_container_statuses.iter().flatten();
    for container in init.chain(status.container_statuses.iter().flatten()) {
        let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
        let reason = waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
        if let Some(rank) = STUCK.iter().position(|stuck| *stuck == reason) {
            let message = format!("pod {name}: {reason} for image {}", container.image);
            return Some((rank, name, Diagnosis { reason: reason.to_owned(), message }));
        }
    }
    let conditions = status.conditions.as_ref()?;
    let scheduled =
        conditions.iter().find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    (scheduled.reason.as_deref() == Some("Unschedulable")).then(|| {
        let why = scheduled.message.clone().unwrap_or_default();
        let message = format!("pod {name} finds no node: {why}");
        (STUCK.len(), name, Diagnosis { reason: "Unschedulable".to_owned(), message })
    })
}
