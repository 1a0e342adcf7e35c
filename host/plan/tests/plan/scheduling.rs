//! Where pods may run: who has the last word, and what reaches the pod.

use serde_json::{Value, json};

use crate::support::{plan, seen};

fn affinity(zone: &str) -> Value {
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]},
    ]}}})
}

#[test]
fn the_run_has_the_last_word_then_the_application_then_the_size() {
    let spot = json!({"key": "spot", "operator": "Exists", "effect": "NoSchedule"});
    let changes = [
        ("/run/spec/scheduling", json!({"nodeSelector": {"disk": "ssd"}, "tolerations": [spot]})),
        (
            "/application/spec/scheduling",
            json!({"nodeSelector": {"disk": "hdd", "arch": "amd64"}, "tolerations": [spot], "affinity": affinity("a")}),
        ),
        (
            "/configurations/0/spec/config/sm/scheduling",
            json!({
                "nodeSelector": {"disk": "tape", "arch": "amd64", "pool": "small"},
                "tolerations": [{"key": "pool", "operator": "Equal", "value": "small"}],
                "affinity": affinity("b"),
            }),
        ),
    ];
    let (_, all) = plan(&seen(&changes));
    let pod = &all.primary().expect("should have a primary").object["spec"]["template"]["spec"];
    insta::assert_yaml_snapshot!(json!({
        "nodeSelector": pod["nodeSelector"], "tolerations": pod["tolerations"], "affinity": pod["affinity"],
        "choices": all.choices.iter().filter(|choice| choice.field.starts_with("scheduling")).collect::<Vec<_>>(),
    }));
}

#[test]
fn nobody_says_anything_and_nothing_reaches_the_pod() {
    let (_, all) = plan(&seen(&[]));
    let pod = &all.primary().expect("should have a primary").object["spec"]["template"]["spec"];
    for member in ["nodeSelector", "tolerations", "affinity"] {
        assert_eq!(pod.get(member), None);
    }
}
