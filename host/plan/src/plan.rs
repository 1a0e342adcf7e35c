//! The plan of one attempt: specific enough that nothing is left to choose when it is
//! executed.

use codeflare_documents::call::{Answer, Request};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::launcher::{Control, Ends};
use codeflare_documents::shared::{Choice, Size};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::seen::Seen;

/// The locked plan of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Base name of the attempt's objects.
    pub name: String,
    /// Namespace of the Run and of every object.
    pub namespace: String,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// Objects in the order in which they are created: the primary last.
    pub objects: Vec<PlannedObject>,
    /// Roles with the number of their pods.
    pub roles: Vec<PlannedRole>,
    /// What can be switched on a live object; `manifest` counts `objects`.
    pub controls: Vec<Control>,
    /// Every decided value.
    pub choices: Vec<Choice>,
    /// Name of the size.
    pub size_name: String,
    /// The size.
    pub size: Size,
    /// Plugin that launched, and observes.
    pub launcher: PlannedPlugin,
    /// Policies in the order in which they were asked.
    pub sizing_policies: Vec<PlannedPlugin>,
    /// Attempts after the first.
    pub retries: u32,
    /// Exit codes that are worth another attempt; empty: the launcher judges.
    pub retry_exit_codes: Vec<i32>,
}

impl Plan {
    /// The object whose state is the Run's state: the last one.
    pub fn primary(&self) -> Option<&PlannedObject> {
        self.objects.iter().find(|object| object.primary)
    }
}

/// One object, complete: names, namespace, owner, labels and pods are in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedObject {
    /// Its kind.
    pub kind: EmittedKind,
    /// Its name.
    pub name: String,
    /// Whether it is the primary.
    pub primary: bool,
    /// When it goes.
    pub ends: Ends,
    /// Whether the host added it; launchers are not shown it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_host: bool,
    /// As it is sent.
    pub object: Value,
}

/// A role and how many pods it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRole {
    /// Name; also of the main container.
    pub name: String,
    /// Pods in all.
    pub count: u32,
}

/// A plugin as it was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedPlugin {
    /// Name of the Plugin.
    pub name: String,
    /// Digest of its bytes.
    pub digest: String,
    /// Settings that it was given.
    pub settings: Map<String, Value>,
}

/// A key of a Secret in the Run's namespace. Its value never reaches the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey {
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
}

/// One call of a plugin and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Name of the Plugin.
    pub plugin: String,
    /// Digest of its bytes.
    pub digest: String,
    /// What it was asked.
    pub request: Request,
    /// What it answered.
    pub answer: Answer,
}

/// A call that a decision needs before it can go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Name of the Plugin.
    pub plugin: String,
    /// Digest of its bytes.
    pub digest: String,
    /// What it is asked.
    pub request: Request,
}

/// What is recorded of one attempt, before anything of it is created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Version of the host that planned.
    pub host: String,
    /// What was seen.
    pub seen: Seen,
    /// Every call of a plugin, in order.
    pub exchanges: Vec<Exchange>,
    /// What came of it.
    pub plan: Plan,
    /// SHA-256 of the plan's JSON, `sha256:…`.
    pub digest: String,
}
