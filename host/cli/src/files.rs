//! Generated files: written where they differ, and YAML as every reader takes it.

use std::path::Path;

use serde_json::Value;

use crate::Failure;

/// Writes a generated file; an unchanged one keeps its time.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::one(format!("failed to write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    if std::fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    std::fs::write(path, text).map_err(failed)
}

/// YAML of a value, members sorted.
pub(crate) fn yaml(value: &Value) -> Result<String, Failure> {
    let text =
        serde_saphyr::to_string(value).map_err(|error| Failure::one(format!("failed to write YAML: {error}")))?;
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}
