//! `Application`: what can be run.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Period;
use crate::scheduling::Scheduling;

/// What can be run: its framework, image, command line, size and defaults.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "codeflare.dev",
    version = "v1alpha1",
    kind = "Application",
    plural = "applications",
    shortname = "app",
    category = "codeflare",
    namespaced,
    status = "ApplicationStatus",
    derive = "PartialEq",
    doc = "Application: what can be run. A Run makes it go.",
    printcolumn(name = "API", type_ = "string", json_path = ".spec.api"),
    printcolumn(name = "Image", type_ = "string", json_path = ".spec.image"),
    printcolumn(name = "Command", type_ = "string", json_path = ".spec.command"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("!(has(self.repo) && has(self.code))").message("spec.repo and spec.code both say where the source is; leave one of them out"),
    validation = Rule::new("has(self.repo) || !(has(self.ref) || has(self.path) || has(self.repoSecret))").message("spec.ref, spec.path and spec.repoSecret say more of spec.repo; set it too")
)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSpec {
    /// The framework: any string that a launcher plugin claims, such as `job`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub api: String,
    /// Container image.
    #[schemars(length(min = 1, max = 512))]
    pub image: String,
    /// Secret, in the Run's namespace, with which nodes pull the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub image_pull_secret: Option<String>,
    /// The program and its fixed arguments: one string, split into words as a shell
    /// would split it, never run by a shell.
    #[schemars(length(min = 1, max = 65536))]
    pub command: String,
    /// The program's source, in place: files of the folder in which it starts. Without it
    /// the image has the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(validation = Rule::new("self.all(one, self.exists_one(other, other.name == one.name))")
        .message("spec.code: each name once"))]
    #[schemars(length(max = 64))]
    pub code: Vec<CodeFile>,
    /// The program's source, in a git repository: the address of a folder's web page, such as
    /// `https://host/org/repo/tree/main/examples`, or of the repository itself, with `ref` and
    /// `path`. Each Run has the commit that was there when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^https?://"))]
    pub repo: Option<String>,
    /// Branch, tag or commit of `repo`; without it the default branch. Not for the address of
    /// a web page, which has it.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub reference: Option<String>,
    /// Folder of `repo` in which the program starts; without it the whole repository. Not for
    /// the address of a web page, which has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub path: Option<String>,
    /// Secret with the credentials for `repo`. Without it those of the PlatformRepoSecret
    /// whose pattern matches best, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_secret: Option<RepoSecretRef>,
    /// Packages of the program's language, a line each as in a requirements file, such as
    /// `qiskit==0.37.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub requirements: Option<String>,
    /// Default options, split into words and put behind the command. `Run.options`
    /// replaces them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub options: Option<String>,
    /// The arguments that Runs may give: a JSON Schema (2020-12) of type object. Each
    /// property is passed as the flag `--NAME` unless it says otherwise: `x-flag` (another
    /// flag), `x-positional` (a number: its place behind the flags), `x-env` (a variable),
    /// `x-secret` (with `x-env`: the argument is `{name, key}` of a Secret in `secretNames`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crds::any_object")]
    pub parameters: Option<serde_json::Map<String, serde_json::Value>>,
    /// Secrets, in the Run's namespace, that arguments may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub secret_names: Vec<String>,
    /// ServiceAccounts, in the Run's namespace, of which a Run may choose one. Without a
    /// choice the program has no token of any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub service_account_names: Vec<String>,
    /// Who may run it from other namespaces; without it nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// User of its containers, by number; without it the one that the installation says. 0,
    /// which is root, only where pods are not restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub run_as_user: Option<i64>,
    /// Group that its volumes belong to, by number; without it the one that the installation
    /// says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub fs_group: Option<i64>,
    /// Environment of the program. A Run's variable of the same name wins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[x_kube(validation = Rule::new("self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]*$'))")
        .message("spec.env: a name has letters, digits and underscores, and does not start with a digit"))]
    #[schemars(schema_with = "crate::crds::env_map")]
    pub env: BTreeMap<String, String>,
    /// Size where the Run names none: a name in a RunSizeConfiguration, such as `md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub size: Option<String>,
    /// Number of workers where the Run names none; without it the size's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10000))]
    pub workers: Option<u32>,
    /// Least memory of one worker, such as `24Gi`, whatever the size says; ceilings hold over
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))").message("spec.minMemory must be a quantity above 0, such as 24Gi"))]
    #[schemars(schema_with = "crate::crds::memory")]
    pub min_memory: Option<Quantity>,
    /// Where the pods of its Runs may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
    /// Whether the program can use GPUs. A Run gets some only if it says so too.
    #[serde(default, rename = "supportsGpu", skip_serializing_if = "Option::is_none")]
    pub supports_gpu: Option<bool>,
    /// Options of the launcher, checked against its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crds::any_object")]
    pub framework: Option<serde_json::Map<String, serde_json::Value>>,
    /// When a failed attempt is followed by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// How long a Run may take from its start, such as `2h30m`, where the Run says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Period>,
    /// How long a Run's objects stay after its end, where the Run says nothing; without
    /// it they stay as long as the Run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Period>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// For people: words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 63)))]
    pub tags: Vec<String>,
}

/// Who may run an Application from other namespaces than its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sharing {
    /// Namespaces whose Runs may use it; `*` is all of them, an empty list none.
    #[serde(default)]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 63), regex(pattern = r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$"))
    )]
    pub namespaces: Vec<String>,
}

impl Sharing {
    /// Whether Runs of this namespace may use it.
    pub fn covers(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|shared| shared == "*" || shared == namespace)
    }
}

/// A Secret with credentials for a repository: the user's name under `user`, the password or
/// token under `pat`. It reaches neither a plugin nor a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepoSecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the Secret; without it the Application's. One of another namespace must
    /// say which namespaces and hosts may use it, by annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// One file of the program's source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeFile {
    /// Path in the folder, such as `main.py` or `lib/model.py`.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")
    )]
    pub name: String,
    /// Its text.
    #[schemars(length(max = 262144))]
    pub source: String,
}

/// When a failed attempt is followed by another.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// Attempts after the first. `Run.retries` replaces it.
    #[schemars(range(min = 0, max = 100))]
    #[serde(default)]
    pub limit: u32,
    /// Exit codes that are worth another attempt; empty means that the launcher judges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 255), inner(range(min = 1, max = 255)))]
    pub exit_codes: Vec<i32>,
}

/// What the platform says of an Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationStatus {
    /// `Ready`, with a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::crds::conditions")]
    pub conditions: Vec<Condition>,
    /// The Plugin that would launch it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<String>,
    /// Generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
