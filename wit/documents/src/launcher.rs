//! Documents of `codeflare:launcher`: requests of the host, and mirrors of the answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::describe::EmittedKind;
use crate::shared::{Choice, ObjectName, Resources, Size};

/// What a launcher is asked: describe the objects that run one attempt of a Run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaunchRequest {
    /// Base name of this attempt: what `{"$name": ""}` will become. At most 46
    /// characters, DNS-1035; addresses can be written into argv, env and text.
    pub name: String,
    /// The Run to launch.
    pub run: ObjectName,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// What is run.
    pub application: LaunchedApplication,
    /// The size that was decided.
    pub size: Size,
    /// `Plugin.spec.settings` of this launcher.
    pub settings: Value,
    /// Kinds that the cluster serves, of those that this plugin declared.
    pub served: Vec<EmittedKind>,
    /// Path of a program that runs the user's words as they are, in `workdir` where there
    /// is one; it is there in pods of a role whose `more.exec` is true. For frameworks that
    /// take one line and hand it to a shell: the path has nothing that a shell would change.
    #[serde(default)]
    pub exec: String,
}

/// The part of an Application that a launcher needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaunchedApplication {
    /// Name of the Application.
    pub name: String,
    /// Namespace of the Application.
    pub namespace: String,
    /// Framework.
    pub api: String,
    /// Framework options, already valid under the plugin's schema.
    pub framework: Value,
    /// The user's program: words, never a shell line.
    pub argv: Vec<String>,
    /// Packages of the program's language, a line of a requirements file each
    /// (`qiskit==0.37.0`). The host installs them, unless the plan takes them over
    /// (`more.requirements`).
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Folder with the program's source: where a role that has inputs starts; none where
    /// the image has the source.
    #[serde(default)]
    pub workdir: Option<String>,
}

/// Answer of `launch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaunchPlan {
    /// Objects with holes.
    pub manifests: Vec<Manifest>,
    /// Kinds of pod; the host builds them.
    pub roles: Vec<Role>,
    /// What the host can switch on a live object.
    pub controls: Vec<Control>,
    /// What the launcher decided.
    pub choices: Vec<Choice>,
    /// A [`PlanMore`].
    pub more: Value,
}

/// What `LaunchPlan::more` may hold today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlanMore {
    /// Whether the plan itself sees to the Application's requirements.
    pub requirements: bool,
}

/// One Kubernetes object with holes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The object; `metadata.name` is `{"$name": SUFFIX}`, empty for the primary.
    pub object: Value,
    /// Whether its state is the Run's state; exactly one manifest.
    pub primary: bool,
    /// When a supporting object goes.
    pub ends: Ends,
}

/// When a supporting object goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// With the Run's children.
    WithRun,
    /// As soon as the primary has ended.
    WithPrimary,
}

/// A kind of pod. A role fills exactly one `$pod` hole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// DNS label; also the name of the main container.
    pub name: String,
    /// How many pods.
    pub count: u32,
    /// What a pod runs.
    pub command: Command,
    /// Environment, in order.
    pub env: Vec<(String, EnvValue)>,
    /// Ports by name.
    pub ports: Vec<(String, u16)>,
    /// None takes the Run's size for one worker.
    #[serde(default)]
    pub resources: Option<Resources>,
    /// Whether the pod gets source, data sets and requirements.
    pub inputs: bool,
    /// Probes, sized scratch volumes, subdomain; a [`RoleMore`].
    pub more: Value,
}

/// What `Role::more` may hold today.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoleMore {
    /// `pod.spec.subdomain`: usually `{"$name": ""}`, the headless Service of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<Value>,
    /// Scratch volumes by mount path; a size is required.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scratch: BTreeMap<String, Scratch>,
    /// Whether [`LaunchRequest::exec`] must be there; needs `inputs`.
    #[serde(skip_serializing_if = "is_false")]
    pub exec: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An `emptyDir` with a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scratch {
    /// Limit in bytes.
    pub size_bytes: u64,
    /// In memory rather than on disk.
    #[serde(default)]
    pub memory: bool,
}

/// What a pod runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The user's program, as it was asked for.
    Program,
    /// These words, literally.
    Argv(Vec<String>),
    /// What the image starts by itself.
    Image,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnvValue {
    /// Plain text.
    Text(String),
    /// A field of the pod (downward API), such as `metadata.name`.
    Field(String),
}

/// How the host switches something on a live object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Control {
    /// What: `suspend`.
    pub what: String,
    /// Index into the plan's manifests.
    pub manifest: u32,
    /// JSON pointer into that object.
    pub at: String,
    /// Value that switches it on.
    pub on: Value,
    /// Value that switches it off.
    pub off: Value,
}

/// What a launcher is asked to read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObserveRequest {
    /// Base name of the attempt.
    pub name: String,
    /// The Run.
    pub run: ObjectName,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// Settings with which the attempt was launched.
    pub settings: Value,
    /// Whether the Run is meant to be suspended.
    pub suspended: bool,
    /// The live objects, in the order of the plan's manifests.
    pub objects: Vec<LiveObject>,
    /// Roles of the plan with their pods.
    pub roles: Vec<LiveRole>,
}

/// A manifest of the plan and what lives of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveObject {
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Whether it is the primary.
    pub primary: bool,
    /// The object without `managedFields`; null for what the host watches by metadata
    /// only, or where it is not there.
    #[serde(default)]
    pub object: Value,
}

/// Pods of one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveRole {
    /// Name of the role.
    pub name: String,
    /// How many pods the plan has.
    pub count: u32,
    /// The pods that are there.
    pub pods: Vec<LivePod>,
}

/// A pod, as far as a launcher needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LivePod {
    /// Name of the pod.
    pub name: String,
    /// Its completion index, where it has one.
    #[serde(default)]
    pub index: Option<u32>,
    /// Pending, Running, Succeeded, Failed, Unknown.
    pub phase: String,
    /// Whether the condition Ready is true.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// `status.reason`, such as `Evicted`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Exit of the main container, where it has ended.
    #[serde(default)]
    pub exit: Option<ContainerExit>,
    /// Why the main container waits, such as `ImagePullBackOff`.
    #[serde(default)]
    pub waiting: Option<String>,
    /// How often the main container was restarted.
    pub restarts: u32,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerExit {
    /// Exit code.
    pub code: i32,
    /// `OOMKilled`, `Error`, `Completed`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Answer of `observe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observation {
    /// Queued, Starting, Running, Restarting, Suspended, Succeeded, Failed.
    pub phase: String,
    /// PascalCase.
    pub reason: String,
    /// One sentence for people.
    pub message: String,
    /// Pods ready of pods wanted, by role.
    pub roles: Vec<RoleReady>,
    /// Whose log is the Run's log.
    pub logs: Vec<LogSource>,
    /// Why it failed, where it did.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// An [`ObservationMore`].
    pub more: Value,
}

/// What `Observation::more` may hold today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ObservationMore {
    /// Where the framework shows what it does, once somebody answers there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Dashboard>,
}

/// A web page of the framework's own, inside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dashboard {
    /// Name of a Service of the plan.
    pub service: String,
    /// Its port.
    pub port: u16,
}

/// Pods ready of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleReady {
    /// Name of the role.
    pub role: String,
    /// Ready, or ended well.
    pub ready: u32,
    /// Wanted.
    pub total: u32,
}

/// Whose log is the Run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogSource {
    /// Role of the pod.
    pub role: String,
    /// Completion index of the pod; none means all.
    #[serde(default)]
    pub index: Option<u32>,
    /// Container in the pod.
    pub container: String,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// PascalCase: `ProgramFailed`, `OutOfMemory`, `Evicted`.
    pub cause: String,
    /// Exit code of the program, where one is known.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Whether another attempt can help.
    pub retry: bool,
}
