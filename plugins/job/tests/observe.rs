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
use job::Job;
use rstest::rstest;
use serde_json::{Value, json};

const NAME: &str = "lightning-x7k2p";

fn job(conditions: &[(&str, &str, &str)], status: Value) -> Value {
    let conditions: Vec<_> = conditions
        .iter()
        .map(|(kind, reason, message)| json!({"type": kind, "status": "True", "reason": reason, "message": message}))
        .collect();
    let mut job = json!({"spec": {"suspend": false}, "status": status});
    job["status"]["conditions"] = conditions.into();
    job
}

fn limit(kind: &str) -> Value {
    job(&[(kind, "BackoffLimitExceeded", "Job has reached the specified backoff limit")], json!({"failed": 1}))
}

fn held(active: u32) -> Value {
    let mut job = job(&[], json!({"active": active}));
    job["spec"]["suspend"] = true.into();
    job
}

fn two(object: Value, pods: &[Pod]) -> Observed {
    pods.iter().fold(Observed::new(NAME, 2).object("Job", object), |seen, pod| seen.pod(pod.clone()))
}

fn one(object: Value, pods: &[Pod]) -> Observed {
    pods.iter().fold(Observed::new(NAME, 1).object("Job", object), |seen, pod| seen.pod(pod.clone()))
}

fn going() -> Value {
    job(&[], json!({"active": 2}))
}

#[rstest]
#[case::nothing_at_all(Observed::new(NAME, 2))]
#[case::job_not_seen(two(Value::Null, &[]))]
#[case::job_without_status(two(json!({"spec": {}}), &[]))]
#[case::no_pods(two(going(), &[]))]
#[case::pod_created(two(going(), &[pod(0)]))]
#[case::containers_created(two(going(), &[pod(0).waiting("ContainerCreating"), pod(1).running()]))]
#[case::image_missing(two(going(), &[pod(0).running(), pod(1).waiting("ImagePullBackOff")]))]
#[case::both_run(two(going(), &[pod(0).running(), pod(1).running()]))]
#[case::one_runs(one(going(), &[pod(0).running()]))]
#[case::one_done(two(job(&[], json!({"active": 1, "succeeded": 1})), &[pod(0).succeeded(), pod(1).running()]))]
#[case::one_done_and_pod_gone(two(job(&[], json!({"active": 1, "succeeded": 1})), &[pod(1).running()]))]
#[case::done_but_uncounted(two(job(&[], json!({"uncountedTerminatedPods": {"succeeded": ["a", "b"]}})), &[]))]
#[case::done_but_job_behind(two(going(), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::success_criteria_met(two(job(&[("SuccessCriteriaMet", "CompletionsReached", "")], json!({})), &[pod(0).succeeded(), pod(1).succeeded()]))]
#[case::complete(two(job(&[("Complete", "CompletionsReached", "")], json!({"succeeded": 2})), &[]))]
#[case::complete_alone(one(job(&[("Complete", "CompletionsReached", "")], json!({"succeeded": 1})), &[pod(0).succeeded()]))]
#[case::terminating(two(going(), &[pod(0).running(), pod(1).running().terminating()]))]
#[case::pod_failed_job_behind(two(going(), &[pod(0).running(), pod(1).failed(3)]))]
#[case::failing_and_pods_behind(two(limit("FailureTarget"), &[pod(0).running(), pod(1).running()]))]
#[case::failing_with_exit(two(limit("FailureTarget"), &[pod(0).running().terminating(), pod(1).failed(3)]))]
#[case::failed_with_exit(two(limit("Failed"), &[pod(0).failed(143).terminating(), pod(1).failed(3)]))]
#[case::failed_the_first_is_blamed(two(limit("Failed"), &[pod(0).failed(137), pod(1).failed(1)]))]
#[case::failed_and_pods_behind(two(limit("Failed"), &[pod(0).running(), pod(1).running()]))]
#[case::failed_and_pods_gone(two(limit("Failed"), &[]))]
#[case::failed_and_pod_going(two(limit("Failed"), &[pod(0).running().terminating()]))]
#[case::failed_by_deadline(two(job(&[("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")], json!({})), &[]))]
#[case::failed_alone(one(limit("Failed"), &[pod(0).failed(1)]))]
#[case::killed(one(limit("Failed"), &[pod(0).failed(137)]))]
#[case::worker_removed(two(limit("Failed"), &[pod(0).running().terminating(), pod(1).failed(143).terminating()]))]
#[case::out_of_memory(two(limit("Failed"), &[pod(0).failed(1).terminating(), pod(1).ended("Failed", 137, "OOMKilled")]))]
#[case::evicted(two(limit("Failed"), &[pod(0).lost("Evicted")]))]
#[case::not_started(one(limit("Failed"), &[pod(0).ended("Failed", 128, "StartError")]))]
#[case::lost(one(limit("Failed"), &[pod(0).lost("")]))]
#[case::suspended(two(held(0), &[]).suspended())]
#[case::suspending(two(held(2), &[pod(0).running().terminating(), pod(1).running().terminating()]).suspended())]
#[case::suspend_asked_but_not_done(two(going(), &[pod(0).running(), pod(1).running()]).suspended())]
#[case::resumed_but_condition_behind(two(job(&[("Suspended", "JobSuspended", "Job suspended")], json!({})), &[]))]
#[case::held_by_a_queue(two(held(0), &[]))]
#[case::many_workers(Observed::new(NAME, 65).object("Job", going()))]
fn rows(#[case] seen: Observed) {
    let name = std::thread::current().name().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned();
    // `case_07_both_run`: without the number, so that a new row renames no file.
    let name = name.splitn(3, '_').nth(2).unwrap_or(&name).to_owned();
    assert_json_snapshot!(name, Job::observe(seen.request()).unwrap());
}

#[test]
fn a_failed_phase_and_a_failure_come_together() {
    let seen = Job::observe(two(limit("Failed"), &[]).request()).unwrap();
    assert_eq!((seen.phase.as_str(), seen.failure.is_some()), ("Failed", true));
}

#[test]
fn whatever_the_job_is_nothing_breaks() {
    for object in [
        json!([]),
        json!("x"),
        json!({"status": {"conditions": 3, "succeeded": -1}}),
        json!({"status": {"conditions": [null]}}),
    ] {
        let seen = Job::observe(two(object, &[]).request()).unwrap();
        assert_eq!(seen.phase, "Starting");
    }
}
