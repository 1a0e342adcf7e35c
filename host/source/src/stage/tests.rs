#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn stage(document: Value) -> Stage {
    serde_json::from_value(document).expect("should be a document")
}

fn file(name: &str, source: &str) -> Stage {
    stage(json!({"files": [{"name": name, "source": source}]}))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("should make a folder")
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("should be there").permissions().mode() & 0o7777
}

/// Everything below a folder by name: mode and, of files, the text.
fn tree(at: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(at).expect("should be a folder") {
        let path = entry.expect("should be readable").path();
        let text = if path.is_dir() { String::new() } else { fs::read_to_string(&path).expect("should be text") };
        found.push(format!("{:o} {} {text:?}", mode(&path), path.display()));
        if path.is_dir() {
            found.extend(tree(&path));
        }
    }
    found.sort();
    found
}

fn shown(at: &Path) -> Vec<String> {
    tree(at).into_iter().map(|line| line.replace(&at.display().to_string(), "")).collect()
}

#[test]
fn files_are_written_with_their_folders_and_scripts_can_be_started() {
    let here = folder();
    let workdir = here.path().join("work/dir");
    let all = stage(json!({"workdir": "/workdir", "files": [
        {"name": "main.py", "source": "print('é $HOME')\n"},
        {"name": "lib/deep/model.py", "source": ""},
        {"name": "lib/run.sh", "source": "#!/bin/sh\nexit 3\n"},
    ]}));
    let expected = [
        r#"644 /lib/deep/model.py """#,
        r#"644 /main.py "print('é $HOME')\n""#,
        r#"755 /lib """#,
        r#"755 /lib/deep """#,
        r##"755 /lib/run.sh "#!/bin/sh\nexit 3\n""##,
    ];
    // Twice: an init step may run again.
    for _ in 0..2 {
        let mut told = Vec::new();
        all.write_files(&workdir, |done| told.push(done.to_string())).expect("should be written");
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], format!("wrote {}/main.py, 18 bytes", workdir.display()));
        let mut found = shown(&workdir);
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_before_anything_is_written() {
    for name in ["/etc/passwd", "../a", "a/../../b", "a/..", ".", "..", "./a", "a//b", "a/", "", "a\0b"] {
        let here = folder();
        let mut all = file("first.py", "");
        all.files.extend(file(name, "text").files);
        let error = all.write_files(&here.path().join("workdir"), |_| {}).expect_err(name).to_string();
        assert!(error.starts_with(&format!("file {name:?}: ")) && error.contains("spec.code"), "{error}");
        assert_eq!(shown(here.path()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let here = folder();
    let (workdir, outside) = (here.path().join("workdir"), here.path().join("outside"));
    fs::create_dir(&workdir).expect("should make");
    fs::create_dir(&outside).expect("should make");
    fs::write(outside.join("text"), "before").expect("should write");
    symlink(&outside, workdir.join("lib")).expect("should link");
    let error = file("lib/a.py", "x").write_files(&workdir, |_| {}).expect_err("should refuse").to_string();
    assert!(error.contains("\"lib/a.py\"") && error.contains("workdir/lib is no folder"), "{error}");
    // A link in the place of the file goes; one in the place of what is being written too.
    for name in ["main.py", "main.py.codeflare-new"] {
        symlink(outside.join("text"), workdir.join(name)).expect("should link");
        file("main.py", "x").write_files(&workdir, |_| {}).expect("should be written");
        assert!(fs::symlink_metadata(workdir.join("main.py")).expect("should be there").is_file());
        fs::remove_file(workdir.join("main.py")).expect("should remove");
    }
    assert_eq!(shown(&outside), [r#"644 /text "before""#]);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let here = folder();
    fs::write(here.path().join("lib"), "").expect("should write");
    fs::create_dir(here.path().join("main.py")).expect("should make");
    let error = file("lib/a.py", "").write_files(here.path(), |_| {}).expect_err("should refuse").to_string();
    assert!(error.contains("lib is no folder"), "{error}");
    let error = file("main.py", "").write_files(here.path(), |_| {}).expect_err("should refuse").to_string();
    assert!(error.starts_with("failed to write ") && error.contains("main.py: ") && error.contains("uid "), "{error}");
    assert_eq!(tree(here.path()).len(), 2, "nothing half-written stays");
}

#[test]
fn words_lie_beside_the_shim_as_they_are() {
    let here = folder();
    let shim = here.path().join("built");
    fs::write(&shim, b"\x7fELF shim").expect("should write");
    let into = here.path().join("codeflare");
    let words = json!(["python3", "a b", "$HOME\n", "", "é", ""]);
    for (workdir, expected) in [("", "\0"), ("/workdir", "/workdir\0")] {
        let all = stage(json!({"argv": words, "workdir": workdir}));
        let mut told = Vec::new();
        all.write_exec(&shim, &into, |done| told.push(done.path)).expect("should be written");
        assert_eq!(told, [into.join("argv"), into.join("exec")]);
        let found = fs::read_to_string(into.join("argv")).expect("should be there");
        assert_eq!(found, format!("{expected}python3\0a b\0$HOME\n\0\0é\0"));
        assert_eq!(fs::read(into.join("exec")).expect("should be there"), b"\x7fELF shim");
        assert_eq!((mode(&into.join("argv")), mode(&into.join("exec"))), (0o644, 0o755));
    }
}

#[test]
fn words_that_cannot_be_passed_and_a_shim_that_is_missing_are_named() {
    let here = folder();
    let missing = here.path().join("missing");
    let said = |document: Value| {
        let into = here.path().join("codeflare");
        let error = stage(document).write_exec(&missing, &into, |_| {}).expect_err("should refuse").to_string();
        assert!(!into.exists());
        error.replace(&here.path().display().to_string(), "")
    };
    let nul = "word 2 of the program has a NUL, which no program can be given";
    assert_eq!(
        said(json!({"argv": ["a", "b\0"]})),
        format!("{nul}; change command or options of the Application or the Run")
    );
    assert_eq!(said(json!({"argv": []})), "there are no words to run; stage without --into");
    assert_eq!(said(json!({})), "there are no words to run; stage without --into");
    assert!(said(json!({"argv": ["a"]})).starts_with("failed to read the shim /missing: No such file"));
}

#[test]
fn a_document_that_is_none_is_named() {
    let here = folder();
    let path = here.path().join("stage.json");
    let error = read(&path).expect_err("should refuse").to_string();
    assert!(error.contains("stage.json: No such file"), "{error}");
    fs::write(&path, r#"{"files": [], "more": 1}"#).expect("should write");
    let error = read(&path).expect_err("should refuse").to_string();
    assert!(error.contains("unknown field `more`"), "{error}");
    let all = stage(json!({"argv": ["a"], "workdir": "/workdir", "files": [{"name": "a", "source": "b"}]}));
    fs::write(&path, serde_json::to_vec(&all).expect("should write")).expect("should write");
    assert_eq!(read(&path).expect("should be read"), all);
}
