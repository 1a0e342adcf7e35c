//! Variant `rayjob`: KubeRay says how far it is, Ray (through it) how the program is.
//!
//! Rows are tried in order; `*` is any other value:
//!
//! ```text
//! jobDeploymentStatus  jobStatus     phase      reason
//! RayJob not seen                    Starting   Starting
//! Complete, Failed     SUCCEEDED     Succeeded  Succeeded
//! Complete, Failed     STOPPED       Failed     Stopped
//! Complete, Failed     *             Failed     the cause
//! ValidationFailed     *             Failed     ValidationFailed
//! * with /spec/suspend *             Suspended, or Queued where the Run does not ask
//! Suspending,Suspended *             Starting   Resuming
//! none                 *             Starting   NotTakenUp
//! Initializing         *             Starting   Starting, or why a pod does not start
//! Running              *             see `running`
//! Retrying             *             Restarting Retrying
//! Waiting, unknown     *             Starting   as it says
//! ```
//!
//! The cause of a failure, as KubeRay 1.6 tells it: the submitter only follows the log
//! and ends well also where the program failed, so the exit code is in the message. It
//! ends badly where the way to the head was lost, which KubeRay calls SubmissionFailed.
//! KubeRay removes a failed head at once, so its pod is seen with luck only.

use codeflare_plugin::blame::{self, Blame, signal};
use codeflare_plugin::live::{done, stuck, text, works};
use codeflare_plugin::prelude::*;
use codeflare_plugin::state::{State, failed, is_held, say};

use super::{Seen, name};

/// Longest text of KubeRay's that a message repeats; it appends the end of the log.
const LONGEST: usize = 200;

pub(super) fn state(seen: &Seen<'_>) -> State {
    if seen.primary.is_null() {
        return say("Starting", "Starting", "the RayJob is not there yet");
    }
    let deployment = text(seen.primary, "/status/jobDeploymentStatus");
    let program = text(seen.primary, "/status/jobStatus");
    match (deployment, program) {
        // Also where KubeRay lost sight of it after that: the program has succeeded.
        ("Complete" | "Failed", "SUCCEEDED") => say("Succeeded", "Succeeded", "the program succeeded"),
        ("Complete" | "Failed", "STOPPED") => {
            failed(Blame::new("Stopped", "somebody stopped the program by way of Ray", false))
        }
        ("Complete" | "Failed", _) => failed(why(seen, program)),
        ("ValidationFailed", _) => {
            let message = format!("KubeRay refuses the RayJob: {}", said(seen));
            failed(Blame::new("ValidationFailed", message, false))
        }
        _ if is_held(seen.primary) => seen.held("RayJob", pods(seen)),
        ("Suspending" | "Suspended", _) => say("Starting", "Resuming", "KubeRay is about to take the RayJob up again"),
        ("", _) => say(
            "Starting",
            "NotTakenUp",
            "the KubeRay operator has not taken up the RayJob yet; if this stays, see whether it is installed and runs",
        ),
        ("Initializing", _) => starting(seen),
        ("Running", _) => running(seen, program),
        ("Retrying", _) => say("Restarting", "Retrying", "KubeRay makes a new cluster for the program"),
        (other, _) => {
            say("Starting", other, format!("KubeRay calls the RayJob {other}, which this launcher did not ask for"))
        }
    }
}

fn starting(seen: &Seen<'_>) -> State {
    for pods in [seen.head, seen.worker] {
        if let Some((pod, reason)) = stuck(pods) {
            return say("Starting", reason, format!("{} cannot start: {reason}", name(pod)));
        }
        if let Some(blame) = blame::failed(pods, "PodLost", name) {
            return say("Starting", blame.cause, format!("{}; KubeRay makes another", blame.message));
        }
    }
    say("Starting", "Starting", "the head and its workers are starting")
}

/// Running, as KubeRay means it: the cluster was ready once, and a submitter was made.
fn running(seen: &Seen<'_>, program: &str) -> State {
    if ["STOPPED", "SUCCEEDED", "FAILED"].contains(&program) {
        return say("Running", "Ending", "the program has ended; KubeRay is ending the RayJob");
    }
    if seen.submitter.iter().any(done) {
        let message = "the program has ended, but KubeRay has not noticed yet; if this stays, see whether it runs";
        return say("Running", "Ending", message);
    }
    if let Some(blame) = head(seen).or_else(|| submitter(seen)) {
        return say("Running", "Failing", format!("{}; KubeRay has not noticed yet", blame.message));
    }
    if seen.head.iter().any(|pod| pod.terminating) {
        return say("Running", "HeadStopping", "the head is being removed, but not by its Run");
    }
    if program == "RUNNING" {
        return match seen.head.iter().any(works) {
            true => seen.running(),
            false => say("Running", "HeadMissing", "the program was running, but its head is not up"),
        };
    }
    if let Some((pod, reason)) = stuck(seen.submitter) {
        return say("Starting", reason, format!("{} cannot start: {reason}", name(pod)));
    }
    match program {
        "PENDING" => say("Starting", "Pending", "Ray prepares the program: its requirements, and a place for it"),
        _ => say("Starting", "Submitting", "the cluster is ready, and the program is handed to it"),
    }
}

/// Why a RayJob failed: pods that say it, then Ray's and KubeRay's own words.
fn why(seen: &Seen<'_>, program: &str) -> Blame {
    let by_node = |blame: &Blame| !matches!(blame.cause.as_str(), "HeadLost" | "SubmitterLost");
    if let Some(blame) = head(seen).filter(by_node) {
        return blame;
    }
    let message = text(seen.primary, "/status/message");
    let reason = text(seen.primary, "/status/reason");
    if let Some(code) = exit_code(message) {
        let message = format!("the program exited with code {code}{}", signal(code));
        return Blame { exit_code: Some(code), ..Blame::new("ProgramFailed", message, true) };
    }
    if message.starts_with("runtime_env setup failed") {
        let message = format!("Ray could not install the requirements: {}", said(seen));
        return Blame::new("RequirementsFailed", message, true);
    }
    match (reason, program) {
        ("AppFailed" | "", "FAILED") => {
            Blame::new("ProgramFailed", format!("the program failed without an exit code: {}", said(seen)), true)
        }
        // A new head knows nothing of the program.
        ("AppFailed", _) => lost(),
        ("SubmissionFailed", "RUNNING") => submitter(seen).filter(by_node).or_else(|| head(seen)).unwrap_or_else(lost),
        ("SubmissionFailed", _) => submitter(seen).filter(by_node).unwrap_or_else(|| {
            let message = "the program could not be handed to Ray; the submitter's log says why";
            Blame::new("SubmissionFailed", message, true)
        }),
        ("", _) => Blame::new("RayJobFailed", format!("KubeRay ended the RayJob: {}", said(seen)), true),
        (reason, _) => Blame::new(reason, format!("KubeRay ended the RayJob: {}", said(seen)), true),
    }
}

fn lost() -> Blame {
    Blame::new("HeadLost", "the head, or the way to it, was lost while the program ran", true)
}

/// What a failed head says. Its exit code is that of Ray, not of the program.
fn head(seen: &Seen<'_>) -> Option<Blame> {
    not_the_program(blame::failed(seen.head, "HeadLost", |_| "the head".to_owned())?, "HeadLost")
}

fn submitter(seen: &Seen<'_>) -> Option<Blame> {
    not_the_program(blame::failed(seen.submitter, "SubmitterLost", |_| "the submitter".to_owned())?, "SubmitterLost")
}

fn not_the_program(blame: Blame, cause: &str) -> Option<Blame> {
    let cause = if blame.cause == "ProgramFailed" { cause.to_owned() } else { blame.cause };
    Some(Blame { cause, exit_code: None, ..blame })
}

/// The exit code in Ray's message of a program that failed. It is negative where a signal
/// ended the program; a shell would add that to 128.
fn exit_code(message: &str) -> Option<i32> {
    let rest = message.strip_prefix("Job entrypoint command failed with exit code ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit() && c != '-').next()?;
    let code: i32 = digits.parse().ok()?;
    Some(if code < 0 { 128_i32.saturating_sub(code) } else { code })
}

/// KubeRay's message, as one short line.
fn said(seen: &Seen<'_>) -> String {
    let message = text(seen.primary, "/status/message");
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    line.trim().chars().take(LONGEST).collect()
}

fn pods<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a LivePod> {
    seen.submitter.iter().chain(seen.head).chain(seen.worker)
}
