//! What the API server's audit log (stage ResponseComplete) tells of when objects were
//! created: neither controller is trusted to measure itself.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When each successful POST in a namespace was answered, by resource and name.
pub(crate) fn posts(audit: &Path, namespace: &str) -> Result<HashMap<(String, String), Timestamp>> {
    let text = std::fs::read_to_string(audit).with_context(|| format!("failed to read {}", audit.display()))?;
    let mut posted = HashMap::new();
    for line in text.lines().filter(|line| line.contains(namespace)) {
        let event: Value = serde_json::from_str(line).context("a line of the audit log is not JSON")?;
        let of = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let created = event.pointer("/responseStatus/code").and_then(Value::as_u64) == Some(201);
        if of("/verb") == "create"
            && created
            && of("/objectRef/namespace") == namespace
            && of("/stage") == "ResponseComplete"
        {
            let key = (of("/objectRef/resource").to_owned(), of("/objectRef/name").to_owned());
            posted.insert(key, of("/stageTimestamp").parse()?);
        }
    }
    Ok(posted)
}

/// Percentiles in milliseconds.
pub(crate) struct Figures {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Figures {
    /// From what was measured, in milliseconds.
    pub(crate) fn of(mut times: Vec<f64>) -> Result<Figures> {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the length")]
            let index = ((times.len().saturating_sub(1)) as f64 * share).round() as usize;
            times.get(index).copied().context("nothing was measured")
        };
        Ok(Figures { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    }

    /// As one line of output has them.
    pub(crate) fn json(&self) -> Value {
        json!({"p50": self.p50, "p95": self.p95, "p99": self.p99})
    }
}
