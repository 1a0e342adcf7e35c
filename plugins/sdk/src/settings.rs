//! Settings and framework options as types of the plugin: JSON in, a value or a fault
//! that names the field out.
//!
//! The host has checked both against the schemas of the description; reading them here
//! turns a schema that is laxer than the type into a fault instead of a panic.

use codeflare_documents::launcher::LaunchedApplication;
use codeflare_documents::shared::Decline;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault;

/// `Plugin.spec.settings`; nothing there is an empty object. `plugin` is its name.
///
/// # Errors
/// A fault on `Plugin/NAME` at `/spec/settings/…`.
pub fn read<T: DeserializeOwned>(plugin: &str, settings: &Value) -> Result<T, Decline> {
    parse(settings, format!("Plugin/{plugin}"), "/spec/settings")
}

/// Framework options of an Application.
///
/// # Errors
/// A fault on `Application/NAME` at `/spec/framework/…`.
pub fn framework<T: DeserializeOwned>(application: &LaunchedApplication) -> Result<T, Decline> {
    parse(&application.framework, format!("Application/{}", application.name), "/spec/framework")
}

fn parse<T: DeserializeOwned>(value: &Value, object: String, at: &str) -> Result<T, Decline> {
    let empty = Value::Object(serde_json::Map::new());
    let value = if value.is_null() { &empty } else { value };
    // serde would take a list for a struct, member by member.
    if !value.is_object() {
        return Err(fault::invalid("SettingsInvalid", format!("{at}: expected an object"), object, at));
    }
    T::deserialize(value).map_err(|error| {
        let pointer = format!("{at}{}", blamed::<T>(value));
        fault::invalid("SettingsInvalid", format!("{pointer}: {error}"), object, pointer)
    })
}

/// The member whose absence makes the error another one: serde does not say where it
/// was. Looks at the first level, where settings have their members.
fn blamed<T: DeserializeOwned>(value: &Value) -> String {
    let message = |value: &Value| T::deserialize(value).err().map(|error| error.to_string());
    let Some(members) = value.as_object() else { return String::new() };
    let whole = message(value);
    let guilty = members.keys().find(|name| {
        let mut without = members.clone();
        without.remove(*name);
        message(&Value::Object(without)) != whole
    });
    guilty.map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Settings {
        port: u16,
        #[serde(default)]
        quiet: bool,
    }

    #[rstest]
    #[case(json!({"port": 1, "quiet": 2}), "/spec/settings/quiet")]
    #[case(json!({"port": "x"}), "/spec/settings/port")]
    #[case(json!({"port": 1, "a/b": 2}), "/spec/settings/a~1b")]
    #[case(json!({}), "/spec/settings")]
    #[case(json!(null), "/spec/settings")]
    #[case(json!([1]), "/spec/settings")]
    fn a_bad_member_is_named(#[case] settings: Value, #[case] pointer: &str) {
        let Err(Decline::Invalid(faults)) = read::<Settings>("mine", &settings) else {
            panic!("{settings} should be declined");
        };
        assert_eq!((faults[0].object.as_str(), faults[0].pointer.as_str()), ("Plugin/mine", pointer));
    }

    #[test]
    fn good_settings_are_read() {
        let settings: Settings = read("mine", &json!({"port": 80})).expect("should be read");
        assert_eq!(settings.port, 80);
    }
}
