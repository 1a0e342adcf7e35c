//! `Run`: go.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use codeflare_documents::shared::{Choice, Size};

use crate::duration::Period;
use crate::scheduling::Scheduling;

/// One execution of an Application.
///
/// What was recorded at launch holds; only `suspend`, `priority`, `ttl` and `deadline` may
/// change.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "codeflare.dev",
    version = "v1alpha1",
    kind = "Run",
    plural = "runs",
    shortname = "ru",
    category = "codeflare",
    namespaced,
    status = "RunStatus",
    derive = "PartialEq",
    doc = "Run: one execution of an Application.",
    validation = Rule::new("self.metadata.name.size() <= 63").message("metadata.name: at most 63 characters"),
    printcolumn(name = "Application", type_ = "string", json_path = ".spec.application.name"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Workers", type_ = "string", json_path = ".status.workers"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.reason", priority = 1),
    printcolumn(name = "Size", type_ = "string", json_path = ".status.launch.sizeName", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message", priority = 1)
)]
#[x_kube(
    validation = Rule::new("self.application == oldSelf.application").message("spec.application cannot change; make another Run"),
    validation = Rule::new("has(self.options) == has(oldSelf.options) && (!has(self.options) || self.options == oldSelf.options)").message("spec.options cannot change; make another Run"),
    validation = Rule::new("has(self.arguments) == has(oldSelf.arguments) && (!has(self.arguments) || self.arguments == oldSelf.arguments)").message("spec.arguments cannot change; make another Run"),
    validation = Rule::new("has(self.env) == has(oldSelf.env) && (!has(self.env) || self.env == oldSelf.env)").message("spec.env cannot change; make another Run"),
    validation = Rule::new("has(self.size) == has(oldSelf.size) && (!has(self.size) || self.size == oldSelf.size)").message("spec.size cannot change; make another Run"),
    validation = Rule::new("has(self.workers) == has(oldSelf.workers) && (!has(self.workers) || self.workers == oldSelf.workers)").message("spec.workers cannot change; make another Run"),
    validation = Rule::new("has(self.scheduling) == has(oldSelf.scheduling) && (!has(self.scheduling) || self.scheduling == oldSelf.scheduling)").message("spec.scheduling cannot change; make another Run"),
    validation = Rule::new("has(self.supportsGpu) == has(oldSelf.supportsGpu) && (!has(self.supportsGpu) || self.supportsGpu == oldSelf.supportsGpu)").message("spec.supportsGpu cannot change; make another Run"),
    validation = Rule::new("has(self.serviceAccountName) == has(oldSelf.serviceAccountName) && (!has(self.serviceAccountName) || self.serviceAccountName == oldSelf.serviceAccountName)").message("spec.serviceAccountName cannot change; make another Run"),
    validation = Rule::new("has(self.retries) == has(oldSelf.retries) && (!has(self.retries) || self.retries == oldSelf.retries)").message("spec.retries cannot change; make another Run")
)]
#[serde(rename_all = "camelCase")]
pub struct RunSpec {
    /// The Application to run.
    pub application: ApplicationRef,
    /// Options, split into words as a shell would; they replace the Application's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub options: Option<String>,
    /// Arguments by name, checked against the Application's `parameters`; they follow the
    /// options. A parameter whose flag is among the options takes no default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crds::any_object")]
    pub arguments: Option<serde_json::Map<String, serde_json::Value>>,
    /// Environment of the program; wins over the Application's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[x_kube(validation = Rule::new("self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]*$'))")
        .message("spec.env: a name has letters, digits and underscores, and does not start with a digit"))]
    #[schemars(schema_with = "crate::crds::env_map")]
    pub env: BTreeMap<String, String>,
    /// Size: a name in a RunSizeConfiguration, such as `md`. Without it the
    /// Application's, then `sm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub size: Option<String>,
    /// Number of workers, a wish that sizing policies may cut; without it the
    /// Application's, then the size's own. 0 is allowed where the framework can do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10000))]
    pub workers: Option<u32>,
    /// Where its pods may run; wins over the Application's and the size's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
    /// Whether this Run wants GPUs. It gets some only if the Application supports them.
    #[serde(default, rename = "supportsGpu", skip_serializing_if = "Option::is_none")]
    pub supports_gpu: Option<bool>,
    /// How urgent it is beside others: the PriorityClass of its pods, where the cluster has the
    /// one that the installation names. It may change until the Run is launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// ServiceAccount, in this namespace, whose token the program gets: one of those that the
    /// Application lists. Without it there is no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
    /// Hold the Run: before its launch nothing is launched, later its pods are removed
    /// until it is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// How long it may take from its start (a resume starts it anew), such as `2h30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Period>,
    /// How long its objects stay after its end, such as `1h`; the Run itself stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Period>,
    /// Attempts after the first; replaces the Application's `retry.limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub retries: Option<u32>,
}

/// How urgent a Run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Others go first.
    Low,
    /// As most.
    Normal,
    /// It goes before others.
    High,
}

impl Priority {
    /// All of them.
    pub const ALL: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

    /// As it stands in `spec.priority`.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
        }
    }
}

/// Which Application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationRef {
    /// Name of the Application.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the Application; without it the Run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// What became of a Run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    /// Where it is, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Why, in one PascalCase word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in one sentence, with what to do where something is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// One condition a step of the path, and Succeeded and Failed for the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::crds::conditions")]
    pub conditions: Vec<Condition>,
    /// What was launched, and who decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
    /// Workers ready of workers wanted, such as `2/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<String>,
    /// Where the framework shows what it does, inside the cluster:
    /// `http://SERVICE.NAMESPACE.svc:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// When the present attempt started to run; a resume sets it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// How the program ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Where a Run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// Not launched yet; the reason says what it waits for.
    Pending,
    /// Launched, and held back by a queue.
    Queued,
    /// Launched; its pods are not running yet.
    Starting,
    /// Its program runs.
    Running,
    /// An attempt ended; another one follows.
    Restarting,
    /// Held by its user.
    Suspended,
    /// Ended well; final.
    Succeeded,
    /// Ended badly; final.
    Failed,
}

impl Phase {
    /// Whether nothing can follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

/// What was launched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// Digest of the plan, `sha256:…`.
    pub plan: String,
    /// ConfigMap that records plan and inputs.
    pub record: String,
    /// The primary object; its UID is set once it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<LaunchedObject>,
    /// Name of the size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_name: Option<String>,
    /// The size that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Choices that overruled somebody; all of them are in the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::crds::choices")]
    pub choices: Vec<Choice>,
    /// Where its source came from, if it came out of a repository; the same for every attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<LaunchedSource>,
    /// Plugin that launched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<PluginRef>,
    /// Policies that sized it, in the order in which they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizing_policies: Vec<PluginRef>,
}

/// The primary object of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaunchedObject {
    /// Group and version, such as `batch/v1`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name, in the Run's namespace.
    pub name: String,
    /// UID, once the object was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// The source of a Run, out of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaunchedSource {
    /// Address of the repository.
    pub repo: String,
    /// Branch or tag that named the commit; empty where it was named by its id.
    #[serde(default, rename = "ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The commit.
    pub commit: String,
    /// Folder of the repository; empty: all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Digest of what pods get, `sha256:…`.
    pub digest: String,
}

/// A plugin at a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRef {
    /// Name of the Plugin.
    pub name: String,
    /// Digest of its bytes, `sha256:…`.
    pub digest: String,
}

/// How the program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exit {
    /// Exit code, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
}
