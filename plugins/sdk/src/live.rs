//! Short ways to read live objects and pods.

use codeflare_documents::launcher::LivePod;
use serde_json::Value;

/// Whether a pod is done well. The container says so first, while its pod is not ready any
/// more and still called Running: such a worker has not gone back to its start.
pub fn done(pod: &LivePod) -> bool {
    pod.phase == "Succeeded" || pod.exit.as_ref().is_some_and(|exit| exit.code == 0)
}

/// Whether a pod has ended, well or not.
pub fn ended(pod: &LivePod) -> bool {
    pod.phase == "Succeeded" || pod.phase == "Failed"
}

/// Whether a pod does its work: ready, not going, not done.
pub fn works(pod: &LivePod) -> bool {
    pod.ready && !pod.terminating && !done(pod) && !ended(pod)
}

/// The first pod whose main container waits for something that waiting alone does not
/// mend, with the kubelet's word for it, such as `ImagePullBackOff`.
pub fn stuck(pods: &[LivePod]) -> Option<(&LivePod, &str)> {
    let usual = ["ContainerCreating", "PodInitializing"];
    pods.iter().find_map(|pod| Some((pod, pod.waiting.as_deref().filter(|reason| !usual.contains(reason))?)))
}

/// The condition of this type, where it is true.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| text(condition, "/type") == kind && text(condition, "/status") == "True")
}

/// The text at a JSON pointer; empty where there is none.
pub fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}
