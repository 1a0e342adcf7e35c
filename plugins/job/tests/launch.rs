//! Every shape of a launch, as snapshots; and what is declined.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::launch_request;
use insta::assert_json_snapshot;
use job::Job;
use rstest::rstest;
use serde_json::json;

#[test]
fn description() {
    let mut description = Job::describe();
    description.version = "VERSION".into();
    assert_json_snapshot!(description);
}

#[test]
fn one_worker() {
    assert_json_snapshot!(Job::launch(launch_request(1)).unwrap());
}

#[test]
fn two_workers() {
    assert_json_snapshot!(Job::launch(launch_request(2)).unwrap());
}

#[rstest]
#[case(64, true)]
#[case(65, false)]
fn all_hosts_are_listed_while_they_are_few(#[case] workers: u32, #[case] listed: bool) {
    let plan = Job::launch(launch_request(workers)).unwrap();
    let hosts = plan.roles[0].env.iter().find(|(name, _)| name == "CODEFLARE_WORKER_HOSTS");
    assert_eq!(hosts.is_some(), listed);
    if let Some((_, EnvValue::Text(hosts))) = hosts {
        assert_eq!(hosts.split(',').count(), 64);
        assert!(hosts.ends_with(",lightning-x7k2p-63.lightning-x7k2p"), "{hosts}");
    }
}

#[rstest]
#[case(0)]
#[case(100_001)]
fn impossible_numbers_of_workers_are_declined(#[case] workers: u32) {
    let Err(Decline::Invalid(faults)) = Job::launch(launch_request(workers)) else {
        panic!("should be declined");
    };
    assert_json_snapshot!(format!("{workers}_workers"), faults);
}

#[test]
fn settings_and_options_that_are_unknown_are_declined() {
    let mut request = launch_request(1);
    request.application.framework = json!({"gang": true});
    let framework = Job::launch(request.clone()).unwrap_err();
    request.settings = json!({"ttl": 3});
    let settings = Job::launch(request).unwrap_err();
    assert_json_snapshot!([framework, settings]);
}

#[test]
fn the_same_request_gives_the_same_plan() {
    assert_eq!(Job::launch(launch_request(3)), Job::launch(launch_request(3)));
}
