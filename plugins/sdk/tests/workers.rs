//! The rows of equal workers, one case each, for Kubernetes' own Job and for a workload
//! whose controller may be away.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::{Observed, Pod, pod};
use codeflare_plugin::workers::{self, Workload, done_by_job};
use rstest::rstest;
use serde_json::{Value, json};

/// A Job as it stands.
struct Plain;

impl Workload for Plain {}

/// One whose controller may be away, and that says more of its end than a Job.
struct Operated;

impl Workload for Operated {
    const SAYING_NOTHING: &'static [&'static str] = &["", "Broke"];
    const FOR_GOOD: &'static [&'static str] = &["Unsupported"];

    fn controller(_: &str) -> Option<&'static str> {
        Some("its operator")
    }
}

fn with(condition: &str, reason: &str) -> Value {
    let condition = json!({"type": condition, "status": "True", "reason": reason, "message": "so it says"});
    json!({"spec": {"suspend": false}, "status": {"conditions": [condition]}})
}

fn going() -> Value {
    json!({"spec": {"suspend": false}, "status": {"active": 2}})
}

fn held() -> Value {
    json!({"spec": {"suspend": true}, "status": {}})
}

fn request(object: Value, pods: &[Pod]) -> ObserveRequest {
    let seen = Observed::new("a-x7k2p", 2).object("Job", object);
    pods.iter().fold(seen, |seen, pod| seen.pod(pod.clone())).request()
}

fn said(seen: &Observation) -> (&str, &str) {
    (&seen.phase, &seen.reason)
}

#[rstest]
#[case::not_seen(Value::Null, &[], ("Starting", "Starting"))]
#[case::complete(with("Complete", ""), &[], ("Succeeded", "Succeeded"))]
#[case::will_be_complete(with("SuccessCriteriaMet", ""), &[pod(0).running()], ("Succeeded", "Succeeded"))]
#[case::fails_and_pods_run(with("FailureTarget", "X"), &[pod(0).running()], ("Running", "Failing"))]
#[case::fails_and_pods_go(with("FailureTarget", "X"), &[pod(0).running().terminating()], ("Running", "Failing"))]
#[case::fails_and_a_pod_says_why(with("FailureTarget", "X"), &[pod(0).failed(3)], ("Failed", "ProgramFailed"))]
#[case::failed_and_pods_run(with("Failed", "X"), &[pod(0).running()], ("Running", "Failing"))]
#[case::failed_and_pods_go(with("Failed", "X"), &[pod(0).running().terminating()], ("Failed", "X"))]
#[case::failed_and_a_pod_says_why(with("Failed", "X"), &[pod(0).failed(3)], ("Failed", "ProgramFailed"))]
#[case::failed_and_nobody_says_why(with("Failed", "BackoffLimitExceeded"), &[], ("Failed", "WorkerLost"))]
#[case::failed_without_a_reason(with("Failed", ""), &[], ("Failed", "WorkerLost"))]
#[case::failed_before_it_is_held({ let mut job = with("Failed", "X"); job["spec"]["suspend"] = true.into(); job }, &[], ("Failed", "X"))]
#[case::held(held(), &[], ("Queued", "Queued"))]
#[case::held_before_a_pod_is_blamed(held(), &[pod(0).failed(143)], ("Queued", "Queued"))]
#[case::a_pod_failed(going(), &[pod(0).running(), pod(1).failed(3)], ("Running", "Failing"))]
#[case::a_pod_goes(going(), &[pod(0).running(), pod(1).running().terminating()], ("Running", "WorkerStopping"))]
#[case::all_run(going(), &[pod(0).running(), pod(1).running()], ("Running", "Running"))]
#[case::one_runs_and_one_is_done(going(), &[pod(0).running(), pod(1).succeeded()], ("Running", "Running"))]
#[case::one_runs(going(), &[pod(0).running()], ("Starting", "Starting"))]
#[case::one_cannot_start(going(), &[pod(0).running(), pod(1).waiting("ErrImagePull")], ("Starting", "ErrImagePull"))]
#[case::one_is_created(going(), &[pod(0).running(), pod(1).waiting("ContainerCreating")], ("Starting", "Starting"))]
fn rows_of_every_workload(#[case] object: Value, #[case] pods: &[Pod], #[case] expected: (&str, &str)) {
    let request = request(object, pods);
    let seen = workers::observe::<Plain>(&request, "worker");
    assert_eq!(said(&seen), expected, "{}", seen.message);
    assert_eq!(seen.failure.is_some(), seen.phase == "Failed");
    assert_eq!(said(&workers::observe::<Operated>(&request, "worker")).0, expected.0);
}

#[rstest]
#[case::no_status(json!({}), &[], "NotTakenUp", "Starting")]
#[case::empty_status(json!({"status": {}}), &[], "NotTakenUp", "Starting")]
#[case::pods_are_there(json!({}), &[pod(0)], "Starting", "Starting")]
#[case::any_status(going(), &[], "Starting", "Starting")]
#[case::all_done(going(), &[pod(0).succeeded(), pod(1).succeeded()], "Finishing", "Running")]
#[case::all_done_and_one_goes(going(), &[pod(0).succeeded(), pod(1).succeeded().terminating()], "Finishing", "Running")]
#[case::all_done_and_pods_gone(json!({"status": {"succeeded": 2}}), &[], "Finishing", "Running")]
fn rows_of_a_controller_that_may_be_away(
    #[case] object: Value,
    #[case] pods: &[Pod],
    #[case] operated: &str,
    #[case] plain: &str,
) {
    let request = request(object, pods);
    assert_eq!(workers::observe::<Operated>(&request, "worker").reason, operated);
    assert_eq!(workers::observe::<Plain>(&request, "worker").reason, plain);
}

#[rstest]
#[case::says_nothing("Broke", "WorkerLost", true)]
#[case::says_something("Other", "Other", true)]
#[case::for_good("Unsupported", "Unsupported", false)]
fn reasons_of_a_controller(#[case] reason: &str, #[case] cause: &str, #[case] retry: bool) {
    let failure = workers::observe::<Operated>(&request(with("Failed", reason), &[]), "worker").failure.unwrap();
    assert_eq!((failure.cause.as_str(), failure.retry), (cause, retry));
}

#[test]
fn the_run_holds_it_or_somebody_else() {
    let mut request = request(held(), &[pod(0).running().terminating(), pod(1).succeeded()]);
    let by_a_queue = workers::observe::<Plain>(&request, "worker");
    assert_eq!(by_a_queue.reason, "Queued");
    assert!(by_a_queue.message.ends_with("; 1 of its pods are still ending"), "{}", by_a_queue.message);
    request.suspended = true;
    assert_eq!(said(&workers::observe::<Plain>(&request, "worker")), ("Suspended", "Suspended"));
}

#[rstest]
#[case(json!({}), 0)]
#[case(json!({"status": {"succeeded": 3}}), 3)]
#[case(json!({"status": {"uncountedTerminatedPods": {"succeeded": ["a", "b"]}}}), 2)]
#[case(json!({"status": {"succeeded": 1, "uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["b"]}}}), 2)]
#[case(json!({"status": {"succeeded": -1, "uncountedTerminatedPods": 7}}), 0)]
fn a_job_counts_late_and_says_so(#[case] job: Value, #[case] done: u64) {
    assert_eq!(done_by_job(&job), done);
}

#[test]
fn ready_are_those_that_work_or_are_done_and_logs_are_named_up_to_a_bound() {
    let seen = workers::observe::<Plain>(&request(going(), &[pod(0).running(), pod(1).succeeded()]), "worker");
    assert_eq!((seen.roles[0].ready, seen.roles[0].total), (2, 2));
    assert_eq!(seen.logs.iter().map(|log| log.index).collect::<Vec<_>>(), [Some(0), Some(1)]);
    for (count, logs) in [(64, 64), (65, 1)] {
        let request = Observed::new("a-x7k2p", count).object("Job", going()).request();
        assert_eq!(workers::observe::<Plain>(&request, "worker").logs.len(), logs, "{count}");
    }
    let nothing = workers::observe::<Plain>(&request(going(), &[]), "another");
    assert_eq!((nothing.roles[0].total, nothing.logs.len()), (0, 0));
}
