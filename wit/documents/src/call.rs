//! One call of a plugin: what is asked and what comes back, whatever the role.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::launcher::{LaunchPlan, LaunchRequest, Observation, ObserveRequest};
use crate::shared::{Decline, Size};
use crate::sizing::{DecideRequest, Decision};

/// What a plugin is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// `codeflare:sizing/sizing.decide`.
    Decide {
        /// The document.
        request: Box<DecideRequest>,
        /// What the policy before proposed; none for the first.
        proposed: Option<Size>,
    },
    /// `codeflare:launcher/launcher.launch`.
    Launch(Box<LaunchRequest>),
    /// `codeflare:launcher/observer.observe`.
    Observe(Box<ObserveRequest>),
}

impl Request {
    /// The exported function that is called: a label of metrics, spans and records.
    pub fn step(&self) -> &'static str {
        match self {
            Request::Decide { .. } => "decide",
            Request::Launch(_) => "launch",
            Request::Observe(_) => "observe",
        }
    }
}

/// What a plugin answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// To [`Request::Decide`].
    Decided(Decision),
    /// To [`Request::Launch`].
    Launched(LaunchPlan),
    /// To [`Request::Observe`].
    Observed(Observation),
    /// To any: the plugin says why it cannot.
    Declined(Decline),
}
