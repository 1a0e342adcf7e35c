//! Namespace, owner and labels: what no plugin ever writes.

use codeflare_api::{GROUP, VERSION, labels};
use codeflare_documents::launcher::Manifest;
use serde_json::{Value, json};

use super::holes::Holes;

/// Stamps an object whose holes are filled.
pub(crate) fn stamp(holes: &Holes<'_>, manifest: &Manifest, object: &mut Value) {
    let resolved = holes.resolved;
    let part = if manifest.primary { "primary" } else { "supporting" };
    let ours = [
        (labels::MANAGED_BY, labels::MANAGER.to_owned()),
        (labels::RUN, labels::run_value(&resolved.run.name)),
        (labels::RUN_UID, resolved.uid.clone()),
        (labels::ATTEMPT, holes.attempt.to_string()),
        (labels::PART, part.to_owned()),
    ];
    let mut all = object.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    for (name, value) in &holes.seen.site.labels {
        put(&mut all, name, value.clone().into());
    }
    for (name, value) in ours {
        put(&mut all, name, value.into());
    }
    let Some(metadata) = object.get_mut("metadata") else {
        return;
    };
    put(metadata, "labels", all);
    put(metadata, "namespace", resolved.run.namespace.clone().into());
    // Exactly one owner: schedulers that walk owners stop at it. It does not block the
    // Run's deletion, since the Run has nothing to wait for.
    put(metadata, "ownerReferences", json!([owner(&resolved.run.name, &resolved.uid)]));
}

/// Sets a member of an object.
pub(crate) fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// The owner reference to a Run.
pub(crate) fn owner(name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"), "kind": "Run", "name": name, "uid": uid,
        "controller": true, "blockOwnerDeletion": false,
    })
}
