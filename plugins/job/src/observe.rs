//! The state of a Run, read out of its Job and pods.
//!
//! The Job says whether it is over, its pods say why: exit codes are nowhere else. The
//! two are watched apart, so either may be behind the other. Rows are tried in order:
//!
//! ```text
//! Job not seen                              Starting   Starting
//! SuccessCriteriaMet or Complete            Succeeded  Succeeded
//! FailureTarget or Failed, pod not yet seen Running    Failing
//! FailureTarget or Failed                   Failed     the cause
//! suspended, as the Run asks                Suspended  Suspended
//! suspended by something else               Queued     Queued
//! a pod failed, the Job does not know yet   Running    Failing
//! a pod is going                            Running    WorkerStopping
//! a container cannot start                  Starting   its reason
//! not all workers ready or done             Starting   Starting
//! all workers ready or done                 Running    Running
//! ```
//!
//! Each row has one text, whatever the count: every new text costs the API server a
//! write, and `status.workers` has the count.

use codeflare_plugin::blame::Blame;
use codeflare_plugin::live::{condition, done, ended, stuck, text, works};
use codeflare_plugin::prelude::*;
use serde_json::Value;

use crate::{WORKER, failure};

/// More logs than this are not named one by one.
const LISTED: u32 = 64;

pub(crate) fn observe(request: &ObserveRequest) -> Observation {
    let role = request.roles.iter().find(|role| role.name == WORKER);
    let workers = role.map_or(0, |role| role.count);
    let pods = role.map_or(&[][..], |role| &role.pods);
    let job = request.objects.iter().find(|live| live.primary).map_or(&Value::Null, |live| &live.object);
    let seen = Seen { job, pods, workers, asked_to_suspend: request.suspended };
    let (phase, reason, message, failure) = seen.state();
    let done = if phase == "Succeeded" { workers } else { seen.up() };
    let log = |index| LogSource { role: WORKER.into(), index, container: WORKER.into() };
    Observation {
        roles: vec![RoleReady { role: WORKER.into(), ready: done, total: workers }],
        logs: if workers > LISTED { vec![log(None)] } else { (0..workers).map(Some).map(log).collect() },
        failure,
        ..observation(phase, reason, message)
    }
}

type State = (&'static str, String, String, Option<Failure>);

struct Seen<'a> {
    job: &'a Value,
    pods: &'a [LivePod],
    workers: u32,
    asked_to_suspend: bool,
}

impl Seen<'_> {
    fn state(&self) -> State {
        let workers = self.workers;
        let say = |phase, reason: &str, message: String| (phase, reason.to_owned(), message, None);
        if self.job.is_null() {
            return say("Starting", "Starting", "the Job is not there yet".into());
        }
        if condition(self.job, "SuccessCriteriaMet").or(condition(self.job, "Complete")).is_some() {
            let message =
                if workers == 1 { "the program succeeded".into() } else { format!("all {workers} workers succeeded") };
            return say("Succeeded", "Succeeded", message);
        }
        let blame = failure::blame(self.pods, workers);
        let over = condition(self.job, "Failed");
        if let Some(failed_by) = over.or(condition(self.job, "FailureTarget")) {
            return match blame {
                Some(blame) => failed(blame),
                None if self.pods_are_behind(over.is_some()) => say(
                    "Running",
                    "Failing",
                    format!("the Job fails ({}); its pods are awaited", text(failed_by, "/message")),
                ),
                None => failed(failure::by_condition(text(failed_by, "/reason"), text(failed_by, "/message"))),
            };
        }
        // The condition follows later, on suspend and on resume.
        if self.job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
            let left = self.pods.iter().filter(|pod| !ended(pod)).count();
            let rest = if left > 0 { format!("; {left} of its pods are still ending") } else { String::new() };
            return if self.asked_to_suspend {
                say("Suspended", "Suspended", format!("suspended, as the Run asks{rest}"))
            } else {
                say("Queued", "Queued", format!("a queue, or somebody else, holds the Job back by /spec/suspend{rest}"))
            };
        }
        if let Some(blame) = blame {
            return say("Running", "Failing", format!("{}; the Job is ending", blame.message));
        }
        let up = self.up();
        if let Some(pod) = self.pods.iter().find(|pod| pod.terminating && !ended(pod)) {
            let message = format!("{} is being removed, but not by its Run", failure::worker(pod, workers));
            return say("Running", "WorkerStopping", message);
        }
        if up >= workers {
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

    /// Workers that are ready or done, whichever of Job and pods knows more: pods that
    /// are done may be gone, and the Job counts later than the pods say.
    fn up(&self) -> u32 {
        let ready = self.pods.iter().filter(|pod| works(pod)).count();
        let done = self.pods.iter().filter(|pod| done(pod)).count();
        let counted = self.job.pointer("/status/succeeded").and_then(Value::as_u64).unwrap_or(0);
        let uncounted = self.job.pointer("/status/uncountedTerminatedPods/succeeded").and_then(Value::as_array);
        let job_done = counted.saturating_add(uncounted.map_or(0, |pods| pods.len() as u64));
        let up = (ready as u64).saturating_add(job_done.max(done as u64));
        u32::try_from(up).unwrap_or(u32::MAX).min(self.workers)
    }

    /// Whether a pod that will tell more is still to be seen. While the Job only aims at
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
