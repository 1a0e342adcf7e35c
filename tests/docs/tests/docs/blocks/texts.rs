//! Blocks that are somebody else's text: files, examples, help.

use crate::read;

/// Help of a command, as the command line's own tests have it.
pub(super) fn command(name: &str) -> String {
    format!("```text\n{}```\n", help(name))
}

/// What `codeflare NAME --help` prints; `all` is `codeflare --help`.
pub(crate) fn help(name: &str) -> String {
    let snapshot = read(&format!("host/tests/snapshots/cli__help-{name}.snap"));
    let text = snapshot.split_once("--- stdout\n").unwrap().1;
    let text = text.split("--- stderr").next().unwrap();
    format!("{}\n", text.trim_end())
}

/// A file of the repository.
pub(super) fn file(path: &str) -> String {
    let language = match path.rsplit('.').next().unwrap() {
        "rs" => "rust",
        "md" => panic!("{path}: link to it instead"),
        "wit" => "text",
        other => other,
    };
    let text = read(path);
    format!("```{language}\n{text}```\n")
}

/// The first example in the documentation of a Rust file; its own tests run it.
pub(super) fn example_of(path: &str) -> String {
    format!("```rust\n{}```\n", fenced(path, "```"))
}

/// The first table in the documentation of a Rust file.
pub(super) fn table_of(path: &str) -> String {
    format!("```text\n{}```\n", fenced(path, "```text"))
}

fn fenced(path: &str, fence: &str) -> String {
    let text = read(path);
    let lines =
        text.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line));
    let inside: String = lines
        .skip_while(|line| *line != fence)
        .skip(1)
        .take_while(|line| *line != "```")
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(!inside.is_empty(), "{path} begins with no documentation that has {fence}");
    inside
}
