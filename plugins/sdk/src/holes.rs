//! Holes of a manifest: what only the host may write, it writes there.

use serde_json::{Value, json};

/// A PodTemplateSpec of this role. A role fills exactly one.
pub fn pod(role: &str) -> Value {
    json!({"$pod": role})
}

/// How many pods this role has.
pub fn count(role: &str) -> Value {
    json!({"$count": role})
}

/// Labels that select the pods of this role, of this attempt.
pub fn selector(role: &str) -> Value {
    json!({"$selector": role})
}

/// Name of an object of this attempt: the base name of the request, a dash and the
/// suffix; the base name alone where the suffix is empty.
pub fn name(suffix: &str) -> Value {
    json!({"$name": suffix})
}
