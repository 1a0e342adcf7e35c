//! The budget as admins write it, in quantities, and as numbers to compare with.

use std::collections::BTreeMap;

use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, quantity};
use serde::Deserialize;
use serde_json::{Value, json};

/// `settings.limits`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    cpu: Option<Cpu>,
    memory: Option<String>,
    workers: Option<u64>,
    runs: Option<u64>,
    #[serde(default)]
    extended: BTreeMap<String, u64>,
}

/// As Kubernetes takes it: a number, or text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cpu {
    Cores(u64),
    Text(String),
}

/// One line of the budget.
pub(crate) struct Limit {
    what: What,
    /// At most this much for all Runs of a namespace.
    pub(crate) most: u64,
}

enum What {
    Cpu,
    Memory,
    Workers,
    Runs,
    Extended(String),
}

/// JSON Schema of the limits.
pub(crate) fn schema() -> Value {
    let count = |of: &str| json!({"type": "integer", "minimum": 0, "description": format!("{of} of all unfinished Runs together.")});
    json!({
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "description": "What the unfinished Runs of one namespace may hold together; what is not named is not limited.",
        "properties": {
            "cpu": {
                "oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+|m)?$"}],
                "description": "CPU cores, such as 16 or 500m.",
            },
            "memory": {
                "type": "string",
                "pattern": "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$",
                "description": "Memory, such as 64Gi.",
            },
            "workers": count("Workers"),
            "runs": count("Number"),
            "extended": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "/"},
                "additionalProperties": {"type": "integer", "minimum": 0},
                "description": "Extended resources in whole units, such as nvidia.com/gpu: 8.",
            },
        },
    })
}

impl Limits {
    /// The lines of the budget.
    ///
    /// # Errors
    /// A fault for each quantity that is none.
    pub(crate) fn read(self) -> Result<Vec<Limit>, Decline> {
        let mut faults = Vec::new();
        let mut quantity = |field: &str, text: &str, read: fn(&str) -> Option<u64>| {
            let most = read(text);
            if most.is_none() {
                let message = format!("`{text}` is no quantity above 0, such as 16 or 64Gi");
                faults.push(fault::fault(
                    "SettingsInvalid",
                    message,
                    "Plugin/budget",
                    format!("/spec/settings/limits/{field}"),
                ));
            }
            most
        };
        let cpu = self.cpu.and_then(|cpu| match cpu {
            Cpu::Cores(cores) => Some(cores.saturating_mul(1000)),
            Cpu::Text(text) => quantity("cpu", &text, quantity::read_cpu),
        });
        let memory = self.memory.and_then(|text| quantity("memory", &text, quantity::read_bytes));
        if !faults.is_empty() {
            return Err(Decline::Invalid(faults));
        }
        let mut lines =
            vec![(What::Cpu, cpu), (What::Memory, memory), (What::Workers, self.workers), (What::Runs, self.runs)];
        lines.extend(self.extended.into_iter().map(|(name, most)| (What::Extended(name), Some(most))));
        Ok(lines.into_iter().filter_map(|(what, most)| Some(Limit { what, most: most? })).collect())
    }
}

impl Limit {
    /// How much of it a usage is.
    pub(crate) fn of(&self, usage: &Usage) -> u64 {
        match &self.what {
            What::Cpu => usage.cpu_millis,
            What::Memory => usage.memory_bytes,
            What::Workers => usage.workers,
            What::Runs => usage.runs,
            What::Extended(name) => usage.extended.get(name).copied().unwrap_or(0),
        }
    }

    /// How many workers more fit, given what is used and what one worker takes of it; any
    /// number where that is nothing.
    pub(crate) fn workers(&self, used: &Usage, one: &Usage) -> u64 {
        let left = self.most.saturating_sub(self.of(used));
        match &self.what {
            // The first worker makes a Run; the others add none.
            What::Runs => {
                if left > 0 {
                    u64::MAX
                } else {
                    0
                }
            }
            _ => left.checked_div(self.of(one)).unwrap_or(u64::MAX),
        }
    }

    /// An amount in its unit, without its name.
    pub(crate) fn amount(&self, amount: u64) -> String {
        match &self.what {
            What::Cpu => quantity::cpu(amount),
            What::Memory => quantity::bytes(amount),
            What::Workers | What::Runs | What::Extended(_) => amount.to_string(),
        }
    }

    /// Its name, behind an amount.
    pub(crate) fn name(&self) -> &str {
        match &self.what {
            What::Cpu => "cpu",
            What::Memory => "memory",
            What::Workers => "workers",
            What::Runs => "runs",
            What::Extended(name) => name,
        }
    }
}
