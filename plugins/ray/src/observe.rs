//! The state of a Run, read out of its objects and pods: what both variants share.

use codeflare_plugin::live::{done, ended, works};
use codeflare_plugin::prelude::*;
use codeflare_plugin::state::{State, held, say};
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

    /// Held back by `/spec/suspend`; these of its pods may not have ended.
    fn held<'p>(&self, kind: &str, pods: impl Iterator<Item = &'p LivePod>) -> State {
        held(kind, self.asked_to_suspend, pods.filter(|pod| !ended(pod)).count())
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
