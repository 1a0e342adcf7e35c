//! Every shape of a launch, as snapshots; and what is declined.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use codeflare_plugin::documents::describe::EmittedKind;
use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::launch_request;
use insta::assert_json_snapshot;
use rstest::rstest;
use serde_json::{Value, json};
use torch::Torch;

fn served(shape: &str) -> Vec<EmittedKind> {
    let mut kinds: Vec<_> = Torch::describe().all_kinds().cloned().collect();
    let rank = |kind: &EmittedKind| match kind.group.as_str() {
        "trainer.kubeflow.org" => 2,
        "jobset.x-k8s.io" => 1,
        _ => 0,
    };
    let most = ["job", "jobset", "trainjob"].iter().position(|name| *name == shape).unwrap();
    kinds.retain(|kind| rank(kind) <= most);
    kinds
}

/// With all that the shape needs, and nothing better.
fn request(shape: &str, workers: u32, gpus: u64) -> LaunchRequest {
    let mut request = launch_request(workers);
    request.application.api = "torch".into();
    request.size.worker.cpu_millis = 8000;
    if gpus > 0 {
        request.size.worker.extended = [("nvidia.com/gpu".to_owned(), gpus)].into();
    }
    request.served = served(shape);
    request
}

/// The plan without the text of start.py.
fn short(plan: &LaunchPlan) -> Value {
    let start = json!(include_str!("../src/start.py")).to_string();
    serde_json::from_str(&json!(plan).to_string().replace(&start, "\"START\"")).unwrap()
}

fn faults(request: LaunchRequest) -> Vec<Fault> {
    match Torch::launch(request).unwrap_err() {
        Decline::Invalid(faults) | Decline::Waiting(faults) => faults,
    }
}

#[test]
fn description() {
    let mut description = Torch::describe();
    description.version = "VERSION".into();
    assert_json_snapshot!(description);
}

#[rstest]
fn shapes(#[values("trainjob", "jobset", "job")] shape: &str, #[values(1, 2)] workers: u32, #[values(0, 4)] gpus: u64) {
    let plan = Torch::launch(request(shape, workers, gpus)).unwrap();
    assert_json_snapshot!(format!("{shape}_{workers}_workers_{gpus}_gpus"), short(&plan));
}

#[rstest]
#[case("trainjob")]
#[case("jobset")]
#[case("job")]
fn a_shape_can_be_chosen_where_a_better_one_is_served(#[case] shape: &str) {
    let mut request = request("trainjob", 2, 0);
    let best = Torch::launch(request.clone()).unwrap();
    request.settings = json!({"variant": shape});
    let plan = Torch::launch(request).unwrap();
    assert_eq!((&plan.choices[0].value, plan.choices[0].by.as_str()), (&json!(shape), "Plugin/torch"));
    assert_eq!(plan.manifests == best.manifests, shape == "trainjob");
}

#[rstest]
#[case::trainjob("jobset")]
#[case::jobset("job")]
fn a_chosen_shape_waits_until_it_is_served(#[case] without: &str) {
    let better = if without == "job" { "jobset" } else { "trainjob" };
    let mut request = request(without, 2, 0);
    request.settings = json!({"variant": better});
    let decline = Torch::launch(request).unwrap_err();
    assert!(matches!(decline, Decline::Waiting(_)));
    assert_json_snapshot!(format!("{better}_not_served"), decline);
}

#[test]
fn half_of_the_trainer_is_not_enough() {
    let mut request = request("trainjob", 2, 0);
    request.served.retain(|kind| kind.kind != "TrainingRuntime");
    assert_eq!(Torch::launch(request).unwrap().choices[0].value, "jobset");
}

#[rstest]
#[case("job", 0)]
#[case("job", 100_001)]
#[case("jobset", 0)]
fn impossible_numbers_of_workers_are_declined(#[case] shape: &str, #[case] workers: u32) {
    assert_json_snapshot!(format!("{shape}_{workers}_workers"), faults(request(shape, workers, 0)));
}

#[rstest]
#[case("jobset", 1000, true)]
#[case("jobset", 1001, false)]
#[case("trainjob", 1001, false)]
#[case("job", 1001, true)]
fn names_of_pods_limit_the_workers_of_a_jobset(#[case] shape: &str, #[case] workers: u32, #[case] fits: bool) {
    let mut request = request(shape, workers, 0);
    request.name = "a".repeat(46);
    assert_eq!(Torch::launch(request).is_ok(), fits);
}

#[rstest]
#[case::own(json!({}), 4, 4, "2")]
#[case::fewer(json!({"procPerNode": 2}), 4, 2, "4")]
#[case::more_than_cores(json!({"procPerNode": 16}), 0, 16, "1")]
#[case::as_it_would_be(json!({"procPerNode": 4}), 4, 4, "2")]
#[case::no_gpus(json!({}), 0, 1, "8")]
fn as_many_processes_as(#[case] framework: Value, #[case] gpus: u64, #[case] processes: u64, #[case] threads: &str) {
    let mut request = request("job", 2, gpus);
    request.application.framework = framework.clone();
    let plan = Torch::launch(request).unwrap();
    let Command::Argv(argv) = &plan.roles[0].command else { panic!("should have words") };
    assert_eq!(argv[3], threads);
    let set = ("PET_NPROC_PER_NODE".to_owned(), EnvValue::Text(processes.to_string()));
    assert!(plan.roles[0].env.contains(&set));
    let choice = &plan.choices[1];
    assert_eq!(choice.value, processes);
    assert_eq!(choice.by == "Application/trainer", framework != json!({}));
    let own = gpus.max(1);
    let over = if own == processes { vec![] } else { vec![("plugin torch".to_owned(), json!(own))] };
    assert_eq!(choice.over, over);
}

#[test]
fn settings_and_options_that_are_unknown_are_declined() {
    let mut request = request("job", 1, 0);
    request.application.framework = json!({"procPerNode": 0});
    let framework = Torch::launch(request.clone()).unwrap_err();
    request.settings = json!({"variant": "pytorchjob"});
    let settings = Torch::launch(request).unwrap_err();
    assert_json_snapshot!([framework, settings]);
}

#[test]
fn the_same_request_gives_the_same_plan() {
    let request = request("trainjob", 3, 1);
    assert_eq!(Torch::launch(request.clone()), Torch::launch(request));
}
