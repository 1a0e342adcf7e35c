//! Documents of `codeflare:sizing`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shared::{Choice, ObjectName, Size};

/// What a sizing policy is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecideRequest {
    /// The Run that is being sized.
    pub run: ObjectName,
    /// Its Application.
    pub application: ObjectName,
    /// Framework of the Application.
    pub api: String,
    /// What the user asked for.
    pub asked: Asked,
    /// The RunSizeConfigurations of the cluster, by name.
    pub configurations: Vec<Configuration>,
    /// `Plugin.spec.settings` of this policy.
    pub settings: Value,
}

/// What Run and Application ask for, before any policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Name of the size, such as `md`.
    pub size: String,
    /// Who asked for that size: `Run/name`, `Application/name` or `default`.
    pub size_by: String,
    /// Workers asked for by number: a wish that a policy may cut.
    #[serde(default)]
    pub workers: Option<u32>,
    /// Who asked for that number of workers.
    #[serde(default)]
    pub workers_by: Option<String>,
    /// Whether Run and Application both consent to GPUs.
    pub gpus: bool,
    /// Who refused GPUs, where somebody did.
    #[serde(default)]
    pub gpus_refused_by: Option<String>,
    /// Least memory of one worker, in bytes.
    #[serde(default)]
    pub min_memory_bytes: Option<u64>,
}

/// One RunSizeConfiguration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// Name of the object.
    pub name: String,
    /// Lowest wins, for each size name by itself.
    pub priority: i64,
    /// Name of the resource that counts GPUs.
    pub gpu_resource: String,
    /// Sizes by name.
    pub sizes: BTreeMap<String, TeeShirt>,
}

/// What one size name means on this cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeeShirt {
    /// How many workers.
    pub workers: u32,
    /// Of one worker, thousandths of a core.
    pub cpu_millis: u64,
    /// Of one worker, bytes.
    pub memory_bytes: u64,
    /// GPUs of one worker.
    pub gpu: u64,
}

/// What a policy decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// The size that the next policy sees, or that holds.
    pub size: Size,
    /// Every value that this policy decided.
    pub choices: Vec<Choice>,
}
