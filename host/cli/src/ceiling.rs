//! Reads the file of `--grant-ceiling`.

use std::path::Path;

use codeflare_plan::lock::Ceiling;

use crate::Failure;

/// The ceiling on grants; without a file it is empty.
pub(crate) fn read(file: Option<&Path>) -> Result<Ceiling, Failure> {
    let Some(file) = file else { return Ok(Ceiling::default()) };
    let failed = |error: &dyn std::fmt::Display| Failure::one(format!("--grant-ceiling {}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
    Ceiling::read(&text).map_err(|error| failed(&error))
}
