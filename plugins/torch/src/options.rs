//! What a cluster admin and the owner of an Application can choose, as schemas and types.
//!
//! ```text
//! Plugin.spec.settings
//!   variant       auto | trainjob | jobset | job; auto takes the first that is served
//! Application.spec.framework
//!   procPerNode   processes on each worker, instead of one for each GPU
//!   launcher      torchrun | none; none: the command starts its processes itself
//! ```

use serde::Deserialize;
use serde_json::{Value, json};

/// More processes than this on one worker are a mistake.
const MOST_PROCESSES: u32 = 1024;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) variant: Wanted,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wanted {
    #[default]
    Auto,
    TrainJob,
    JobSet,
    Job,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) proc_per_node: Option<std::num::NonZeroU32>,
    pub(crate) launcher: Starter,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Starter {
    #[default]
    Torchrun,
    None,
}

pub(crate) fn settings_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "variant": {
                "enum": ["auto", "trainjob", "jobset", "job"],
                "default": "auto",
                "description": "The objects that run a training; auto takes the first that the cluster serves",
            },
        },
    })
}

pub(crate) fn framework_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "procPerNode": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_PROCESSES,
                "description": "Processes on each worker; without it one for each GPU, or one",
            },
            "launcher": {
                "enum": ["torchrun", "none"],
                "default": "torchrun",
                "description": "What starts the processes; none: the command does it itself, \
                    and finds the others by PET_NNODES, PET_NODE_RANK, PET_MASTER_ADDR and so on",
            },
        },
    })
}
