//! YAML that a launcher brings as text: plain values only.
//!
//! No anchors, tags, merge keys, duplicate keys or second documents: parsers differ in
//! what they make of these. What was read is what is sent on, as JSON (see `holes`).

use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

/// Longest error of the parser that a refusal shows.
const LONGEST: usize = 200;

/// Reads a text.
///
/// # Errors
/// With what is wrong with it, in one line.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0, max_depth: 16 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.to_string();
        error.lines().next().unwrap_or_default().chars().take(LONGEST).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_read() {
        for text in ["{\"pip\": [\"a\"]}", "pip: [a]", "# words\npip:\n- a\n", "'pip':\n  - \"a\"\n"] {
            assert_eq!(read(text), Ok(serde_json::json!({"pip": ["a"]})), "{text}");
        }
    }

    #[test]
    fn what_parsers_differ_in_is_refused() {
        let cases = [
            "pip: &a [a]",
            "pip: &a [a]\nmore: *a",
            "pip: *a",
            "pip: [!env A]",
            "pip: !!python/object/apply:os.system [a]",
            "!<tag:a> pip: [a]",
            "<<: {pip: [a]}",
            "pip: [a]\n---\npip: [b]",
            "pip: [a]\npip: [b]",
            "{\"pip\": [\"a\"], \"pip\": [\"b\"]}",
            "{\"pip\": [\"a\"], \"p\\u0069p\": [\"b\"]}",
            "pip: [a",
            "[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]",
        ];
        for text in cases {
            let error = read(text).expect_err(text);
            assert!(!error.is_empty() && !error.contains('\n'), "{text}: {error}");
        }
    }
}
