//! Lives of Runs: what the user does and how pods end, decided on what is there now, so
//! that a life goes on whenever the host comes back.

use codeflare_api::Run;
use codeflare_api::run::Phase;
use serde_json::{Value, json};

/// A life.
pub(crate) struct Life {
    /// Name; also of its namespace.
    pub(crate) name: &'static str,
    /// Spec of its Run.
    pub(crate) spec: Value,
    /// What the user does now, given the Run.
    pub(crate) user: fn(&Run, u32) -> Deed,
    /// With which code the pods of an attempt end now, given the Run.
    pub(crate) exit: fn(&Run, u32, u32) -> Option<i32>,
    /// Whether it is over: the Run (none: deleted) and how many Jobs and Services are left.
    pub(crate) over: fn(Option<&Run>, usize) -> bool,
    /// How many attempts it takes.
    pub(crate) attempts: usize,
}

/// What the user does.
pub(crate) enum Deed {
    /// Nothing.
    Nothing,
    /// Sets `spec.suspend`.
    Suspend(bool),
    /// Deletes the Run.
    Delete,
}

fn phase(run: &Run) -> Option<Phase> {
    run.status.as_ref()?.phase
}

fn ended(run: Option<&Run>) -> bool {
    run.and_then(phase).is_some_and(Phase::is_terminal)
}

fn idle(_: &Run, _: u32) -> Deed {
    Deed::Nothing
}

/// They end well once the Run shows that they run.
fn well(run: &Run, _: u32, _: u32) -> Option<i32> {
    (phase(run) == Some(Phase::Running)).then_some(0)
}

/// Every life.
pub(crate) fn all() -> Vec<Life> {
    let success =
        Life { name: "success", spec: json!({}), user: idle, exit: well, over: |run, _| ended(run), attempts: 1 };
    vec![
        Life { name: "workers", spec: json!({"size": "sm"}), ..success },
        Life {
            name: "suspend",
            user: |run, done| match (done, phase(run)) {
                (0, Some(Phase::Running)) => Deed::Suspend(true),
                (1, Some(Phase::Suspended)) => Deed::Suspend(false),
                _ => Deed::Nothing,
            },
            exit: |run, attempt, done| if done < 2 { None } else { well(run, attempt, done) },
            spec: json!({}),
            ..success
        },
        Life {
            name: "deadline",
            spec: json!({"deadline": "2s"}),
            exit: |_, _, _| None,
            over: |run, left| ended(run) && left == 0,
            ..success
        },
        Life {
            name: "retry",
            spec: json!({"retries": 1, "size": "sm"}),
            exit: |run, attempt, _| (phase(run) == Some(Phase::Running)).then_some(if attempt == 1 { 7 } else { 0 }),
            attempts: 2,
            ..success
        },
        Life { name: "ttl", spec: json!({"ttl": "1s"}), over: |run, left| ended(run) && left == 0, ..success },
        Life {
            name: "delete",
            spec: json!({"size": "sm"}),
            user: |run, _| if phase(run) == Some(Phase::Running) { Deed::Delete } else { Deed::Nothing },
            exit: |_, _, _| None,
            over: |run, left| run.is_none() && left == 0,
            ..success
        },
        success,
    ]
}
