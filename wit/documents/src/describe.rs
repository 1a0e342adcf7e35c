//! What a plugin says of itself (`codeflare:plugin/describe`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Answer of `describe`, called once when a plugin is loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Name of the plugin, a DNS label.
    pub name: String,
    /// Semantic version of the plugin.
    pub version: String,
    /// One sentence for people.
    pub summary: String,
    /// Frameworks that it can launch (`Application.spec.api`); empty for other roles.
    #[serde(default)]
    pub frameworks: Vec<String>,
    /// Kinds that it may emit.
    #[serde(default)]
    pub kinds: Vec<EmittedKind>,
    /// Ways to launch, any of which will do, by what each needs of the cluster; the
    /// launcher chooses among those that are served. Empty: it needs all of `kinds`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// JSON Schema of `Plugin.spec.settings`.
    #[serde(default = "any_object")]
    pub settings_schema: Value,
    /// JSON Schema of the framework options that an Application may set.
    #[serde(default = "any_object")]
    pub framework_schema: Value,
    /// Of a sizing policy: whether it wants `usage` in its requests. Decisions of Runs that
    /// such a policy sizes are made one after the other in each namespace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub usage: bool,
}

/// One way in which a launcher can launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Name, as in `settings.variant`.
    pub name: String,
    /// Kinds that must be served for it, also those that it does not emit itself.
    pub needs: Vec<EmittedKind>,
}

impl Description {
    /// Every kind that matters to the plugin: emitted, or needed by a variant.
    pub fn all_kinds(&self) -> impl Iterator<Item = &EmittedKind> {
        self.kinds.iter().chain(self.variants.iter().flat_map(|variant| &variant.needs))
    }
}

/// A kind of Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EmittedKind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Kind, such as `Job`.
    pub kind: String,
}

impl EmittedKind {
    /// `batch/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

fn any_object() -> Value {
    serde_json::json!({"type": "object"})
}
