//! Sizing policy of the platform: a tee shirt becomes numbers.
//!
//! In: the size that was asked for and the RunSizeConfigurations of the cluster. Out: a
//! size, and a choice for each of its values: who decided it, why, and who wanted
//! something else. Nothing depends on the order in which configurations are listed.
//!
//! In a chain it is usually the first. Where another policy has proposed a size before,
//! that size is kept whole: a policy that cuts to a budget must not be undone by tee
//! shirts, only because its priority number is higher. `{"overrule": true}` in the
//! settings makes the tee shirts count all the same.

mod decide;

use codeflare_plugin::prelude::*;
use codeflare_plugin::settings;
use serde::Deserialize;
use serde_json::json;

/// The plugin.
#[derive(Debug)]
pub struct TeeShirts;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    overrule: bool,
}

impl SizingPolicy for TeeShirts {
    fn describe() -> Description {
        Description {
            name: "sizing-policy".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Turns tee shirts into numbers, by RunSizeConfigurations".into(),
            frameworks: Vec::new(),
            kinds: Vec::new(),
            variants: Vec::new(),
            settings_schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "overrule": {
                        "type": "boolean",
                        "default": false,
                        "description": "Decide by tee shirts also where another policy has proposed a size before.",
                    },
                },
            }),
            framework_schema: closed_object(),
            usage: false,
        }
    }

    fn decide(request: DecideRequest, proposed: Option<Size>) -> Result<Decision, Decline> {
        let Settings { overrule } = settings::read("sizing-policy", &request.settings)?;
        match proposed {
            Some(size) if !overrule => Ok(Decision { size, choices: Vec::new() }),
            proposed => decide::decide(&request, proposed.as_ref()),
        }
    }
}

codeflare_plugin::export_sizing_policy!(TeeShirts);
