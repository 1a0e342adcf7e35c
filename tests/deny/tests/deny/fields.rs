//! Every field of the kinds of Kubernetes itself, as its API has them.

use codeflare_deny::cases::refuse_all;
use codeflare_deny::lists;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Service};
use serde_json::Value;

/// The schema of a kind that Kubernetes serves by itself.
fn schema(kind: &str) -> Option<Value> {
    Some(match kind {
        "Job" => schemars::schema_for!(Job).to_value(),
        "Service" => schemars::schema_for!(Service).to_value(),
        "ConfigMap" => schemars::schema_for!(ConfigMap).to_value(),
        _ => return None,
    })
}

#[test]
fn every_field_of_kubernetes_own_kinds_that_is_not_on_the_list_is_refused() {
    let mut seen = Vec::new();
    for list in lists::all() {
        let Some(schema) = schema(&list.kind) else { continue };
        let tally = refuse_all(&list, &schema);
        println!("{} {}: {tally:?}", list.version, list.kind);
        seen.push(list.kind);
    }
    seen.sort();
    assert_eq!(seen, ["ConfigMap", "Job", "Service"]);
}

#[test]
fn a_walk_finds_what_the_schema_has() {
    let schema = schemars::schema_for!(PersistentVolumeClaim).to_value();
    let found = codeflare_deny::schema::fields(&schema);
    for path in ["spec.resources.requests.added", "spec.selector.matchExpressions[].values", "metadata.finalizers"] {
        assert!(found.contains_key(path), "{path} in {found:#?}");
    }
    assert_eq!(found["spec.selector.matchExpressions[].key"], "text");
    assert!(found["metadata.ownerReferences"][0]["uid"].is_string(), "{:?}", found["metadata.ownerReferences"]);
    assert!(found.len() >= codeflare_deny::schema::declared(&schema));
}
