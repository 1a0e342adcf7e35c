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
    /// What the other unfinished Runs of the Run's namespace hold now; only for policies
    /// whose description says `usage: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What unfinished Runs hold, by the sizes that were recorded for them.
///
/// A Run holds its size from the moment in which its plan is recorded to its end, also
/// while it is suspended, queued or between two attempts: whatever happens to it, it may
/// come back with that size. It holds workers times one worker; without workers one pod
/// of that size works. Pods that a framework adds (a head, a submitter) are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Runs.
    pub runs: u64,
    /// Workers of all of them.
    pub workers: u64,
    /// Thousandths of a CPU core.
    pub cpu_millis: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Extended resources in whole units, by name: `nvidia.com/gpu`.
    pub extended: BTreeMap<String, u64>,
}

impl Usage {
    /// What one Run of a size holds. Sums that do not fit stay at the largest number.
    pub fn of(size: &Size) -> Usage {
        let pods = u64::from(size.workers.max(1));
        Usage {
            runs: 1,
            workers: size.workers.into(),
            cpu_millis: size.worker.cpu_millis.saturating_mul(pods),
            memory_bytes: size.worker.memory_bytes.saturating_mul(pods),
            extended: size.worker.extended.iter().map(|(name, one)| (name.clone(), one.saturating_mul(pods))).collect(),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Usage) -> Usage {
        self.runs = self.runs.saturating_add(other.runs);
        self.workers = self.workers.saturating_add(other.workers);
        self.cpu_millis = self.cpu_millis.saturating_add(other.cpu_millis);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        for (name, count) in &other.extended {
            let sum = self.extended.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        self
    }
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
