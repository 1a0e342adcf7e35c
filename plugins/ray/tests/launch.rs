//! Every shape of a launch, as snapshots; and what is declined.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use codeflare_plugin::kind;
use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::launch_request;
use insta::assert_json_snapshot;
use ray::Ray;
use rstest::rstest;
use serde_json::{Value, json};

const SOURCES: [(&str, &str); 2] =
    [("head.py", include_str!("../src/head.py")), ("worker.py", include_str!("../src/worker.py"))];

/// A Run with so many workers, in a cluster with or without KubeRay.
fn request(workers: u32, kuberay: bool) -> LaunchRequest {
    let mut request = launch_request(workers);
    request.application.api = "ray".into();
    request.application.workdir = Some("/workdir".into());
    request.served = vec![kind("batch", "v1", "Job"), kind("", "v1", "Service")];
    if kuberay {
        request.served.push(kind("ray.io", "v1", "RayJob"));
    }
    request
}

/// The plan, with the names of the Python programs in place of their texts.
fn plan(request: LaunchRequest) -> Value {
    let mut plan = Ray::launch(request).unwrap();
    for role in &mut plan.roles {
        if let Command::Argv(argv) = &mut role.command {
            for (name, source) in SOURCES {
                argv.iter_mut().filter(|word| *word == source).for_each(|word| *word = name.into());
            }
        }
    }
    json!(plan)
}

#[test]
fn description() {
    let mut description = Ray::describe();
    description.version = "VERSION".into();
    assert_json_snapshot!(description);
}

#[rstest]
#[case::rayjob_alone(0, true)]
#[case::rayjob_two_workers(2, true)]
#[case::job_alone(0, false)]
#[case::job_two_workers(2, false)]
fn shape(#[case] workers: u32, #[case] kuberay: bool) {
    let name = format!("{}_{workers}_workers", if kuberay { "rayjob" } else { "job" });
    assert_json_snapshot!(name, plan(request(workers, kuberay)));
}

/// Everything that an Application and a size can ask for.
fn rich(kuberay: bool) -> LaunchRequest {
    let mut request = request(2, kuberay);
    request.size.worker.extended.insert("nvidia.com/gpu".into(), 1);
    request.application.requirements = vec!["qiskit==0.37.0".into(), "numpy<2 ; python_version > \"3.8\"".into()];
    request.application.framework = json!({
        "rayVersion": "2.52.0",
        "rayStartParams": {"num-cpus": "3", "num-gpus": 1, "memory": "1000000000", "object-store-memory": "500000000"},
        "head": {"cpu": "500m", "memory": "1.5Gi", "numCpus": 1},
    });
    request
}

#[rstest]
#[case("rayjob_rich", true)]
#[case("job_rich", false)]
fn options(#[case] name: &str, #[case] kuberay: bool) {
    assert_json_snapshot!(name, plan(rich(kuberay)));
}

#[test]
fn without_workers_the_head_has_their_gpus_and_parameters() {
    let mut request = rich(true);
    request.size.workers = 0;
    request.application.framework["head"] = json!({});
    let plan = Ray::launch(request).unwrap();
    let head = plan.roles.iter().find(|role| role.name == "head").unwrap();
    assert_eq!(head.resources.as_ref().unwrap().extended["nvidia.com/gpu"], 1);
    let params = &plan.manifests[0].object["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"];
    assert_eq!(params["num-cpus"], "3");
    assert_eq!(params["num-gpus"], "1");
}

#[test]
fn a_large_worker_makes_a_large_head_without_gpus() {
    let mut request = rich(false);
    request.size.worker.cpu_millis = 8000;
    request.application.framework = json!({});
    let head = &Ray::launch(request).unwrap().roles[0];
    let resources = head.resources.as_ref().unwrap();
    assert_eq!((resources.cpu_millis, resources.extended.len()), (8000, 0));
}

#[rstest]
#[case("private @ https://${TOKEN}@host/x.whl")]
#[case("a`id`")]
fn what_a_shell_would_change_is_left_to_the_host(#[case] requirement: &str) {
    let mut request = request(2, true);
    request.application.requirements = vec!["numpy".into(), requirement.into()];
    let plan = Ray::launch(request).unwrap();
    assert_eq!(plan.more, json!({}));
    assert!(plan.manifests[0].object["spec"].get("runtimeEnvYAML").is_none());
    assert!(plan.choices.iter().any(|choice| choice.field == "requirements"));
}

#[test]
fn words_of_users_reach_the_program_as_they_are() {
    let mut request = request(0, false);
    request.application.argv = vec!["python3".into(), "--".into(), "a \"b\"\n$(X) 'y' `z`".into()];
    let words = request.application.argv.clone();
    let Command::Argv(argv) = &Ray::launch(request).unwrap().roles[0].command else { panic!("expected words") };
    let end = argv.iter().position(|word| word == "--").unwrap();
    assert_eq!(argv[end + 1..], words);
}

#[rstest]
#[case::auto_with_kuberay(json!({}), true, "rayjob")]
#[case::auto_without(json!({"variant": "auto"}), false, "job")]
#[case::fixed_job(json!({"variant": "job"}), true, "job")]
#[case::fixed_rayjob(json!({"variant": "rayjob"}), true, "rayjob")]
fn the_variant(#[case] settings: Value, #[case] kuberay: bool, #[case] variant: &str) {
    let plan = Ray::launch(LaunchRequest { settings, ..request(1, kuberay) }).unwrap();
    assert_eq!(plan.choices[0].value, variant);
    assert_eq!(plan.manifests[0].object["kind"], if variant == "rayjob" { "RayJob" } else { "Job" });
}

#[rstest]
#[case::no_kuberay("rayjob", vec![kind("batch", "v1", "Job")])]
#[case::no_job("job", vec![kind("ray.io", "v1", "RayJob")])]
fn a_kind_that_is_not_served_is_waited_for(
    #[case] variant: &str,
    #[case] served: Vec<codeflare_plugin::documents::describe::EmittedKind>,
) {
    let request = LaunchRequest { settings: json!({"variant": variant}), served, ..request(1, false) };
    assert_json_snapshot!(format!("{variant}_not_served"), Ray::launch(request).unwrap_err());
}

#[rstest]
#[case::shell(json!({"rayStartParams": {"num-cpus": "2; id"}}), "/spec/framework/rayStartParams")]
#[case::negative(json!({"rayStartParams": {"num-cpus": -1}}), "/spec/framework/rayStartParams")]
#[case::empty(json!({"rayStartParams": {"memory": ""}}), "/spec/framework/rayStartParams")]
#[case::other_key(json!({"rayStartParams": {"temp-dir": "/x"}}), "/spec/framework/rayStartParams")]
#[case::no_cpu(json!({"head": {"cpu": "0"}}), "/spec/framework/head")]
#[case::no_memory(json!({"head": {"memory": "4 gigs"}}), "/spec/framework/head")]
#[case::mode(json!({"submissionMode": "HTTPMode"}), "/spec/framework/submissionMode")]
fn bad_options_are_declined(#[case] framework: Value, #[case] pointer: &str) {
    let mut request = request(1, true);
    request.application.framework = framework;
    let Err(Decline::Invalid(faults)) = Ray::launch(request) else { panic!("should be declined") };
    assert_eq!((faults[0].object.as_str(), faults[0].pointer.as_str()), ("Application/trainer", pointer));
}

#[test]
fn too_many_workers_and_unknown_settings_are_declined() {
    let settings = LaunchRequest { settings: json!({"variant": "raycluster"}), ..request(1, true) };
    assert_json_snapshot!([Ray::launch(request(100_001, true)).unwrap_err(), Ray::launch(settings).unwrap_err()]);
}

#[rstest]
fn the_same_request_gives_the_same_plan(#[values(true, false)] kuberay: bool) {
    assert_eq!(Ray::launch(rich(kuberay)), Ray::launch(rich(kuberay)));
}
