//! What policies are asked, and which of their decisions can be counted with.

use codeflare_documents::call::{Answer, Request};
use codeflare_plan::draft::{Next, draft, drive};
use codeflare_plan::plan::Call;
use codeflare_plan::seen::Seen;
use serde_json::{Value, json};

use crate::support::{ask, lines, plan, policy, seen};

#[test]
fn quantities_are_whole_numbers_and_everybody_is_named() {
    let seen = seen(&[
        ("/run/spec/size", json!("md")),
        ("/application/spec/workers", json!(3)),
        ("/site/gpuResource", json!("amd.com/gpu")),
    ]);
    let (exchanges, _) = plan(&seen);
    let Request::Decide { request, .. } = &exchanges[0].request else { unreachable!() };
    insta::assert_yaml_snapshot!(request);
}

#[test]
fn a_quantity_that_is_none_is_named_by_object_and_field() {
    let seen = seen(&[
        ("/configurations/0/spec/config/sm/cpu", json!("two")),
        ("/configurations/0/spec/config/md/memory", json!("16GB")),
    ]);
    let stop = drive(&seen, 1, ask).expect_err("should stop");
    let object = "FieldInvalid: RunSizeConfiguration/codeflare-default";
    assert_eq!(
        lines(&stop),
        [
            "Sized".to_owned(),
            format!("{object} /spec/config/md/memory: `16GB` is not a quantity, such as 2, 500m or 16Gi"),
            format!("{object} /spec/config/sm/cpu: `two` is not a quantity, such as 2, 500m or 16Gi"),
        ]
    );
}

#[test]
fn only_a_policy_that_wants_it_is_told_what_the_namespace_uses() {
    let usage = json!({"runs": 1, "workers": 2, "cpuMillis": 500, "memoryBytes": 7, "extended": {"a/gpu": 3}});
    let mut budget = policy("budget", 50);
    budget["ready"]["description"]["usage"] = json!(true);
    let plugins = ("/plugins/-", budget);
    let counted = seen(&[plugins.clone(), ("/usage", usage.clone())]);
    let (exchanges, plan) = plan(&counted);
    let told: Vec<_> = exchanges
        .iter()
        .filter_map(|one| match &one.request {
            Request::Decide { request, .. } => Some((one.plugin.as_str(), json!(request.usage))),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("sizes", Value::Null), ("budget", usage)]);
    // What was recorded is what is replayed: the usage is one of the inputs.
    let recorded: Seen = serde_json::from_value(json!(counted)).expect("should read what it wrote");
    assert_eq!(draft(&recorded, 1, &exchanges), Ok(Next::Plan(Box::new(plan))));
    // Nobody has counted: nothing is decided on a guess.
    let stop = drive(&seen(&[plugins]), 1, ask).expect_err("should stop");
    assert_eq!(
        lines(&stop),
        [
            "Sized",
            "PluginWaiting: Plugin/budget: what the namespace uses is counted first; it is asked again in a moment",
        ]
    );
}

#[test]
fn a_decision_that_cannot_be_counted_with_is_the_policys_failure() {
    let decided = |size: Value| {
        let answers = move |call: &Call| match &call.request {
            Request::Decide { .. } => {
                Ok(Answer::Decided(serde_json::from_value(json!({"size": size, "choices": []})).expect("a decision")))
            }
            _ => ask(call),
        };
        drive(&seen(&[]), 1, answers).map(|(_, plan)| plan.size.workers).map_err(|stop| lines(&stop))
    };
    let size = |workers: u32, cpu: u32, memory: u32, extended: Value| json!({"workers": workers, "worker": {"cpuMillis": cpu, "memoryBytes": memory, "extended": extended}});
    assert_eq!(decided(size(10_000, 1, 1, json!({"a/b": 1}))), Ok(10_000));
    assert_eq!(decided(size(0, 1, 1, json!({}))), Ok(0));
    insta::assert_yaml_snapshot!([
        decided(size(10_001, 1, 1, json!({}))),
        decided(size(1, 0, 1, json!({}))),
        decided(size(1, 1, 0, json!({"memory": 1, "a/b": 1}))),
    ]);
}

#[test]
fn a_plugin_that_blames_itself_is_named_as_its_object_is() {
    let of_both = |object: &str| {
        let seen = seen(&[("/plugins/0/name", json!("fast")), ("/plugins/1/name", json!("ours"))]);
        let declined = || {
            let fault = json!({"code": "Odd", "message": "why", "object": object, "pointer": "/spec/settings/a"});
            Answer::Declined(serde_json::from_value(json!({"invalid": [fault]})).expect("should be a decline"))
        };
        let objects = |policy_declines: bool| {
            let answers = move |call: &Call| match &call.request {
                Request::Decide { .. } if !policy_declines => ask(call),
                _ => Ok(declined()),
            };
            let stop = drive(&seen, 1, answers).expect_err("should be declined");
            stop.problems.into_iter().map(|problem| problem.fault.object).collect::<Vec<_>>().join(" ")
        };
        (objects(false), objects(true))
    };
    let pair = |launcher: &str, policy: &str| (launcher.to_owned(), policy.to_owned());
    // The bytes call themselves `job` and `sizes`.
    assert_eq!(of_both(""), pair("Plugin/fast", "Plugin/ours"));
    assert_eq!(of_both("Plugin/job"), pair("Plugin/fast", "Plugin/job"));
    assert_eq!(of_both("Plugin/sizes"), pair("Plugin/sizes", "Plugin/ours"));
    for other in ["Plugin/other", "Application/greet", "Plugin/"] {
        assert_eq!(of_both(other), pair(other, other));
    }
}
