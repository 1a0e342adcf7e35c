//! Why pods do not run, in the words that the user needs. Pure.
//!
//! The texts are stable: the kubelet changes between two words for one trouble every few
//! seconds, and each change would be a write.

use codeflare_api::Reason;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use crate::lock::{PACKAGES, REQUIREMENTS, STAGE};

/// Most lines of a log that a message repeats, and longest one in characters.
const MOST_LINES: usize = 3;
const LONGEST_LINE: usize = 300;

/// What keeps pods from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// PascalCase, as Kubernetes names it.
    pub reason: String,
    /// One sentence.
    pub message: String,
}

/// What is found, the worst first: what no waiting mends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    InvalidImageName,
    ImagePullBackOff,
    CreateContainerConfigError,
    FailedMount,
    OOMKilled,
    CrashLoopBackOff,
    Unschedulable,
}

impl Trouble {
    fn as_str(self) -> &'static str {
        match self {
            Trouble::InvalidImageName => "InvalidImageName",
            Trouble::ImagePullBackOff => "ImagePullBackOff",
            Trouble::CreateContainerConfigError => "CreateContainerConfigError",
            Trouble::FailedMount => "FailedMount",
            Trouble::OOMKilled => "OOMKilled",
            Trouble::CrashLoopBackOff => "CrashLoopBackOff",
            Trouble::Unschedulable => "Unschedulable",
        }
    }

    /// What the kubelet's word for a waiting container means.
    fn of_waiting(reason: &str) -> Option<Trouble> {
        match reason {
            "InvalidImageName" => Some(Trouble::InvalidImageName),
            "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "ImageInspectError" => {
                Some(Trouble::ImagePullBackOff)
            }
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                Some(Trouble::CreateContainerConfigError)
            }
            "FailedMount" | "FailedAttachVolume" => Some(Trouble::FailedMount),
            "CrashLoopBackOff" => Some(Trouble::CrashLoopBackOff),
            _ => None,
        }
    }
}

/// The worst that keeps these pods from running; the same for the same pods, in whatever
/// order they come.
pub fn diagnose<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<Diagnosis> {
    let (trouble, _, message) = pods.filter_map(worst).min()?;
    Some(Diagnosis { reason: trouble.as_str().to_owned(), message })
}

/// Why a pod could not be prepared, where one of the host's init steps failed: the program
/// has not begun, so that a launcher can only see that its pod failed.
pub fn unprepared<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<(Reason, String)> {
    pods.filter_map(|pod| failed_step(pod).or_else(|| overfull(pod))).min_by(|one, other| one.1.cmp(&other.1))
}

fn failed_step(pod: &Pod) -> Option<(Reason, String)> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let steps = pod.status.as_ref()?.init_container_statuses.as_ref()?;
    let failed = |step: &ContainerStatus| {
        let ended = step.state.as_ref()?.terminated.as_ref().filter(|ended| ended.exit_code != 0)?;
        let said = ended.message.as_deref().unwrap_or_default().trim();
        let why = if said.is_empty() { format!("exit code {}", ended.exit_code) } else { said.to_owned() };
        match step.name.as_str() {
            STAGE => {
                Some((Reason::StageFailed, format!("pod {name} could not be prepared: {}", why.replace('\n', "; "))))
            }
            REQUIREMENTS => Some((
                Reason::RequirementsFailed,
                format!("pod {name} could not install spec.requirements: {}", last_words(&why)),
            )),
            _ => None,
        }
    };
    steps.iter().find_map(failed)
}

/// A pod whose packages need more room than they have: the kubelet ends it.
fn overfull(pod: &Pod) -> Option<(Reason, String)> {
    let status = pod.status.as_ref().filter(|status| status.reason.as_deref() == Some("Evicted"))?;
    let said = status.message.as_deref().filter(|said| said.contains(&format!("\"{PACKAGES}\"")))?;
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let message =
        format!("pod {name} has no room for spec.requirements: {}; see packages.size of the chart", said.trim());
    Some((Reason::RequirementsFailed, message))
}

/// The errors at the end of a log, as one line: what comes before tells of what went well.
fn last_words(log: &str) -> String {
    let lines: Vec<_> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let errors: Vec<_> = lines.iter().filter(|line| line.starts_with("ERROR")).copied().collect();
    let told = if errors.is_empty() { lines } else { errors };
    let first = told.len().saturating_sub(MOST_LINES);
    let cut = |line: &&str| line.chars().take(LONGEST_LINE).collect::<String>();
    told.iter().skip(first).map(cut).collect::<Vec<_>>().join("; ")
}

/// The worst of one pod, with its name and a sentence.
fn worst(pod: &Pod) -> Option<(Trouble, String, String)> {
    let status = pod.status.as_ref()?;
    if pod.metadata.deletion_timestamp.is_some() || status.phase.as_deref() == Some("Succeeded") {
        return None;
    }
    let name = pod.metadata.name.clone().unwrap_or_default();
    let steps = status.init_container_statuses.iter().flatten().map(|step| step_of(pod, step));
    let containers = status.container_statuses.iter().flatten().map(container);
    let of_containers = steps.chain(containers).flatten().min();
    let (trouble, what) = of_containers.or_else(|| unschedulable(pod).map(|what| (Trouble::Unschedulable, what)))?;
    Some((trouble, name.clone(), format!("pod {name} {what}")))
}

/// An init container; the host's own says whose image it is that cannot be pulled, since
/// nothing in the Application can mend that.
fn step_of(pod: &Pod, status: &ContainerStatus) -> Option<(Trouble, String)> {
    let (trouble, what) = container(status)?;
    if status.name != STAGE || trouble != Trouble::ImagePullBackOff {
        return Some((trouble, what));
    }
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let what = format!(
        "cannot pull image {} of the platform itself, which prepares it; pull secrets of the host stay in its own namespace, so give ServiceAccount/{account} in namespace {namespace} an imagePullSecret for it, or the nodes access to its registry",
        status.image
    );
    Some((trouble, what))
}

fn container(status: &ContainerStatus) -> Option<(Trouble, String)> {
    let ContainerStatus { name, image, .. } = status;
    let state = status.state.as_ref();
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let found = waiting.and_then(|waiting| Trouble::of_waiting(waiting.reason.as_deref()?));
    let ended = [state, status.last_state.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|state: &ContainerState| state.terminated.as_ref());
    let out_of_memory = !status.ready && ended.is_some_and(|ended| ended.reason.as_deref() == Some("OOMKilled"));
    let trouble = match found {
        None | Some(Trouble::CrashLoopBackOff) if out_of_memory => Trouble::OOMKilled,
        found => found?,
    };
    let said = waiting.and_then(|waiting| waiting.message.as_deref()).unwrap_or("the kubelet does not say why");
    let what = match trouble {
        Trouble::InvalidImageName => format!("cannot start: {image:?} is not the name of an image"),
        Trouble::ImagePullBackOff => {
            format!("cannot pull image {image}; check its name, its registry and its pull secret")
        }
        Trouble::OOMKilled => {
            format!("needs more memory in container {name} than its size has; take a larger size")
        }
        Trouble::CrashLoopBackOff => match ended {
            Some(ended) => {
                format!("fails in container {name} again and again, last with exit code {}", ended.exit_code)
            }
            None => format!("fails in container {name} again and again"),
        },
        Trouble::CreateContainerConfigError | Trouble::FailedMount | Trouble::Unschedulable => {
            format!("cannot start container {name}: {said}")
        }
    };
    Some((trouble, what))
}

/// The scheduler's own words, without what it thinks of preemption.
fn unschedulable(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let unscheduled = conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    let said = unscheduled.message.as_deref().unwrap_or("the scheduler does not say why");
    let said = said.split(" preemption:").next().unwrap_or(said);
    Some(format!("finds no node: {said}"))
}

#[cfg(test)]
mod tests;
