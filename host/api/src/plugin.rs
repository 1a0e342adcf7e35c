//! `Plugin`: a component that an admin let in, and what it may do.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
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
    validation = Rule::new("[has(self.launcher), has(self.sizingPolicy), has(self.progress)].filter(given, given).size() == 1").message("spec must have exactly one of launcher, sizingPolicy and progress"),
    validation = Rule::new("!has(self.signature) || has(self.source.oci)").message("spec.signature is of a source in a registry: set spec.source.oci, or leave it out"),
    validation = Rule::new("has(self.source.file) || has(self.digest)").message("spec.digest is required unless the source is a file of the host's image")
)]
#[serde(rename_all = "camelCase")]
pub struct PluginSpec {
    /// Where its bytes are.
    pub source: Source,
    /// SHA-256 of the component's bytes, `sha256:` and 64 hexadecimal digits; in a registry
    /// the digest of the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// Whose signature the bytes must bear; without it none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// It launches frameworks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<LauncherRole>,
    /// It decides how big Runs are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizing_policy: Option<SizingPolicyRole>,
    /// It reads progress out of log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressRole>,
    /// Lowest wins: it launches before others that claim the same framework; in a chain
    /// of policies it has the last word.
    #[serde(default = "hundred")]
    #[schemars(range(min = 0, max = 1000000), default = "hundred")]
    pub priority: i64,
    /// Namespaces of the Runs that it serves, by their labels; without it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Kinds that it may emit beside those that the platform knows. What is not within the
    /// ceiling of the platform's values (`plugins.ceiling`) is not granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub grants: Vec<Grant>,
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
#[x_kube(validation = Rule::new("[has(self.oci), has(self.configMap), has(self.file)].filter(given, given).size() == 1").message("spec.source must have exactly one of oci, configMap and file"))]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// An artifact of a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oci: Option<OciSource>,
    /// A ConfigMap's `binaryData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// A file of the host's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileSource>,
}

/// An artifact of a registry: a manifest with one layer, the component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OciSource {
    /// Reference, such as `registry.example.com/plugins/dask:1.2`.
    #[schemars(length(min = 1, max = 512))]
    pub reference: String,
    /// Name of a Secret of type `kubernetes.io/dockerconfigjson` in the host's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub pull_secret: Option<String>,
}

/// Whose signature a plugin's bytes must bear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// Public key in PEM, as `cosign generate-key-pair` writes it to `cosign.pub`.
    #[schemars(length(min = 1, max = 4096))]
    pub public_key: String,
}

/// A kind that a plugin may emit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// API group; empty for the core group.
    #[serde(default)]
    #[schemars(length(max = 253))]
    pub group: String,
    /// API version, such as `v1`.
    #[schemars(length(min = 1, max = 63))]
    pub version: String,
    /// Kind, such as `Job`.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Paths that it may write, of those within the ceiling, such as `spec.replicas`; empty:
    /// all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 512)))]
    pub fields: Vec<String>,
    /// Keys of labels that it may write beside those of its own prefix, of those within the
    /// ceiling; empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 317)))]
    pub labels: Vec<String>,
    /// Keys of annotations that it may write beside those of its own prefix, of those within
    /// the ceiling; empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 317)))]
    pub annotations: Vec<String>,
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

/// It reads progress out of log lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgressRole {
    /// Frameworks (`Application.spec.api`) whose logs it reads.
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 63)))]
    pub frameworks: Vec<String>,
}

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
    /// `Launcher`, `SizingPolicy` or `Progress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Digest of the bytes that serve now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Version that the plugin says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is the one that is chosen, for each framework that it claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// What of `spec.grants` is not granted, and why, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_granted: Vec<String>,
    /// What it said last, newest at the end: at most 10 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// Fetched, Verified, Compiled, SettingsValid, Ready, with reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::crds::conditions")]
    pub conditions: Vec<Condition>,
    /// Generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Whether a launcher is the one that is chosen for a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Framework (`Application.spec.api`).
    pub framework: String,
    /// Whether it comes before all others that claim it, where it serves at all.
    pub first: bool,
    /// Why, such as `before other (priority 200)`.
    pub why: String,
}

/// A line that a plugin wrote, or how a call of it failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When the call was that it wrote it in.
    pub time: Time,
    /// `describe`, `decide`, `launch` or `observe`.
    pub step: String,
    /// trace, debug, info, warn or error.
    pub level: String,
    /// At most 256 characters.
    pub message: String,
}
