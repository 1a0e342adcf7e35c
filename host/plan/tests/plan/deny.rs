//! Default deny, for every field that Kubernetes has: what is not on the closed list is
//! refused, whatever its value.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};

use crate::support::{plan_with, seen};

/// Every path of a type, as JSON pointers; elements of lists are `0`.
fn paths(root: &Value, schema: &Value, prefix: &str, depth: usize, found: &mut BTreeSet<String>) {
    let mut schemas = vec![schema];
    for combined in ["allOf", "anyOf", "oneOf"] {
        schemas.extend(schema.get(combined).and_then(Value::as_array).into_iter().flatten());
    }
    for schema in schemas {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|at| root.pointer(at.trim_start_matches('#')));
        if depth > 12 {
            continue;
        }
        if let Some(target) = target {
            paths(root, target, prefix, depth + 1, found);
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{prefix}/{name}");
            found.insert(path.clone());
            paths(root, property, &path, depth + 1, found);
        }
        if let Some(items) = schema.get("items") {
            paths(root, items, &format!("{prefix}/0"), depth + 1, found);
        }
    }
}

/// A value with something at a path; `0` makes a list.
fn nested(path: &[&str], leaf: &Value) -> Value {
    match path {
        [] => leaf.clone(),
        ["0", rest @ ..] => json!([nested(rest, leaf)]),
        [name, rest @ ..] => json!({*name: nested(rest, leaf)}),
    }
}

/// Lays one value over another: members are added, anything else is replaced.
fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                overlay(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

fn refused(schema: &Value, manifest: usize, listed: &[&str]) -> usize {
    let two = seen(&[("/run/spec/size", json!("md"))]);
    let good = plan_with(&two, &[]).expect("should be a plan");
    assert_eq!(good.objects.len(), 2);
    let mut all = BTreeSet::new();
    paths(schema, schema, "", 0, &mut all);
    for path in &all {
        if listed.contains(&path.as_str()) || listed.iter().any(|one| one.starts_with(&format!("{path}/"))) {
            continue;
        }
        let parts: Vec<_> = path.split('/').skip(1).collect();
        for leaf in [json!(true), json!(1), json!("x"), json!({}), json!([]), json!({"$pod": "worker"})] {
            let changed = |draft: &mut Value| overlay(&mut draft["object"], nested(&parts, &leaf));
            let result = changed_plan(&two, manifest, changed);
            assert!(result, "{path}: {leaf} was let through");
        }
    }
    all.len()
}

fn changed_plan(seen: &codeflare_plan::seen::Seen, manifest: usize, change: impl Fn(&mut Value)) -> bool {
    use codeflare_documents::call::{Answer, Request};
    let answers = |call: &codeflare_plan::plan::Call| match &call.request {
        Request::Launch(request) => {
            let mut draft = crate::support::launch(request);
            change(&mut draft["manifests"][manifest]);
            Ok(Answer::Launched(crate::support::from(draft)))
        }
        _ => crate::support::ask(call),
    };
    codeflare_plan::draft::drive(seen, 1, answers).is_err()
}

#[test]
fn every_field_of_a_job_that_is_not_on_the_list_is_refused() {
    let listed = [
        "/apiVersion",
        "/kind",
        "/metadata/name",
        "/metadata/labels",
        "/metadata/annotations",
        "/spec/completionMode",
        "/spec/completions",
        "/spec/parallelism",
        "/spec/backoffLimit",
        "/spec/podReplacementPolicy",
        "/spec/suspend",
        "/spec/template",
    ];
    let fields = refused(&schemars::schema_for!(Job).to_value(), 0, &listed);
    assert!(fields > 500, "{fields} fields: a Job has more, the schema was not walked");
}

#[test]
fn every_field_of_a_service_that_is_not_on_the_list_is_refused() {
    let listed = [
        "/apiVersion",
        "/kind",
        "/metadata/name",
        "/metadata/labels",
        "/metadata/annotations",
        "/spec/clusterIP",
        "/spec/type",
        "/spec/publishNotReadyAddresses",
        "/spec/selector",
        "/spec/ports",
        "/spec/ports/0/name",
        "/spec/ports/0/port",
        "/spec/ports/0/targetPort",
        "/spec/ports/0/protocol",
    ];
    let fields = refused(&schemars::schema_for!(Service).to_value(), 1, &listed);
    assert!(fields > 50, "{fields} fields: a Service has more, the schema was not walked");
}
