//! The state of a Run whose workers are all alike, read out of its primary and its pods.
//!
//! The primary says whether it is over, its pods say why: exit codes are nowhere else.
//! The two are watched apart, so either may be behind the other. Rows are tried in order:
//!
//! ```text
//! primary not seen                          Starting   Starting
//! it succeeded                              Succeeded  Succeeded
//! it failed, pod not yet seen               Running    Failing
//! it failed                                 Failed     the cause
//! suspended, as the Run asks                Suspended  Suspended
//! suspended by something else               Queued     Queued
//! a pod failed, the primary does not know   Running    Failing
//! no status, no pods                        Starting   NotTakenUp  (1)
//! a pod is going                            Running    WorkerStopping
//! all done, the primary does not know       Running    Finishing   (1)
//! all ready or done                         Running    Running
//! a container cannot start                  Starting   its reason
//! not all ready or done                     Starting   Starting
//! ```
//!
//! (1) For controllers that may not be there; Kubernetes' own is. Each row has one text,
//! whatever the count: every new text costs the API server a write, and `status.workers`
//! has the count.

use codeflare_documents::launcher::{LivePod, LogSource, Observation, ObserveRequest, RoleReady};
use serde_json::Value;

use crate::blame::{self, Blame};
use crate::live::{done, ended, stuck, works};
use crate::make::observation;
use crate::state::{End, State, failed, held, is_held, say};

/// More logs than this are not named one by one.
const LISTED: u32 = 64;

/// What the rows do not know of a workload. As it stands: an Indexed Job, whose workers
/// fail each for itself.
pub trait Workload {
    /// What messages call it where no object says its kind.
    const KIND: &'static str = "Job";
    /// Reasons of its controller that say no more than that it failed.
    const SAYING_NOTHING: &'static [&'static str] = &["", "BackoffLimitExceeded"];
    /// Reasons of its controller that another attempt would meet again.
    const FOR_GOOD: &'static [&'static str] = &[];

    /// How it ended, if it did.
    fn end(object: &Value) -> Option<End<'_>> {
        End::of_job(object)
    }

    /// Workers that it counts as done, of so many: it may know of some whose pods are gone.
    fn done(object: &Value, _workers: u32) -> u64 {
        done_by_job(object)
    }

    /// Who takes up an object of this kind; none for Kubernetes itself.
    fn controller(_kind: &str) -> Option<&'static str> {
        None
    }

    /// The worker to blame, if a failed one is there.
    fn blame(pods: &[LivePod], workers: u32) -> Option<Blame> {
        blame::failed(pods, "WorkerLost", |pod| worker(pod, workers))
    }
}

/// The observation of a Run whose workers are all in this role.
pub fn observe<W: Workload>(request: &ObserveRequest, role: &str) -> Observation {
    let live = request.roles.iter().find(|live| live.name == role);
    let primary = request.objects.iter().find(|live| live.primary);
    let seen = Seen {
        kind: primary.map_or(W::KIND, |live| live.kind.as_str()),
        object: primary.map_or(&Value::Null, |live| &live.object),
        pods: live.map_or(&[], |live| &live.pods),
        workers: live.map_or(0, |live| live.count),
        asked_to_suspend: request.suspended,
    };
    let state = seen.state::<W>();
    let workers = seen.workers;
    let ready = if state.phase == "Succeeded" { workers } else { seen.up::<W>() };
    // Worker 0 first: it is the one that programs let speak for all.
    let log = |index| LogSource { role: role.into(), index, container: role.into() };
    Observation {
        roles: vec![RoleReady { role: role.into(), ready, total: workers }],
        logs: if workers > LISTED { vec![log(None)] } else { (0..workers).map(Some).map(log).collect() },
        failure: state.failure,
        ..observation(state.phase, state.reason, state.message)
    }
}

/// How a message names a worker: by the index that the program knows.
pub fn worker(pod: &LivePod, workers: u32) -> String {
    match (pod.index, workers) {
        (_, 1) => "the program".to_owned(),
        (Some(index), _) => format!("worker {index} of {workers}"),
        (None, _) => format!("pod {}", pod.name),
    }
}

/// Pods that a Job counts as done well, and those that it has yet to count.
pub fn done_by_job(job: &Value) -> u64 {
    let counted = job.pointer("/status/succeeded").and_then(Value::as_u64).unwrap_or(0);
    let uncounted = job.pointer("/status/uncountedTerminatedPods/succeeded").and_then(Value::as_array);
    counted.saturating_add(uncounted.map_or(0, |pods| pods.len() as u64))
}

struct Seen<'a> {
    /// Of the primary, for messages.
    kind: &'a str,
    /// The primary; null where it is not there.
    object: &'a Value,
    pods: &'a [LivePod],
    workers: u32,
    asked_to_suspend: bool,
}

impl Seen<'_> {
    fn state<W: Workload>(&self) -> State {
        let kind = self.kind;
        if self.object.is_null() {
            return say("Starting", "Starting", format!("the {kind} is not there yet"));
        }
        if let Some(end) = W::end(self.object) {
            return self.end::<W>(&end);
        }
        if is_held(self.object) {
            return held(kind, self.asked_to_suspend, self.pods.iter().filter(|pod| !ended(pod)).count());
        }
        if let Some(blame) = W::blame(self.pods, self.workers) {
            return say("Running", "Failing", format!("{}; the {kind} is ending", blame.message));
        }
        let unseen = self.pods.is_empty() && !self.taken_up();
        if let (true, Some(controller)) = (unseen, W::controller(kind)) {
            let message =
                format!("nobody has taken up the {kind} yet; see whether {controller} is installed and running");
            return say("Starting", "NotTakenUp", message);
        }
        self.going::<W>()
    }

    fn end<W: Workload>(&self, end: &End<'_>) -> State {
        let (workers, kind) = (self.workers, self.kind);
        if matches!(end, End::Succeeded) {
            let message =
                if workers == 1 { "the program succeeded".into() } else { format!("all {workers} workers succeeded") };
            return say("Succeeded", "Succeeded", message);
        }
        let (reason, said) = end.said();
        match W::blame(self.pods, workers) {
            Some(blame) => failed(blame),
            None if self.pods_are_behind(matches!(end, End::Failed(_))) => {
                say("Running", "Failing", format!("the {kind} fails ({said}); its pods are awaited"))
            }
            None => failed(self.unexplained::<W>(reason, said)),
        }
    }

    /// Without a failed pod, all that is known is what the primary says.
    fn unexplained<W: Workload>(&self, reason: &str, said: &str) -> Blame {
        let cause = if W::SAYING_NOTHING.contains(&reason) { "WorkerLost" } else { reason };
        let said = if said.is_empty() { "it does not say why" } else { said };
        let message = format!("the {} failed and no failed pod is there to ask: {said}", self.kind);
        Blame::new(cause, message, !W::FOR_GOOD.contains(&reason))
    }

    fn going<W: Workload>(&self) -> State {
        let (workers, kind) = (self.workers, self.kind);
        if let Some(pod) = self.pods.iter().find(|pod| pod.terminating && !ended(pod)) {
            let message = format!("{} is being removed, but not by its Run", worker(pod, workers));
            return say("Running", "WorkerStopping", message);
        }
        let all_done = workers > 0 && self.done::<W>() >= u64::from(workers);
        if let (true, Some(controller)) = (all_done, W::controller(kind)) {
            let message = format!("all is done, but the {kind} does not say so yet; {controller} has to notice");
            return say("Running", "Finishing", message);
        }
        if self.up::<W>() >= workers {
            let message =
                if workers == 1 { "the program runs".into() } else { format!("all {workers} workers run or are done") };
            return say("Running", "Running", message);
        }
        match stuck(self.pods) {
            Some((pod, reason)) => say("Starting", reason, format!("{} cannot start: {reason}", worker(pod, workers))),
            None => say("Starting", "Starting", "workers are starting"),
        }
    }

    /// Whether a controller has ever looked at the primary.
    fn taken_up(&self) -> bool {
        self.object.get("status").and_then(Value::as_object).is_some_and(|status| !status.is_empty())
    }

    /// Workers that are done, whichever of the primary and the pods knows more: pods that
    /// are done may be gone, and the primary counts later than the pods say.
    fn done<W: Workload>(&self) -> u64 {
        let pods = self.pods.iter().filter(|pod| done(pod)).count() as u64;
        pods.max(W::done(self.object, self.workers))
    }

    /// Workers that are ready or done.
    fn up<W: Workload>(&self) -> u32 {
        let ready = self.pods.iter().filter(|pod| works(pod)).count() as u64;
        u32::try_from(ready.saturating_add(self.done::<W>())).unwrap_or(u32::MAX).min(self.workers)
    }

    /// Whether a pod that will tell more is still to be seen. While the primary only aims at
    /// failing, its pods are ending. Once it has failed, all of them have ended: one that
    /// still runs in our eyes, and is not even going, shows that we look at the past.
    fn pods_are_behind(&self, over: bool) -> bool {
        self.pods.iter().any(|pod| !ended(pod) && (!over || !pod.terminating))
    }
}
