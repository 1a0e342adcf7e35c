//! Records that more than one role of plugin speaks of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a plugin could not answer, in the user's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// PascalCase; becomes the reason of a condition.
    pub code: String,
    /// One sentence: what was expected and what to do.
    pub message: String,
    /// The user's object that is to blame, as `Kind/name`.
    pub object: String,
    /// Where in that object, as a JSON pointer.
    pub pointer: String,
}

/// The two ways in which a plugin declines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decline {
    /// Somebody must edit something: all faults at once.
    Invalid(Vec<Fault>),
    /// Not an error: something that will come is not there yet.
    Waiting(Vec<Fault>),
}

/// One decided value: what, by whom, why, and what was overruled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// What was decided, such as `workers` or `worker.memory`.
    pub field: String,
    /// The value that holds.
    pub value: Value,
    /// Who decided: an object as `Kind/name`, or `plugin NAME`, or `host`.
    pub by: String,
    /// One clause.
    pub why: String,
    /// What others wanted: pairs of who and value.
    pub over: Vec<(String, Value)>,
}

/// Compute resources of one pod; requests and limits are the same.
///
/// Also part of requests, so it may gain members, and readers ignore what they do not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Thousandths of a CPU core.
    pub cpu_millis: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Extended resources in whole units, by name: `nvidia.com/gpu`.
    pub extended: BTreeMap<String, u64>,
}

/// How big a Run is.
///
/// Also part of requests, so it may gain members, and readers ignore what they do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// How many workers; 0 is allowed.
    pub workers: u32,
    /// Of one worker.
    pub worker: Resources,
}

/// A user's object, as far as a plugin needs to name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectName {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}
