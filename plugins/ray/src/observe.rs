//! The state of a Run, read out of its objects and pods: what both variants share.

use codeflare_plugin::blame::Blame;
use codeflare_plugin::live::{done, works};
use codeflare_plugin::prelude::*;
use serde_json::{Value, json};

use crate::{DASHBOARD, DASHBOARD_PORT, HEAD, SUBMITTER, WORKER};

mod job;
mod rayjob;

pub(crate) fn observe(request: &ObserveRequest) -> Observation {
    let seen = Seen::new(request);
    let primary = request.objects.iter().find(|live| live.primary);
    let by_operator = primary.is_some_and(|live| live.kind == "RayJob");
    let state = if by_operator { rayjob::state(&seen) } else { job::state(&seen) };
    let all = state.phase == "Succeeded";
    // As many as the user has asked for: the head counts where it works alone.
    let ready = match seen.wanted {
        0 => RoleReady { role: HEAD.into(), ready: if all { 1 } else { seen.heads() }, total: 1 },
        wanted => RoleReady { role: WORKER.into(), ready: if all { wanted } else { seen.up }, total: wanted },
    };
    // Where the program's words come out.
    let (role, index) = if by_operator { (SUBMITTER, None) } else { (HEAD, Some(0)) };
    let dashboard = Dashboard { service: format!("{}-{DASHBOARD}", request.name), port: DASHBOARD_PORT };
    let answers = seen.head.iter().any(works);
    Observation {
        roles: vec![ready],
        logs: vec![LogSource { role: role.into(), index, container: role.into() }],
        failure: state.failure,
        more: if answers { json!(ObservationMore { dashboard: Some(dashboard) }) } else { json!({}) },
        ..observation(state.phase, state.reason, state.message)
    }
}

/// What a Run is at.
struct State {
    phase: &'static str,
    reason: String,
    message: String,
    failure: Option<Failure>,
}

fn say(phase: &'static str, reason: impl Into<String>, message: impl Into<String>) -> State {
    State { phase, reason: reason.into(), message: message.into(), failure: None }
}

fn failed(blame: Blame) -> State {
    State { failure: Some(blame.failure()), ..say("Failed", blame.cause, blame.message) }
}

struct Seen<'a> {
    /// The object whose state is the Run's; null where it is not there.
    primary: &'a Value,
    /// Objects beside it of the kind Job: the workers of the variant without an operator.
    workers_job: &'a Value,
    submitter: &'a [LivePod],
    head: &'a [LivePod],
    worker: &'a [LivePod],
    /// Workers that the plan has.
    wanted: u32,
    /// Workers that do their work.
    up: u32,
    asked_to_suspend: bool,
}

impl<'a> Seen<'a> {
    fn new(request: &'a ObserveRequest) -> Self {
        let role = |name: &str| request.roles.iter().find(|role| role.name == name);
        let pods = |name: &str| role(name).map_or(&[][..], |role| &role.pods);
        let object = |wanted: &dyn Fn(&LiveObject) -> bool| {
            request.objects.iter().find(|live| wanted(live)).map_or(&Value::Null, |live| &live.object)
        };
        let wanted = role(WORKER).map_or(0, |role| role.count);
        let up = pods(WORKER).iter().filter(|pod| works(pod)).count();
        Seen {
            primary: object(&|live| live.primary),
            workers_job: object(&|live| !live.primary && live.kind == "Job"),
            submitter: pods(SUBMITTER),
            head: pods(HEAD),
            worker: pods(WORKER),
            wanted,
            up: u32::try_from(up).unwrap_or(u32::MAX).min(wanted),
            asked_to_suspend: request.suspended,
        }
    }

    /// Heads that are up, or done well.
    fn heads(&self) -> u32 {
        self.head.iter().any(|pod| works(pod) || done(pod)).into()
    }

    /// `2 of 3 workers are there`.
    fn count(&self) -> String {
        format!("{} of {} workers are there", self.up, self.wanted)
    }

    /// Held back by `/spec/suspend`; `left` of its pods have not ended.
    fn held(&self, kind: &str, left: usize) -> State {
        let rest = if left > 0 { format!("; {left} of its pods are still ending") } else { String::new() };
        if self.asked_to_suspend {
            say("Suspended", "Suspended", format!("suspended, as the Run asks{rest}"))
        } else {
            let message = format!("a queue, or somebody else, holds the {kind} back by /spec/suspend{rest}");
            say("Queued", "Queued", message)
        }
    }

    /// Whether `/spec/suspend` is set. Operators drop it where it is false.
    fn suspended(&self) -> bool {
        self.primary.pointer("/spec/suspend") == Some(&Value::Bool(true))
    }

    /// The program runs, with as many workers as there are: losing one does not end it.
    fn running(&self) -> State {
        if self.up < self.wanted {
            return say("Running", "WorkersMissing", format!("the program runs; {}", self.count()));
        }
        let message = match self.wanted {
            0 => "the program runs on the head".to_owned(),
            1 => "the program runs, and its worker is there".to_owned(),
            all => format!("the program runs, and all {all} workers are there"),
        };
        say("Running", "Running", message)
    }
}

/// How messages call a pod.
fn name(pod: &LivePod) -> String {
    format!("pod {}", pod.name)
}
