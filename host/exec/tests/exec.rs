//! The shim as it is met in a pod: words pass as they are, and what is wrong is one
//! sentence with the exit code that a shell would give.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// Words that shells, templates and expansions would like to change.
const AWKWARD: &str = include_str!("../../../tests/argv.json");

/// Prints where it runs and its words, each as bytes in hexadecimal.
const TELL: &str = "import os, sys
print(os.getcwd())
for word in sys.argv[1:]: print('.' + os.fsencode(word).hex())
";

/// One test at a time: while another one starts a process, that process holds files that
/// were just written, and Linux runs no file that somebody may still write.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shim as it is shipped, where it was built (hack/exec.sh).
fn shipped() -> Option<PathBuf> {
    std::env::var_os("CODEFLARE_TEST_EXEC").map(PathBuf::from)
}

/// A folder with the shim and its words.
fn staged(workdir: &str, words: &[&[u8]]) -> TempDir {
    let folder = tempfile::tempdir().expect("should make a folder");
    let shim = shipped().unwrap_or_else(|| env!("CARGO_BIN_EXE_codeflare-exec").into());
    // A link would be followed to where the build has put it.
    std::fs::copy(shim, folder.path().join("exec")).expect("should copy");
    let mut bytes = workdir.as_bytes().to_vec();
    for word in words {
        bytes.push(0);
        bytes.extend_from_slice(word);
    }
    std::fs::write(folder.path().join("argv"), bytes).expect("should write");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(folder.join("exec")).args(arguments).current_dir("/").output().expect("should start")
}

fn hex(word: &[u8]) -> String {
    word.iter().fold(".".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// What the program behind the shim was given.
fn given(workdir: &str, words: &[&[u8]]) -> (String, Vec<String>) {
    let mut all: Vec<&[u8]> = vec![b"python3", b"-c", TELL.as_bytes()];
    all.extend(words);
    let folder = staged(workdir, &all);
    let output = run(folder.path(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("should be text");
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().expect("should tell where it runs"), lines.collect())
}

/// How it ended and its one sentence.
fn failed(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).expect("should be text");
    assert_eq!(said.lines().count(), 1, "{said}");
    (output.status.code().expect("should end by itself"), said.replace(&folder.display().to_string(), "FOLDER"))
}

#[test]
fn awkward_words_pass_unchanged() {
    let _alone = alone();
    let words: Vec<String> = serde_json::from_str(AWKWARD).expect("should be a list of texts");
    assert_eq!(words.len(), 40);
    let words: Vec<_> = words.iter().map(String::as_bytes).collect();
    let expected: Vec<_> = words.iter().map(|word| hex(word)).collect();
    assert_eq!(given("", &words), ("/".to_owned(), expected));
}

#[test]
fn bytes_that_are_no_text_pass_and_so_does_an_empty_word_at_the_end() {
    let _alone = alone();
    let words: [&[u8]; 3] = [b"\xff\xfe \x01", b"\x7f\n", b""];
    assert_eq!(given("", &words).1, [".fffe2001", ".7f0a", "."]);
}

#[test]
fn it_starts_in_the_folder_that_it_is_told() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("should make a folder");
    let place = folder.path().canonicalize().expect("should be there").join("with space $HOME");
    std::fs::create_dir(&place).expect("should make");
    let place = place.to_str().expect("should be text");
    assert_eq!(given(place, &[]), (place.to_owned(), Vec::new()));
    // A program with a slash is looked for from there.
    let script = Path::new(place).join("run.sh");
    std::fs::write(&script, "#!/bin/sh\nexit 7\n").expect("should write");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("should set");
    let staged = staged(place, &[b"./run.sh"]);
    assert_eq!(run(staged.path(), &[]).status.code(), Some(7));
}

#[test]
fn it_becomes_the_program_with_its_environment() {
    let _alone = alone();
    let folder = staged("", &[b"sh", b"-c", b"echo $$ $MARK; kill -TERM $$"]);
    let child = Command::new(folder.path().join("exec"))
        .env("MARK", OsStr::from_bytes(b"\xff$(x)"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("should start");
    let id = child.id();
    let output = child.wait_with_output().expect("should end");
    assert_eq!(output.stdout, [format!("{id} ").as_bytes(), b"\xff$(x)\n"].concat());
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(15));
}

#[test]
fn what_is_wrong_is_one_sentence_and_a_shells_exit_code() {
    let _alone = alone();
    let missing = staged("", &[b"no-such-program", b"x"]);
    assert_eq!(
        failed(missing.path(), &[]),
        (127, "codeflare: failed to run `no-such-program`: No such file or directory (os error 2)\n".to_owned())
    );
    let plain = tempfile::tempdir().expect("should make a folder");
    let file = plain.path().join("plain");
    std::fs::write(&file, "text").expect("should write");
    let (code, said) = failed(staged("", &[file.as_os_str().as_bytes()]).path(), &[]);
    assert_eq!((code, said.contains("plain`: Permission denied")), (126, true), "{said}");
    // The libc of this machine would hand it to a shell; that of the shipped one does not.
    if shipped().is_some() {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("should set");
        let (code, said) = failed(staged("", &[file.as_os_str().as_bytes()]).path(), &[]);
        assert_eq!((code, said.contains("plain`: Exec format error")), (126, true), "{said}");
    }
    assert_eq!(failed(staged("", &[b""]).path(), &[]).0, 127);
    let nowhere = staged("/no/such/folder", &[b"true"]);
    assert_eq!(
        failed(nowhere.path(), &[]),
        (126, "codeflare: failed to enter the folder /no/such/folder: No such file or directory (os error 2)\n".into())
    );
    assert_eq!(failed(staged("", &[]).path(), &[]), (126, "codeflare: FOLDER/argv has no words to run\n".into()));
    let without = staged("", &[b"true"]);
    std::fs::remove_file(without.path().join("argv")).expect("should remove");
    assert_eq!(
        failed(without.path(), &[]),
        (126, "codeflare: failed to read FOLDER/argv: No such file or directory (os error 2)\n".into())
    );
    let (code, said) = failed(staged("", &[b"true"]).path(), &["x"]);
    assert_eq!((code, said.contains("takes no arguments")), (126, true), "{said}");
}
