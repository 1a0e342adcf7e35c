//! Pages with generated blocks are what the code makes of them.
//!
//! ```text
//! <!-- generated: fields runs -->
//! …
//! <!-- end -->
//! ```

use std::fmt::Write;

use crate::{blocks, files, read, root};

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// A page with every block made anew, and the blocks that it has.
fn made(page: &str, text: &str) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(name) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let words: Vec<_> = name.split(' ').collect();
        writeln!(out, "\n{}\n\n{END}", blocks::make(&words).trim_matches('\n')).unwrap();
        assert!(lines.any(|line| line == END), "{page}: the block `{name}` has no `{END}`");
        names.push(name.to_owned());
    }
    (out, names)
}

#[test]
fn generated_blocks_are_what_the_code_makes_of_them() {
    let update = std::env::var_os("UPDATE").is_some();
    let (mut stale, mut all) = (Vec::new(), Vec::new());
    for page in files("docs", ".md") {
        let text = read(&page);
        let (made, names) = made(&page, &text);
        all.extend(names);
        if made != text && update {
            std::fs::write(root().join(&page), made).unwrap();
        } else if made != text {
            let line = made.lines().zip(text.lines()).position(|(made, text)| made != text).unwrap_or(0);
            stale.push(format!("{page}:{}", line + 1));
        }
    }
    assert!(stale.is_empty(), "write them with UPDATE=1 cargo test -p codeflare-docs: {}", stale.join(", "));
    let missing: Vec<_> = blocks::needed().into_iter().filter(|needed| !all.contains(needed)).collect();
    assert!(missing.is_empty(), "no page of docs/ has these blocks: {}", missing.join(", "));
}

#[test]
fn a_block_is_replaced_and_what_is_around_it_stays() {
    let page = |inner: &str| format!("a\n{BEGIN}file rustfmt.toml -->{inner}\n{END}\nb\n");
    let (fresh, names) = made("p.md", &page("\nold"));
    assert_eq!(names, ["file rustfmt.toml"]);
    assert_eq!(fresh, page(&format!("\n\n```toml\n{}```\n", read("rustfmt.toml"))));
    assert_eq!(made("p.md", &fresh).0, fresh, "made twice, it is another");
}
