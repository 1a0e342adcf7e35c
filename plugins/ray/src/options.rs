//! Settings of the plugin and framework options of an Application.
//!
//! KubeRay pastes `rayStartParams` into a shell line. So only keys whose values are whole
//! numbers are taken, and they are numbers from here on: no text of a user gets there.
//!
//! There is no `submissionMode`: KubeRay's HTTPMode has no submitter, hence no pod with
//! the program's log; SidecarMode and InteractiveMode take no pod of ours.

use codeflare_plugin::prelude::*;
use codeflare_plugin::quantity;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Ray of the images that CodeFlare brings along. KubeRay chooses its probes by it: from
/// 2.53 on it asks Ray over HTTP, before that it needs `wget` in the image.
const RAY_VERSION: &str = "2.60.0";
/// Least size of a head: Ray's own services take half a core and 1Gi before any program.
const LEAST_CPU_MILLIS: u64 = 1000;
const LEAST_MEMORY_BYTES: u64 = 2 << 30;

/// Settings of the plugin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) variant: Wanted,
}

/// Which variant an admin wants.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wanted {
    #[default]
    Auto,
    Rayjob,
    Job,
}

/// Options of an Application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Framework {
    ray_version: Option<String>,
    #[serde(default)]
    ray_start_params: StartParams,
    #[serde(default)]
    head: HeadOptions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct StartParams {
    num_cpus: Option<Whole>,
    num_gpus: Option<Whole>,
    memory: Option<Whole>,
    object_store_memory: Option<Whole>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeadOptions {
    cpu: Option<Cpu>,
    memory: Option<Bytes>,
    num_cpus: Option<u32>,
}

/// A number, as such or as text: YAML makes either of what people write.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Whole(u64);

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Cpu(u64);

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Bytes(u64);

impl TryFrom<Value> for Whole {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        let digits = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = Some(text(&value)).filter(digits).and_then(|text| text.parse().ok());
        number.map(Whole).ok_or(format!("{value} is no whole number"))
    }
}

impl TryFrom<Value> for Cpu {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        quantity::read_cpu(&text(&value))
            .map(Cpu)
            .ok_or(format!("{value} is no amount of cores above 0, such as 2 or 500m"))
    }
}

impl TryFrom<Value> for Bytes {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        quantity::read_bytes(&text(&value))
            .map(Bytes)
            .ok_or(format!("{value} is no amount of memory above 0, such as 4Gi"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Framework {
    /// What KubeRay takes the image's Ray for.
    pub(crate) fn version(&self) -> &str {
        self.ray_version.as_deref().unwrap_or(RAY_VERSION)
    }

    /// Size of the head: an option, else that of a worker, but never too small for Ray. It
    /// has GPUs only where it does the work.
    pub(crate) fn head(&self, size: &Size) -> Resources {
        let worker = &size.worker;
        Resources {
            cpu_millis: self.head.cpu.map_or(worker.cpu_millis.max(LEAST_CPU_MILLIS), |cpu| cpu.0),
            memory_bytes: self.head.memory.map_or(worker.memory_bytes.max(LEAST_MEMORY_BYTES), |memory| memory.0),
            extended: if size.workers == 0 { worker.extended.clone() } else { Default::default() },
        }
    }

    /// Whether the Application says how big the head is.
    pub(crate) fn sizes_head(&self) -> bool {
        self.head.cpu.is_some() || self.head.memory.is_some()
    }

    /// What `ray start` is told on the head. No cores of its own where there are workers,
    /// so that tasks go to them.
    pub(crate) fn head_params(&self, size: &Size) -> Vec<(&'static str, u64)> {
        let mut params = if size.workers == 0 { self.worker_params() } else { vec![("num-cpus", 0)] };
        if let Some(cpus) = self.head.num_cpus {
            params.retain(|(name, _)| *name != "num-cpus");
            params.insert(0, ("num-cpus", cpus.into()));
        }
        params
    }

    /// What `ray start` is told where the tasks run.
    pub(crate) fn worker_params(&self) -> Vec<(&'static str, u64)> {
        let params = &self.ray_start_params;
        let all = [
            ("num-cpus", params.num_cpus),
            ("num-gpus", params.num_gpus),
            ("memory", params.memory),
            ("object-store-memory", params.object_store_memory),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?.0))).collect()
    }
}

/// Schema of the plugin's settings.
pub(crate) fn settings_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "variant": {
                "enum": ["auto", "rayjob", "job"],
                "default": "auto",
                "description": "rayjob needs KubeRay, job needs nothing; auto takes rayjob where it is served",
            },
        },
    })
}

/// Schema of the framework options.
pub(crate) fn framework_schema() -> Value {
    let whole = json!({"type": ["string", "integer"], "pattern": "^[0-9]{1,15}$", "minimum": 0, "maximum": 999_999_999_999_999_u64});
    let amount = |pattern: &str, description: &str| json!({"type": ["string", "integer"], "pattern": pattern, "minimum": 1, "description": description});
    let params: Map<_, _> = ["num-cpus", "num-gpus", "memory", "object-store-memory"]
        .into_iter()
        .map(|name| (name.to_owned(), whole.clone()))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "rayVersion": {
                "type": "string",
                "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}$",
                "default": RAY_VERSION,
                "description": "Version of the image's Ray, for KubeRay",
            },
            "rayStartParams": {
                "type": "object",
                "additionalProperties": false,
                "properties": params,
                "description": "What `ray start` is told on workers; on the head where there are none",
            },
            "head": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "cpu": amount("^[0-9]{1,9}(m|\\.[0-9]{1,3})?$", "Cores of the head, such as 2 or 500m"),
                    "memory": amount(
                        "^[0-9]{1,15}(\\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|k|M|G|T)?$",
                        "Memory of the head, such as 4Gi",
                    ),
                    "numCpus": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 100_000,
                        "description": "Cores that tasks may take on the head; 0 where there are workers",
                    },
                },
            },
        },
    })
}
