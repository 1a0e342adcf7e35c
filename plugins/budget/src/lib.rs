//! Sizing policy that keeps what the Runs of a namespace hold within a budget.
//!
//! In: the size that the policies before have come to, and what the other unfinished Runs
//! of the namespace hold. Out: that size, if it fits; else the Run waits until others end
//! (`mode: wait`), or gets fewer workers (`mode: cut`). A Run that would not fit into an
//! empty namespace is told so at once.
//!
//! The budget holds for each namespace that the Plugin serves, by itself. Other budgets
//! for other namespaces are Plugins of the same bytes with another `namespaceSelector`.
//! Its priority number must be below that of the policies that propose a size, so that it
//! has the last word.

mod decide;
mod limits;

use codeflare_plugin::prelude::*;
use codeflare_plugin::settings;
use serde::Deserialize;
use serde_json::json;

use limits::Limits;

/// The plugin.
#[derive(Debug)]
pub struct Budget;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    limits: Limits,
    #[serde(default)]
    mode: Mode,
}

/// What becomes of a Run that does not fit now.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// It waits until others end.
    #[default]
    Wait,
    /// It gets as many workers as fit, if that is at least one.
    Cut,
}

impl SizingPolicy for Budget {
    fn describe() -> Description {
        Description {
            name: "budget".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Keeps what the Runs of a namespace hold within a budget".into(),
            frameworks: Vec::new(),
            kinds: Vec::new(),
            variants: Vec::new(),
            settings_schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["limits"],
                "properties": {
                    "limits": limits::schema(),
                    "mode": {
                        "enum": ["wait", "cut"],
                        "default": "wait",
                        "description": "What becomes of a Run that does not fit now: it waits until others end, or gets as many workers as fit.",
                    },
                },
            }),
            framework_schema: closed_object(),
            usage: true,
        }
    }

    fn decide(request: DecideRequest, proposed: Option<Size>) -> Result<Decision, Decline> {
        let Settings { limits, mode } = settings::read("budget", &request.settings)?;
        decide::decide(&request, proposed, &limits.read()?, mode)
    }
}

codeflare_plugin::export_sizing_policy!(Budget);
