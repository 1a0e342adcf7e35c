//! What a launcher and a sizing policy have in common: whether a Plugin can be used, and
//! in which namespaces.

use std::collections::BTreeMap;

use codeflare_api::selector;
use serde_json::Value;

use crate::plan::PlannedPlugin;
use crate::schema;
use crate::seen::{SeenPlugin, Serving};

/// What serves of a plugin, if its settings fit; otherwise why not.
pub(super) fn usable(plugin: &SeenPlugin) -> Result<&Serving, String> {
    let serving = plugin.ready.as_ref().ok_or_else(|| trouble(plugin).to_owned())?;
    let settings = Value::Object(plugin.settings.clone());
    let misfits = schema::faults(&serving.description.settings_schema, &settings, "/spec/settings");
    match misfits.first() {
        None => Ok(serving),
        Some((pointer, message)) => Err(format!("{pointer}: {message}")),
    }
}

fn trouble(plugin: &SeenPlugin) -> &str {
    if plugin.trouble.is_empty() { "it was not loaded yet" } else { &plugin.trouble }
}

/// Whether a plugin serves Runs of a namespace with these labels.
///
/// # Errors
/// Where its selector means nothing: it names the field.
pub(super) fn serves(plugin: &SeenPlugin, labels: &BTreeMap<String, String>) -> Result<bool, String> {
    match &plugin.namespace_selector {
        None => Ok(true),
        Some(selector) => selector::fits(selector, labels).map_err(|error| misread(&error)),
    }
}

/// The namespaces that a plugin serves, where they are not all: `namespaces with team=ml`.
///
/// # Errors
/// Where its selector means nothing: it names the field.
pub(super) fn where_served(plugin: &SeenPlugin) -> Result<Option<String>, String> {
    let Some(selector) = &plugin.namespace_selector else { return Ok(None) };
    let text = selector::write(selector).map_err(|error| misread(&error))?;
    Ok((!text.is_empty()).then(|| format!("namespaces with {text}")))
}

fn misread(error: &selector::BadSelector) -> String {
    format!("/spec/namespaceSelector/{error}")
}

/// A plugin as it is recorded.
pub(super) fn planned(plugin: &SeenPlugin, serving: &Serving) -> PlannedPlugin {
    PlannedPlugin { name: plugin.name.clone(), digest: serving.digest.clone(), settings: plugin.settings.clone() }
}
