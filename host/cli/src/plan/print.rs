//! Plans as text. Pure: the same plan gives the same bytes.

use std::fmt::Write;

use codeflare_documents::call::Request;
use codeflare_plan::plan::Record;
use codeflare_plan::record;
use codeflare_plan::seen::{FetchedSource, SeenSource};
use serde_json::Value;

use crate::args::Format;
use crate::{Failure, files};

/// Seals no record that a host would execute: every host has a key of its own.
const NO_KEY: &[u8] = b"printed by codeflare plan";

/// Plans in a format.
pub(super) fn print(records: &[Record], format: Format) -> Result<String, Failure> {
    let mut text = String::new();
    for record in records {
        match format {
            Format::Yaml => yaml(record, &mut text)?,
            Format::Json => {
                text.push_str(&serde_json::to_string(&record.plan).map_err(Failure::one)?);
                text.push('\n');
            }
            Format::Record => {
                let uid = record.seen.run.metadata.uid.clone().unwrap_or_default();
                let sealed = record::seal(record, &uid, NO_KEY).map_err(Failure::one)?;
                document(&serde_json::to_value(sealed).map_err(Failure::one)?, &mut text)?;
            }
        }
    }
    Ok(text)
}

fn yaml(record: &Record, text: &mut String) -> Result<(), Failure> {
    text.push_str("---\n");
    for line in comments(record) {
        // One line each, whatever a plugin wrote.
        let line = line.replace(['\n', '\r'], " ");
        let _infallible = writeln!(text, "# {line}");
    }
    for (index, object) in record.plan.objects.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&files::yaml(&object.object)?);
    }
    Ok(())
}

fn document(value: &Value, text: &mut String) -> Result<(), Failure> {
    text.push_str("---\n");
    text.push_str(&files::yaml(value)?);
    Ok(())
}

fn comments(record: &Record) -> Vec<String> {
    let plan = &record.plan;
    let run = record.seen.run.metadata.name.as_deref().unwrap_or_default();
    let mut lines = vec![
        format!("Run/{run} in namespace {}, attempt {}: plan {}", plan.namespace, plan.attempt, record.digest),
        format!("launcher {} {}", plan.launcher.name, plan.launcher.digest),
    ];
    lines.extend(argv(record).map(|argv| format!("argv {argv}")));
    lines.extend(source(record));
    lines.extend(plan.sizing_policies.iter().map(|policy| format!("sizing policy {} {}", policy.name, policy.digest)));
    for choice in &plan.choices {
        let mut line = format!("{} = {} by {}: {}", choice.field, choice.value, choice.by, choice.why);
        for (who, value) in &choice.over {
            let _infallible = write!(line, "; {who} wanted {value}");
        }
        lines.push(line);
    }
    lines
}

/// Where the source comes from, if out of a repository.
fn source(record: &Record) -> Option<String> {
    let Some(SeenSource::Fetched(source)) = &record.seen.source else { return None };
    let named = |what: &str, value: &str| if value.is_empty() { String::new() } else { format!(" {what} {value}") };
    let FetchedSource { repo, reference, commit, path, digest, .. } = source;
    let of = format!("source {repo}{}{}", named("ref", reference), named("path", path));
    Some(match source.is_resolved() {
        true => format!("{of} commit {commit} {digest}"),
        false => format!("{of}: not resolved; the host looks its commit up for each Run"),
    })
}

/// The program's words, as JSON: a word may have spaces and new lines. Variables and Secrets
/// are in the pods below.
fn argv(record: &Record) -> Option<String> {
    let words = record.exchanges.iter().find_map(|exchange| match &exchange.request {
        Request::Launch(request) => Some(&request.application.argv),
        _ => None,
    })?;
    serde_json::to_string(words).ok()
}
