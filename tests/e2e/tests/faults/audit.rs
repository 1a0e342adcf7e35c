//! What the API server's audit log says happened.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// How often each Job of a namespace was created: by name, successful creates only.
pub(crate) fn primaries(audit: &Path, namespace: &str) -> Result<BTreeMap<String, usize>> {
    let text = std::fs::read_to_string(audit).with_context(|| audit.display().to_string())?;
    let mut created = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains(namespace)) {
        let event: Value = serde_json::from_str(line)?;
        let of = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let done = event.pointer("/responseStatus/code").and_then(Value::as_u64) == Some(201);
        let ours = of("/objectRef/namespace") == namespace && of("/objectRef/resource") == "jobs";
        if of("/verb") == "create" && done && ours {
            *created.entry(of("/objectRef/name").to_owned()).or_insert(0) += 1;
        }
    }
    Ok(created)
}
