//! Values of the chart, from the comments that begin with `# --`.

use std::fmt::Write;

use super::cell;
use crate::read;

const FILE: &str = "charts/codeflare-platform/values.yaml";

/// A row for each value that has a default, with the words on it or on what it is part of.
pub(super) fn table() -> String {
    let mut out = "| value | default | meaning |\n|---|---|---|\n".to_owned();
    let mut told = String::new();
    for value in values(&read(FILE)) {
        // What is said of the whole is said once.
        let words = if value.words == told { String::new() } else { cell(&value.words) };
        writeln!(out, "| `{}` | {} | {words} |", value.path, value.default).unwrap();
        if value.of_whole {
            told = value.words;
        }
    }
    out
}

struct Value {
    path: String,
    default: String,
    words: String,
    /// Whether the words are those on what it is part of.
    of_whole: bool,
}

/// Reads the file by its lines: YAML's own readers drop comments.
fn values(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, String, String)> = Vec::new();
    let mut words = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start() {
            "" => words.clear(),
            comment if comment.starts_with("# -- ") => words = comment.trim_start_matches("# -- ").to_owned(),
            // What is set off is an example, which has no room in a table.
            comment if comment.starts_with("#   ") => {}
            comment if comment.starts_with('#') => {
                if !words.is_empty() {
                    words = format!("{words} {}", comment.trim_start_matches(['#', ' ']));
                }
            }
            entry => {
                let (key, default) = entry.split_once(':').unwrap_or_else(|| panic!("{FILE}: `{entry}` is no member"));
                open.retain(|(at, ..)| *at < indent);
                let path: Vec<_> = open.iter().map(|(_, key, _)| key.as_str()).chain([key]).collect();
                let path = path.join(".");
                let default = default.trim();
                if default.is_empty() {
                    open.push((indent, key.to_owned(), std::mem::take(&mut words)));
                    continue;
                }
                let above = open.iter().rev().map(|(.., words)| words).find(|words| !words.is_empty());
                let own = std::mem::take(&mut words);
                let of_whole = own.is_empty();
                let words = if of_whole { above.cloned().unwrap_or_default() } else { own };
                assert!(!words.is_empty(), "{FILE}: {path} has no comment that begins with `# -- `");
                found.push(Value { path, default: format!("`{}`", cell(default)), words, of_whole });
            }
        }
    }
    found
}
