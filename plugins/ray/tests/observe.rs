//! The state of a Run in both variants: every pair of KubeRay's words, and what pods add.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::{Observed, Pod, pod};
use insta::{assert_json_snapshot, assert_snapshot};
use ray::Ray;
use rstest::rstest;
use serde_json::{Value, json};

const NAME: &str = "lightning-x7k2p";
const DEPLOYMENT: [&str; 10] = [
    "",
    "Initializing",
    "Running",
    "Complete",
    "Failed",
    "ValidationFailed",
    "Suspending",
    "Suspended",
    "Retrying",
    "Waiting",
];
const PROGRAM: [&str; 6] = ["", "PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"];

fn rayjob(deployment: &str, program: &str, reason: &str, message: &str) -> Value {
    let status = json!({"jobDeploymentStatus": deployment, "jobStatus": program, "reason": reason, "message": message});
    json!({"spec": {}, "status": status})
}

fn held(mut object: Value) -> Value {
    object["spec"]["suspend"] = true.into();
    object
}

/// A RayJob with two workers, and these pods by role.
fn kuberay(object: Value, pods: &[(&str, Pod)]) -> Observed {
    let seen = Observed::new(NAME, 2).role("submitter", 1).role("head", 1).object("RayJob", object);
    pods.iter().fold(seen, |seen, (role, pod)| seen.pod_of(role, pod.clone()))
}

/// Everything of a RayJob is up.
fn up(object: Value) -> Observed {
    let up = [("submitter", pod(0).running()), ("head", pod(0).running()), ("worker", pod(0).running())];
    kuberay(object, &up).pod(pod(1).running())
}

/// The head's Job with its workers' Job, and these pods by role.
fn jobs(head: Value, workers: Value, pods: &[(&str, Pod)]) -> Observed {
    let seen = Observed::new(NAME, 2).role("head", 1).object("Job", head).supporting("Job", "workers", workers);
    pods.iter().fold(seen, |seen, (role, pod)| seen.pod_of(role, pod.clone()))
}

fn head_job(condition: &str, reason: &str) -> Value {
    let condition = json!({"type": condition, "status": "True", "reason": reason, "message": "said so"});
    json!({"spec": {"suspend": false}, "status": {"conditions": [condition]}})
}

fn going() -> Value {
    json!({"spec": {"suspend": false}, "status": {"active": 1}})
}

fn observe(seen: Observed) -> Observation {
    let seen = Ray::observe(seen.request()).unwrap();
    assert_eq!(seen.phase == "Failed", seen.failure.is_some(), "a failed phase and a failure come together");
    seen
}

/// `phase reason: message`, and the failure behind it.
fn line(seen: &Observation) -> String {
    let failure = seen.failure.as_ref().map_or_else(String::new, |failure| {
        let code = failure.exit_code.map_or_else(String::new, |code| format!(", code {code}"));
        format!(" [{}{code}, retry {}]", failure.cause, failure.retry)
    });
    format!("{} {}: {}{failure}", seen.phase, seen.reason, seen.message)
}

#[test]
fn every_pair() {
    let pairs = DEPLOYMENT.iter().flat_map(|deployment| PROGRAM.iter().map(move |program| (deployment, program)));
    let lines = pairs.map(|(deployment, program)| {
        let seen = observe(up(rayjob(deployment, program, "", "")));
        format!("{deployment:16} {program:9} {}", line(&seen))
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_pair_that_is_held_back() {
    let pairs = DEPLOYMENT.iter().flat_map(|deployment| PROGRAM.iter().map(move |program| (deployment, program)));
    for (deployment, program) in pairs {
        let object = held(rayjob(deployment, program, "", ""));
        let over = ["Complete", "Failed", "ValidationFailed"].contains(deployment);
        let (asked, not) = (observe(up(object.clone()).suspended()), observe(up(object)));
        assert_eq!(over, asked.phase != "Suspended", "{deployment} {program}");
        assert_eq!(over, not.phase != "Queued", "{deployment} {program}");
    }
}

const EXIT_3: &str =
    "Job entrypoint command failed with exit code 3, last available logs (truncated to 20,000 chars):\nx";
const EXIT_SIGNAL: &str = "Job entrypoint command failed with exit code -9, last available logs";

#[rstest]
#[case::program("FAILED", "AppFailed", EXIT_3, &[], "ProgramFailed: the program exited with code 3 [ProgramFailed, code 3, retry true]")]
#[case::signal("FAILED", "AppFailed", EXIT_SIGNAL, &[], "ProgramFailed: the program exited with code 137 (signal 9) [ProgramFailed, code 137, retry true]")]
#[case::program_and_cluster_going("FAILED", "AppFailed", EXIT_3, &[("head", pod(0).failed(143).terminating())], "ProgramFailed: the program exited with code 3 [ProgramFailed, code 3, retry true]")]
#[case::requirements("FAILED", "AppFailed", "runtime_env setup failed: no such package", &[], "RequirementsFailed: Ray could not install the requirements: runtime_env setup failed: no such package [RequirementsFailed, retry true]")]
#[case::supervisor("FAILED", "AppFailed", "\n Unexpected error occurred\nmore", &[], "ProgramFailed: the program failed without an exit code: Unexpected error occurred [ProgramFailed, retry true]")]
#[case::head_out_of_memory("RUNNING", "SubmissionFailed", "", &[("head", pod(0).ended("Failed", 137, "OOMKilled"))], "OutOfMemory: the head needed more memory than its size has [OutOfMemory, retry false]")]
#[case::head_evicted("FAILED", "AppFailed", EXIT_3, &[("head", pod(0).lost("Evicted"))], "Evicted: the head was ended by its node: Evicted [Evicted, retry true]")]
#[case::head_failed("RUNNING", "SubmissionFailed", "", &[("head", pod(0).failed(1)), ("submitter", pod(0).failed(1))], "HeadLost: the head exited with code 1 [HeadLost, retry true]")]
#[case::head_gone("RUNNING", "SubmissionFailed", "Job submission has failed.", &[("submitter", pod(0).failed(1))], "HeadLost: the head, or the way to it, was lost while the program ran [HeadLost, retry true]")]
#[case::head_replaced("RUNNING", "AppFailed", "Submitter completed but Ray job not found in RayCluster.", &[("head", pod(0).running())], "HeadLost: the head, or the way to it, was lost while the program ran [HeadLost, retry true]")]
#[case::submitter_evicted("RUNNING", "SubmissionFailed", "", &[("submitter", pod(0).lost("Evicted"))], "Evicted: the submitter was ended by its node: Evicted [Evicted, retry true]")]
#[case::not_submitted("", "SubmissionFailed", "", &[("submitter", pod(0).failed(1))], "SubmissionFailed: the program could not be handed to Ray; the submitter's log says why [SubmissionFailed, retry true]")]
#[case::not_started("PENDING", "SubmissionFailed", "", &[], "SubmissionFailed: the program could not be handed to Ray; the submitter's log says why [SubmissionFailed, retry true]")]
#[case::deadline("RUNNING", "DeadlineExceeded", "too long", &[], "DeadlineExceeded: KubeRay ended the RayJob: too long [DeadlineExceeded, retry true]")]
#[case::grace("FAILED", "JobDeploymentStatusTransitionGracePeriodExceeded", "too slow", &[], "JobDeploymentStatusTransitionGracePeriodExceeded: KubeRay ended the RayJob: too slow [JobDeploymentStatusTransitionGracePeriodExceeded, retry true]")]
#[case::no_reason("RUNNING", "", "", &[], "RayJobFailed: KubeRay ended the RayJob: it does not say why [RayJobFailed, retry true]")]
fn a_failed_rayjob(
    #[case] program: &str,
    #[case] reason: &str,
    #[case] message: &str,
    #[case] pods: &[(&str, Pod)],
    #[case] expected: &str,
) {
    let seen = observe(kuberay(rayjob("Failed", program, reason, message), pods));
    assert_eq!(line(&seen), format!("Failed {expected}"));
}

#[test]
fn a_long_message_is_cut() {
    let seen = observe(kuberay(rayjob("ValidationFailed", "", "ValidationFailed", &"ä".repeat(20_000)), &[]));
    assert!(seen.message.chars().count() < 300, "{}", seen.message);
}

#[rstest]
#[case::not_seen(kuberay(Value::Null, &[]), "Starting Starting: the RayJob is not there yet")]
#[case::image_missing(kuberay(rayjob("Initializing", "", "", ""), &[("worker", pod(0).waiting("ImagePullBackOff"))]), "Starting ImagePullBackOff: pod lightning-x7k2p-0-abcde cannot start: ImagePullBackOff")]
#[case::head_fails_again(kuberay(rayjob("Initializing", "", "", ""), &[("head", pod(0).ended("Failed", 137, "OOMKilled"))]), "Starting OutOfMemory: pod lightning-x7k2p-0-abcde needed more memory than its size has; KubeRay makes another")]
#[case::submitter_stuck(kuberay(rayjob("Running", "", "", ""), &[("head", pod(0).running()), ("submitter", pod(0).waiting("ErrImagePull"))]), "Starting ErrImagePull: pod lightning-x7k2p-0-abcde cannot start: ErrImagePull")]
#[case::a_worker_lost(kuberay(rayjob("Running", "RUNNING", "", ""), &[("head", pod(0).running()), ("worker", pod(0).running()), ("worker", pod(1).failed(1))]), "Running WorkersMissing: the program runs; 1 of 2 workers are there")]
#[case::head_failed(kuberay(rayjob("Running", "RUNNING", "", ""), &[("head", pod(0).failed(1))]), "Running Failing: the head exited with code 1; KubeRay has not noticed yet")]
#[case::head_going(kuberay(rayjob("Running", "RUNNING", "", ""), &[("head", pod(0).running().terminating())]), "Running HeadStopping: the head is being removed, but not by its Run")]
#[case::head_gone(kuberay(rayjob("Running", "RUNNING", "", ""), &[]), "Running HeadMissing: the program was running, but its head is not up")]
#[case::submitter_done(kuberay(rayjob("Running", "RUNNING", "", ""), &[("head", pod(0).running()), ("submitter", pod(0).succeeded())]), "Running Ending: the program has ended, but KubeRay has not noticed yet; if this stays, see whether it runs")]
#[case::submitter_failed(kuberay(rayjob("Running", "RUNNING", "", ""), &[("head", pod(0).running()), ("submitter", pod(0).failed(1))]), "Running Failing: the submitter exited with code 1; KubeRay has not noticed yet")]
#[case::suspending(up(held(rayjob("Suspending", "RUNNING", "", ""))).suspended(), "Suspended Suspended: suspended, as the Run asks; 4 of its pods are still ending")]
#[case::queued(kuberay(held(rayjob("Suspended", "", "", "")), &[]), "Queued Queued: a queue, or somebody else, holds the RayJob back by /spec/suspend")]
#[case::suspend_asked_but_not_done(up(rayjob("Running", "RUNNING", "", "")).suspended(), "Running Running: the program runs, and all 2 workers are there")]
#[case::no_status(kuberay(json!({"spec": {}}), &[]), "Starting NotTakenUp: the KubeRay operator has not taken up the RayJob yet; if this stays, see whether it is installed and runs")]
fn a_rayjob_and_its_pods(#[case] seen: Observed, #[case] expected: &str) {
    assert_eq!(line(&observe(seen)), expected);
}

#[rstest]
#[case::not_seen(jobs(Value::Null, Value::Null, &[]), "Starting Starting: the head's Job is not there yet")]
#[case::no_pods(jobs(going(), going(), &[]), "Starting Starting: the head is starting")]
#[case::head_stuck(jobs(going(), going(), &[("head", pod(0).waiting("ImagePullBackOff"))]), "Starting ImagePullBackOff: pod lightning-x7k2p-0-abcde cannot start: ImagePullBackOff")]
#[case::workers_awaited(jobs(going(), going(), &[("head", pod(0).running()), ("worker", pod(0).running())]), "Starting WorkersMissing: the head waits for its workers; 1 of 2 workers are there")]
#[case::worker_stuck(jobs(going(), going(), &[("head", pod(0).running()), ("worker", pod(1).waiting("ErrImagePull"))]), "Starting ErrImagePull: pod lightning-x7k2p-1-abcde cannot start: ErrImagePull")]
#[case::runs(jobs(going(), going(), &[("head", pod(0).running()), ("worker", pod(0).running()), ("worker", pod(1).running())]), "Running Running: the program runs, and all 2 workers are there")]
#[case::a_worker_lost(jobs(going(), json!({"status": {"failed": 1}}), &[("head", pod(0).running()), ("worker", pod(0).running()), ("worker", pod(1).failed(137))]), "Running WorkersMissing: the program runs; 1 of 2 workers are there")]
#[case::one_worker(jobs(going(), going(), &[("head", pod(0).running()), ("worker", pod(0).running())]).role("worker", 1), "Running Running: the program runs, and its worker is there")]
#[case::alone(jobs(going(), Value::Null, &[("head", pod(0).running())]).role("worker", 0), "Running Running: the program runs on the head")]
#[case::done(jobs(going(), going(), &[("head", pod(0).succeeded())]), "Running Ending: the program is done; its Job is ending")]
#[case::complete(jobs(head_job("Complete", ""), going(), &[]), "Succeeded Succeeded: the program succeeded")]
#[case::success_criteria(jobs(head_job("SuccessCriteriaMet", ""), going(), &[]), "Succeeded Succeeded: the program succeeded")]
#[case::head_going(jobs(going(), going(), &[("head", pod(0).running().terminating())]), "Running HeadStopping: the head is being removed, but not by its Run")]
#[case::failed_job_behind(jobs(going(), going(), &[("head", pod(0).failed(3))]), "Running Failing: the program on the head exited with code 3; its Job is ending")]
#[case::failing_pod_behind(jobs(head_job("FailureTarget", "BackoffLimitExceeded"), going(), &[("head", pod(0).running())]), "Running Failing: the head's Job fails (said so); its pod is awaited")]
#[case::failed(jobs(head_job("Failed", "BackoffLimitExceeded"), going(), &[("head", pod(0).failed(3))]), "Failed ProgramFailed: the program on the head exited with code 3 [ProgramFailed, code 3, retry true]")]
#[case::head_removed(jobs(head_job("Failed", "BackoffLimitExceeded"), going(), &[("head", pod(0).failed(137).terminating())]), "Failed HeadLost: the program on the head was removed, but not by its Run [HeadLost, code 137, retry true]")]
#[case::head_removed_and_program_torn(jobs(head_job("Failed", "BackoffLimitExceeded"), going(), &[("head", pod(0).failed(1).terminating())]), "Failed HeadLost: the program on the head was removed, but not by its Run [HeadLost, code 1, retry true]")]
#[case::failed_workers_too(jobs(head_job("Failed", "BackoffLimitExceeded"), going(), &[("head", pod(0).failed(3)), ("worker", pod(0).failed(1))]), "Failed ProgramFailed: the program on the head exited with code 3 [ProgramFailed, code 3, retry true]")]
#[case::out_of_memory(jobs(head_job("Failed", ""), going(), &[("head", pod(0).ended("Failed", 137, "OOMKilled"))]), "Failed OutOfMemory: the program on the head needed more memory than its size has [OutOfMemory, code 137, retry false]")]
#[case::evicted(jobs(head_job("Failed", ""), going(), &[("head", pod(0).lost("Evicted"))]), "Failed Evicted: the program on the head was ended by its node: Evicted [Evicted, retry true]")]
#[case::gone(jobs(head_job("Failed", "BackoffLimitExceeded"), going(), &[]), "Failed HeadLost: the head's Job failed and its pod is not there to ask: said so [HeadLost, retry true]")]
#[case::suspended(jobs(held(going()), held(going()), &[]).suspended(), "Suspended Suspended: suspended, as the Run asks")]
#[case::queued(jobs(held(going()), held(going()), &[("worker", pod(0).running())]), "Queued Queued: a queue, or somebody else, holds the Job back by /spec/suspend; 1 of its pods are still ending")]
fn jobs_and_their_pods(#[case] seen: Observed, #[case] expected: &str) {
    assert_eq!(line(&observe(seen)), expected);
}

#[test]
fn whole_observations() {
    let two = [("head", pod(0).running()), ("worker", pod(0).running())];
    assert_json_snapshot!([
        observe(up(rayjob("Running", "RUNNING", "", ""))),
        observe(kuberay(rayjob("Complete", "SUCCEEDED", "", ""), &[])),
        observe(jobs(going(), going(), &two)),
        observe(jobs(going(), Value::Null, &[]).role("worker", 0)),
    ]);
}

#[test]
fn whatever_the_object_is_nothing_breaks() {
    for object in [json!([]), json!("x"), json!({"status": 3}), json!({"status": {"conditions": [null]}})] {
        assert_eq!(observe(kuberay(object.clone(), &[])).phase, "Starting");
        assert_eq!(observe(jobs(object, json!(7), &[])).phase, "Starting");
    }
}
