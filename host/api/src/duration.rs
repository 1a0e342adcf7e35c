//! Lengths of time as people write them: `90s`, `2h30m`.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, written as hours, minutes and seconds: `2h30m`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Period(pub String);

impl Period {
    /// The length of time, or none where the text is not one.
    pub fn duration(&self) -> Option<Duration> {
        let mut seconds: u64 = 0;
        let mut number: Option<u64> = None;
        for character in self.0.chars() {
            let unit = match character {
                digit @ '0'..='9' => {
                    let digit = u64::from(digit.to_digit(10)?);
                    number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
                    continue;
                }
                'h' => 3600,
                'm' => 60,
                's' => 1,
                _ => return None,
            };
            seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
        }
        (number.is_none() && !self.0.is_empty()).then(|| Duration::from_secs(seconds))
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,9}s)?$", "minLength": 2, "maxLength": 32})
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_minutes_and_seconds_add_up_and_anything_else_is_none() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("2h30m", Some(9000)),
            ("1h1m1s", Some(3661)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("h", None),
            ("1d", None),
            ("-1s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(Period(text.into()).duration().map(|d| d.as_secs()), seconds, "{text}");
        }
    }
}
