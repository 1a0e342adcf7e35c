//! What failed, in the words of a training.
//!
//! When one rank dies, those that talk to it die of that, within a moment and before
//! anybody ends them: by an exception of Python (exit code 1) or an abort (134). A worker
//! that tells more than that is blamed first; where none does, the message says that the
//! logs know more.

use codeflare_plugin::blame::{self, Blame};
use codeflare_plugin::prelude::*;
use codeflare_plugin::workers::worker;

/// How ranks end whose peer died, or that Kubernetes ends (SIGKILL, SIGTERM).
const AFTER_ANOTHER: [i32; 4] = [1, 134, 137, 143];
/// Words of the kubelet by which a pod is the first, whatever its exit code.
const TELLING: [&str; 3] = ["OOMKilled", "StartError", "ContainerCannotRun"];

/// The worker to blame, if a failed one is there.
pub(crate) fn blame(pods: &[LivePod], workers: u32) -> Option<Blame> {
    let name = |pod: &LivePod| worker(pod, workers);
    let by_itself: Vec<_> = pods.iter().filter(|pod| pod.phase == "Failed" && !pod.terminating).collect();
    let telling: Vec<_> = by_itself.iter().filter(|pod| tells(pod)).map(|pod| (*pod).clone()).collect();
    if let Some(blame) = blame::failed(&telling, "WorkerLost", name) {
        return Some(blame);
    }
    let mut blame = blame::failed(pods, "WorkerLost", name)?;
    let same = by_itself.iter().filter(|pod| pod.exit.as_ref().map(|exit| exit.code) == blame.exit_code);
    if same.count() > 1 {
        blame.message.push_str(", and so did others; their logs say which was the first");
    }
    Some(blame)
}

fn tells(pod: &LivePod) -> bool {
    let said = pod.reason.as_deref().is_some_and(|reason| !reason.is_empty());
    let exit = pod.exit.as_ref();
    let word = exit.and_then(|exit| exit.reason.as_deref()).is_some_and(|reason| TELLING.contains(&reason));
    said || word || exit.is_some_and(|exit| !AFTER_ANOTHER.contains(&exit.code))
}
