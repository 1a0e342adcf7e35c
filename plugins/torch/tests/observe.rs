//! Every row of the observation, as a snapshot each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::{Observed, Pod, pod};
use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::{Value, json};
use torch::Torch;

const NAME: &str = "lightning-x7k2p";

fn object(status: Value) -> Value {
    json!({"spec": {"suspend": false}, "status": status})
}

fn with(kind: &str, reason: &str, message: &str) -> Value {
    object(json!({"conditions": [{"type": kind, "status": "True", "reason": reason, "message": message}]}))
}

fn new() -> Value {
    json!({"spec": {"suspend": false}})
}

fn held() -> Value {
    json!({"spec": {"suspend": true}})
}

fn job_failed() -> Value {
    with("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
}

fn set_failed() -> Value {
    let mut set =
        with("Failed", "FailedJobs", "jobset failed due to one or more job failures (first failed job: a-node-0)");
    set["status"]["terminalState"] = "Failed".into();
    set
}

fn set_going() -> Value {
    object(
        json!({"restarts": 0, "replicatedJobsStatus": [{"name": "node", "ready": 0, "succeeded": 0, "failed": 0, "active": 1, "suspended": 0}]}),
    )
}

fn train_going() -> Value {
    object(
        json!({"jobsStatus": [{"name": "node", "ready": 1, "succeeded": 0, "failed": 0, "active": 1, "suspended": 0}]}),
    )
}

fn observed(kind: &str, workers: u32, object: Value, pods: &[Pod]) -> ObserveRequest {
    let seen = Observed::new(NAME, workers).object(kind, object);
    let mut request = pods.iter().fold(seen, |seen, pod| seen.pod(pod.clone())).request();
    request.roles[0].name = "node".into();
    request
}

fn job(object: Value, pods: &[Pod]) -> ObserveRequest {
    observed("Job", 2, object, pods)
}

fn set(object: Value, pods: &[Pod]) -> ObserveRequest {
    observed("JobSet", 2, object, pods)
}

fn train(object: Value, pods: &[Pod]) -> ObserveRequest {
    observed("TrainJob", 2, object, pods)
}

fn suspended(mut request: ObserveRequest) -> ObserveRequest {
    request.suspended = true;
    request
}

#[rstest]
#[case::job_not_seen(job(Value::Null, &[]))]
#[case::job_not_taken_up(job(new(), &[]))]
#[case::job_starts(job(object(json!({"active": 2})), &[pod(0)]))]
#[case::job_runs(job(object(json!({"active": 2})), &[pod(0).running(), pod(1).running()]))]
#[case::job_done_but_job_behind(job(object(json!({"active": 2})), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::job_one_done_and_gone(job(object(json!({"active": 1, "succeeded": 1})), &[pod(1).running()]))]
#[case::job_complete(job(with("Complete", "CompletionsReached", ""), &[]))]
#[case::job_failing_and_pods_behind(job(with("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"), &[pod(0).running(), pod(1).running()]))]
#[case::job_failed_and_pods_gone(job(job_failed(), &[]))]
#[case::job_suspended(suspended(job(held(), &[pod(0).running().terminating()])))]
#[case::job_held_by_a_queue(job(held(), &[]))]
#[case::set_not_taken_up(set(new(), &[]))]
#[case::set_not_taken_up_but_pods_are_there(set(new(), &[pod(0).running(), pod(1).running()]))]
#[case::set_without_pods(set(set_going(), &[]))]
#[case::set_image_missing(set(set_going(), &[pod(0).running(), pod(1).waiting("ImagePullBackOff")]))]
#[case::set_runs(set(set_going(), &[pod(0).running(), pod(1).running()]))]
#[case::set_terminating(set(set_going(), &[pod(0).running(), pod(1).running().terminating()]))]
#[case::set_done_but_behind(set(set_going(), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::set_done_and_pods_gone(set(object(json!({"replicatedJobsStatus": [{"name": "node", "succeeded": 1}]})), &[]))]
#[case::set_completed(set(with("Completed", "AllJobsCompleted", "jobset completed successfully"), &[]))]
#[case::set_completed_by_terminal_state(set(object(json!({"terminalState": "Completed"})), &[]))]
#[case::set_failed_by_terminal_state(set(object(json!({"terminalState": "Failed"})), &[]))]
#[case::set_failed_with_exit(set(set_failed(), &[pod(0).failed(143).terminating(), pod(1).failed(3)]))]
#[case::set_failed_and_pods_behind(set(set_failed(), &[pod(0).running(), pod(1).running()]))]
#[case::set_failed_and_pods_gone(set(set_failed(), &[]))]
#[case::set_suspended(suspended(set(held(), &[])))]
#[case::set_held_by_a_queue(set(held(), &[]))]
#[case::set_resumed_but_condition_behind(set(with("Suspended", "SuspendedJobs", "jobset is suspended"), &[]))]
#[case::train_not_taken_up(train(new(), &[]))]
#[case::train_empty_status(train(object(json!({})), &[]))]
#[case::train_runs(train(train_going(), &[pod(0).running(), pod(1).running()]))]
#[case::train_pod_failed_but_behind(train(train_going(), &[pod(0).running(), pod(1).failed(3)]))]
#[case::train_done_but_behind(train(train_going(), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::train_complete(train(with("Complete", "AllJobsCompleted", "jobset completed successfully"), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::train_failed_with_exit(train(with("Failed", "FailedJobs", "jobset failed"), &[pod(0).failed(1), pod(1).failed(3)]))]
#[case::train_runtime_not_supported(train(with("Failed", "TrainingRuntimeNotSupported", "unsupported runtime: x"), &[]))]
#[case::train_failed_by_deadline(train(with("Failed", "DeadlineExceeded", "TrainJob exceeded its active deadline"), &[]))]
#[case::train_suspended(suspended(train(held(), &[])))]
#[case::train_held_by_a_queue(train(held(), &[]))]
#[case::one_worker_runs(observed("JobSet", 1, set_going(), &[pod(0).running()]))]
#[case::one_worker_failed(observed("JobSet", 1, set_failed(), &[pod(0).failed(1)]))]
#[case::one_worker_succeeded(observed("TrainJob", 1, with("Complete", "", ""), &[pod(0).succeeded()]))]
#[case::many_workers(observed("JobSet", 65, set_going(), &[]))]
fn rows(#[case] request: ObserveRequest) {
    let name = std::thread::current().name().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned();
    // `case_07_both_run`: without the number, so that a new row renames no file.
    let name = name.splitn(3, '_').nth(2).unwrap_or(&name).to_owned();
    assert_json_snapshot!(name, Torch::observe(request).unwrap());
}

#[rstest]
#[case::alone(&[pod(0).running(), pod(1).failed(1)], "ProgramFailed", Some(1), "worker 1 of 2 exited with code 1")]
#[case::own_code_before_an_exception(&[pod(0).failed(1), pod(1).failed(3)], "ProgramFailed", Some(3), "worker 1 of 2 exited with code 3")]
#[case::own_code_before_an_abort(&[pod(0).failed(134), pod(1).failed(3)], "ProgramFailed", Some(3), "worker 1 of 2 exited with code 3")]
#[case::crash_before_an_exception(&[pod(0).failed(1), pod(1).failed(139)], "ProgramFailed", Some(139), "worker 1 of 2 exited with code 139 (signal 11)")]
#[case::exception_before_a_signal(&[pod(0).failed(143), pod(1).failed(1)], "ProgramFailed", Some(1), "worker 1 of 2 exited with code 1")]
#[case::both_alike(&[pod(0).failed(1), pod(1).failed(1)], "ProgramFailed", Some(1), "worker 0 of 2 exited with code 1, and so did others; their logs say which was the first")]
#[case::going_is_not_the_first(&[pod(0).failed(3).terminating(), pod(1).failed(1)], "ProgramFailed", Some(1), "worker 1 of 2 exited with code 1")]
#[case::out_of_memory(&[pod(0).failed(1), pod(1).ended("Failed", 137, "OOMKilled")], "OutOfMemory", Some(137), "worker 1 of 2 needed more memory than its size has")]
#[case::out_of_memory_in_a_child(&[pod(0).failed(1), pod(1).ended("Failed", 1, "OOMKilled")], "OutOfMemory", Some(1), "worker 1 of 2 needed more memory than its size has")]
#[case::evicted(&[pod(0).failed(1), pod(1).lost("Evicted")], "Evicted", None, "worker 1 of 2 was ended by its node: Evicted")]
#[case::not_started(&[pod(0).failed(143), pod(1).ended("Failed", 128, "StartError")], "ProgramNotStarted", Some(128), "worker 1 of 2 could not be started: is the first word of the command in the image?")]
#[case::lost(&[pod(0).running(), pod(1).lost("")], "WorkerLost", None, "worker 1 of 2 failed without an exit code")]
fn the_first_to_fail_is_blamed(
    #[case] pods: &[Pod],
    #[case] cause: &str,
    #[case] code: Option<i32>,
    #[case] message: &str,
) {
    for (kind, object) in [("Job", job_failed()), ("JobSet", set_failed()), ("TrainJob", set_failed())] {
        let seen = Torch::observe(observed(kind, 2, object, pods)).unwrap();
        let failure = seen.failure.unwrap();
        assert_eq!((failure.cause.as_str(), failure.exit_code), (cause, code));
        assert_eq!((seen.phase.as_str(), seen.message.as_str()), ("Failed", message));
    }
}

#[test]
fn whatever_the_object_is_nothing_breaks() {
    for object in [
        json!([]),
        json!("x"),
        json!({"status": {"conditions": 3, "succeeded": -1}}),
        json!({"status": {"conditions": [null], "replicatedJobsStatus": [3], "jobsStatus": {}}}),
    ] {
        for kind in ["Job", "JobSet", "TrainJob", "Other"] {
            let seen = Torch::observe(observed(kind, 2, object.clone(), &[])).unwrap();
            assert_eq!(seen.phase, "Starting");
        }
    }
}
