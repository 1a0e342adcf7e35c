//! As whom the pods run, and who may run an Application from elsewhere.

use codeflare_plan::resolve::resolve;
use serde_json::{Value, json};

use crate::support::{lines, plan, seen};

fn stopped(changes: &[(&str, Value)]) -> Vec<String> {
    lines(&resolve(&seen(changes)).expect_err("should stop"))
}

fn pod(changes: &[(&str, Value)]) -> Value {
    let primary = plan(&seen(changes)).1.primary().expect("should have a primary").object.clone();
    primary["spec"]["template"]["spec"].clone()
}

const ELSEWHERE: [(&str, &str); 2] =
    [("/run/spec/application/namespace", "owner"), ("/application/metadata/namespace", "owner")];

fn elsewhere(sharing: Value) -> Vec<(&'static str, Value)> {
    let mut changes: Vec<_> = ELSEWHERE.map(|(pointer, value)| (pointer, json!(value))).to_vec();
    changes.push(("/application/spec/sharing", sharing));
    changes
}

#[test]
fn an_application_is_run_from_elsewhere_only_where_its_owner_shares_it() {
    for (namespaces, shared) in [
        (json!(["demo"]), true),
        (json!(["other", "demo"]), true),
        (json!(["*"]), true),
        (json!(["demo2", "dem", "owner"]), false),
        (json!([]), false),
    ] {
        let found = resolve(&seen(&elsewhere(json!({"namespaces": namespaces}))));
        assert_eq!(found.is_ok(), shared, "{namespaces}");
    }
    // Its own namespace needs no sharing, also where it is named.
    resolve(&seen(&[("/run/spec/application/namespace", json!("demo"))])).expect("should resolve");
}

#[test]
fn who_may_not_use_an_application_does_not_learn_whether_it_is_there() {
    let mut wrong = elsewhere(json!({"namespaces": ["other"]}));
    // Nor what is wrong with it.
    wrong.push(("/application/spec/command", json!("'")));
    let mut none = elsewhere(Value::Null);
    none.push(("/application", Value::Null));
    let said = stopped(&elsewhere(Value::Null));
    assert_eq!((stopped(&wrong), stopped(&none)), (said.clone(), said.clone()));
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn what_is_named_lies_in_the_namespace_of_the_run() {
    let mut changes = elsewhere(json!({"namespaces": ["*"]}));
    changes.extend([
        ("/application/spec/imagePullSecret", json!("registry")),
        ("/application/spec/serviceAccountNames", json!(["reader"])),
        ("/run/spec/serviceAccountName", json!("reader")),
    ]);
    let plan = plan(&seen(&changes)).1;
    assert!(plan.objects.iter().all(|object| object.object["metadata"]["namespace"] == "demo"));
    let pod = plan.primary().expect("should have a primary").object["spec"]["template"]["spec"].clone();
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "registry"}]));
}

#[test]
fn a_token_is_there_only_for_a_run_that_chooses_one_of_the_list() {
    let list = ("/application/spec/serviceAccountNames", json!(["reader", "writer"]));
    let chosen = |name: &str| ("/run/spec/serviceAccountName", json!(name));
    for changes in [vec![], vec![list.clone()]] {
        let pod = pod(&changes);
        assert_eq!((pod.get("serviceAccountName"), &pod["automountServiceAccountToken"]), (None, &json!(false)));
    }
    let pod = pod(&[list.clone(), chosen("writer")]);
    assert_eq!((&pod["serviceAccountName"], &pod["automountServiceAccountToken"]), (&json!("writer"), &json!(true)));
    insta::assert_yaml_snapshot!([stopped(&[list, chosen("admin")]), stopped(&[chosen("default")])]);
}

#[test]
fn a_priority_is_a_class_where_there_is_one_and_a_choice_that_says_so_otherwise() {
    let classes = ("/site/priorityClasses", json!({"low": "slow", "high": "urgent"}));
    let asked = |priority: &str| ("/run/spec/priority", json!(priority));
    let there = |names: &[&str]| ("/priorityClasses", json!(names));
    let told = |changes: &[(&str, Value)]| {
        let choices = plan(&seen(changes)).1.choices;
        let choice = choices.into_iter().find(|choice| choice.field == "priorityClassName");
        (pod(changes).get("priorityClassName").cloned(), choice)
    };
    // A Run that asks for nothing gets nothing, also where the classes are there.
    assert_eq!(told(&[classes.clone(), there(&["slow", "urgent"])]), (None, None));
    insta::assert_yaml_snapshot!([
        told(&[classes.clone(), there(&["slow", "urgent"]), asked("high")]),
        told(&[classes.clone(), there(&["slow"]), asked("high")]),
        told(&[classes, there(&["slow", "urgent"]), asked("normal")]),
    ]);
}

#[test]
fn user_and_group_are_the_applications_then_the_installations() {
    let context = |changes: &[(&str, Value)]| pod(changes)["securityContext"].clone();
    let user = |user: i64| ("/application/spec/runAsUser", json!(user));
    let group = |group: i64| ("/application/spec/fsGroup", json!(group));
    let site = ("/site/user", json!(2000));
    let baseline = ("/site/podSecurity", json!("baseline"));
    for (changes, wanted_user, wanted_group) in [
        (vec![], Some(1000), 1000),
        (vec![site.clone()], Some(2000), 2000),
        (vec![site.clone(), user(101)], Some(101), 2000),
        (vec![site.clone(), group(0)], Some(2000), 0),
        (vec![user(101), group(102)], Some(101), 102),
        // Baseline leaves the user to the image, unless the Application names one.
        (vec![baseline.clone(), site], None, 2000),
        (vec![baseline.clone(), user(0), group(5)], Some(0), 5),
    ] {
        let context = context(&changes);
        assert_eq!(context.get("runAsUser").and_then(Value::as_i64), wanted_user, "{changes:?}");
        assert_eq!(context["fsGroup"], wanted_group, "{changes:?}");
        let restricted = !changes.contains(&baseline);
        assert_eq!(context.get("runAsNonRoot").is_some(), restricted, "{changes:?}");
    }
    insta::assert_yaml_snapshot!(stopped(&[user(0)]));
}
