//! The state of a Run, read out of its primary and its pods.
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
//! no status, no pods                        Starting   NotTakenUp
//! a pod failed, the primary does not know   Running    Failing
//! a pod is going                            Running    WorkerStopping
//! all done, the primary does not know       Running    Finishing
//! all ready or done                         Running    Running
//! a container cannot start                  Starting   its reason
//! not all ready or done                     Starting   Starting
//! ```
//!
//! NotTakenUp and Finishing are for operators that may not be there; Kubernetes' own Job
//! controller is. Each row has one text, whatever the count: every new text costs the API
//! server a write, and `status.workers` has the count.

use codeflare_plugin::blame::Blame;
use codeflare_plugin::live::{done, ended, stuck, text, works};
use codeflare_plugin::prelude::*;

use crate::workload::{End, Workload};
use crate::{NODE, failure};

/// More logs than this are not named one by one.
const LISTED: u32 = 64;

pub(crate) fn observe(request: &ObserveRequest) -> Observation {
    let role = request.roles.iter().find(|role| role.name == NODE);
    let workers = role.map_or(0, |role| role.count);
    let pods = role.map_or(&[][..], |role| &role.pods);
    let seen = Seen { workload: Workload::of(request), pods, workers, asked_to_suspend: request.suspended };
    let (phase, reason, message, failure) = seen.state();
    let up = if phase == "Succeeded" { workers } else { seen.up() };
    // Worker 0 first: it is the one that programs let speak for all.
    let log = |index| LogSource { role: NODE.into(), index, container: NODE.into() };
    Observation {
        roles: vec![RoleReady { role: NODE.into(), ready: up, total: workers }],
        logs: if workers > LISTED { vec![log(None)] } else { (0..workers).map(Some).map(log).collect() },
        failure,
        ..observation(phase, reason, message)
    }
}

type State = (&'static str, String, String, Option<Failure>);

struct Seen<'a> {
    workload: Workload<'a>,
    pods: &'a [LivePod],
    workers: u32,
    asked_to_suspend: bool,
}

fn say(phase: &'static str, reason: &str, message: String) -> State {
    (phase, reason.to_owned(), message, None)
}

impl Seen<'_> {
    fn state(&self) -> State {
        let kind = self.workload.kind;
        if self.workload.object.is_null() {
            return say("Starting", "Starting", format!("the {kind} is not there yet"));
        }
        if let Some(end) = self.workload.end() {
            return self.end(&end);
        }
        if self.workload.held() {
            return self.held();
        }
        if let Some(blame) = failure::blame(self.pods, self.workers) {
            return say("Running", "Failing", format!("{}; the {kind} is ending", blame.message));
        }
        let unseen = !self.workload.taken_up() && self.pods.is_empty();
        if let (true, Some(controller)) = (unseen, self.workload.controller()) {
            let message =
                format!("nobody has taken up the {kind} yet; see whether {controller} is installed and running");
            return say("Starting", "NotTakenUp", message);
        }
        self.going()
    }

    fn end(&self, end: &End<'_>) -> State {
        let (workers, kind) = (self.workers, self.workload.kind);
        let (over, condition) = match end {
            End::Succeeded if workers == 1 => return say("Succeeded", "Succeeded", "the program succeeded".into()),
            End::Succeeded => return say("Succeeded", "Succeeded", format!("all {workers} workers succeeded")),
            End::Failing(condition) => (false, condition),
            End::Failed(condition) => (true, condition),
        };
        let said = text(condition, "/message");
        match failure::blame(self.pods, workers) {
            Some(blame) => failed(blame),
            None if self.pods_are_behind(over) => {
                say("Running", "Failing", format!("the {kind} fails ({said}); its pods are awaited"))
            }
            None => failed(failure::by_condition(kind, text(condition, "/reason"), said)),
        }
    }

    fn held(&self) -> State {
        let kind = self.workload.kind;
        let left = self.pods.iter().filter(|pod| !ended(pod)).count();
        let rest = if left > 0 { format!("; {left} of its pods are still ending") } else { String::new() };
        if self.asked_to_suspend {
            return say("Suspended", "Suspended", format!("suspended, as the Run asks{rest}"));
        }
        say("Queued", "Queued", format!("a queue, or somebody else, holds the {kind} back by /spec/suspend{rest}"))
    }

    fn going(&self) -> State {
        let (workers, kind) = (self.workers, self.workload.kind);
        if let Some(pod) = self.pods.iter().find(|pod| pod.terminating && !ended(pod)) {
            let message = format!("{} is being removed, but not by its Run", failure::worker(pod, workers));
            return say("Running", "WorkerStopping", message);
        }
        let all_done = workers > 0 && self.done() >= u64::from(workers);
        if let (true, Some(controller)) = (all_done, self.workload.controller()) {
            let message = format!("all is done, but the {kind} does not say so yet; {controller} has to notice");
            return say("Running", "Finishing", message);
        }
        if self.up() >= workers {
            let message =
                if workers == 1 { "the program runs".into() } else { format!("all {workers} workers run or are done") };
            return say("Running", "Running", message);
        }
        match stuck(self.pods) {
            Some((pod, reason)) => {
                say("Starting", reason, format!("{} cannot start: {reason}", failure::worker(pod, workers)))
            }
            None => say("Starting", "Starting", "workers are starting".into()),
        }
    }

    /// Workers that are done, whichever of the primary and the pods knows more.
    fn done(&self) -> u64 {
        let pods = self.pods.iter().filter(|pod| done(pod)).count() as u64;
        pods.max(self.workload.done(self.workers))
    }

    /// Workers that are ready or done.
    fn up(&self) -> u32 {
        let ready = self.pods.iter().filter(|pod| works(pod)).count() as u64;
        u32::try_from(ready.saturating_add(self.done())).unwrap_or(u32::MAX).min(self.workers)
    }

    /// Whether a pod that will tell more is still to be seen. While the primary only aims at
    /// failing, its pods are ending. Once it has failed, all of them have ended: one that
    /// still runs in our eyes, and is not even going, shows that we look at the past.
    fn pods_are_behind(&self, over: bool) -> bool {
        self.pods.iter().any(|pod| !ended(pod) && (!over || !pod.terminating))
    }
}

fn failed(blame: Blame) -> State {
    let failure = blame.failure();
    ("Failed", blame.cause, blame.message, Some(failure))
}
