//! `Plugin`: a component that an admin let in, and what it may do.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Period;

/// A WebAssembly component that launches a framework or sizes Runs.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "codeflare.dev",
    version = "v1alpha1",
    kind = "Plugin",
    plural = "plugins",
    shortname = "plg",
    category = "codeflare",
    status = "PluginStatus",
    derive = "PartialEq",
    doc = "Plugin: a WebAssembly component that launches a framework or sizes Runs.",
    printcolumn(name = "Role", type_ = "string", json_path = ".status.role"),
    printcolumn(name = "Claims", type_ = "string", json_path = ".spec.launcher.frameworks"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Digest", type_ = "string", json_path = ".status.digest", priority = 1),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("has(self.launcher) != has(self.sizingPolicy)").message("spec must have exactly one of launcher and sizingPolicy"),
    validation = Rule::new("has(self.source.file) || has(self.digest)").message("spec.digest is required unless the source is a file of the host's image")
)]
#[serde(rename_all = "camelCase")]
pub struct PluginSpec {
    /// Where its bytes are.
    pub source: Source,
    /// SHA-256 of the bytes, `sha256:` and 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// It launches frameworks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<LauncherRole>,
    /// It decides how big Runs are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizing_policy: Option<SizingPolicyRole>,
    /// Lowest wins: it launches before others that claim the same framework; in a chain
    /// of policies it has the last word.
    #[serde(default = "hundred")]
    #[schemars(range(min = 0, max = 1000000), default = "hundred")]
    pub priority: i64,
    /// Settings, checked against the schema that the plugin brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crds::any_object")]
    pub settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// What one call may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

fn hundred() -> i64 {
    100
}

/// Where a plugin's bytes are.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = Rule::new("has(self.configMap) != has(self.file)").message("spec.source must have exactly one of configMap and file"))]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// A ConfigMap's `binaryData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// A file of the host's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileSource>,
}

/// A ConfigMap's `binaryData`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigMapSource {
    /// Namespace of the ConfigMap.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in its `binaryData`.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A file of the host's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSource {
    /// Name of a file in the host's plugin folder, such as `job.wasm`.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*\.wasm$"))]
    pub path: String,
}

/// It launches frameworks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LauncherRole {
    /// Frameworks (`Application.spec.api`) that it claims.
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 63)))]
    pub frameworks: Vec<String>,
}

/// It decides how big Runs are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizingPolicyRole {}

/// What one call may cost. Each missing member takes the platform's default.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Wall time, such as `2s`: the backstop behind the fuel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Period>,
    /// Units of fuel, about one a WebAssembly instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1000))]
    pub fuel: Option<i64>,
    /// Linear memory, such as `64Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))").message("limits.memory must be a quantity above 0, such as 64Mi"))]
    #[schemars(schema_with = "crate::crds::memory")]
    pub memory: Option<Quantity>,
    /// Size of the answer, such as `1Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))").message("limits.output must be a quantity above 0, such as 1Mi"))]
    #[schemars(schema_with = "crate::crds::memory")]
    pub output: Option<Quantity>,
}

/// What the platform says of a Plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginStatus {
    /// `Launcher` or `SizingPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Digest of the bytes that serve now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Version that the plugin says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fetched, Compiled, SettingsValid, Ready, with reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::crds::conditions")]
    pub conditions: Vec<Condition>,
    /// Generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
