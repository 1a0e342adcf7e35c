//! The command line as people meet it: help, errors, exit codes, plans.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// `codeflare` in a folder, without the caller's environment.
fn codeflare(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_codeflare"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .stdin(Stdio::null())
        .output()
        .expect("should start")
}

/// What it said and how it ended.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "exit {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("should make a folder")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("should lie in the repository").to_owned()
}

/// The plugins as components, where they are built.
fn plugins() -> Option<PathBuf> {
    let folder = std::env::var_os("CODEFLARE_TEST_PLUGINS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: CODEFLARE_TEST_PLUGINS is not set; run hack/test.sh plugins");
    }
    folder
}

#[test]
fn help_tells_every_command_with_examples() {
    let here = folder();
    for (name, arguments) in [
        ("all", vec!["--help"]),
        ("host", vec!["host", "--help"]),
        ("plan", vec!["plan", "--help"]),
        ("crd", vec!["crd", "--help"]),
        ("schema", vec!["schema", "--help"]),
        ("stage", vec!["stage", "--help"]),
    ] {
        insta::assert_snapshot!(format!("help-{name}"), told(&codeflare(here.path(), &arguments)));
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let here = folder();
    for arguments in [
        &["plan"][..],
        &["plan", "-f", "x", "--record", "y"],
        &["plan", "-f", "x", "--kinds", "Job"],
        &["schema", "nothing"],
        &["stage", "--from", "x"],
        &["stage", "--from", "x", "--workdir", "y", "--shim", "z"],
        &["host", "--log", "=="],
        &["host", "--priority-class", "urgent=codeflare-high"],
        &["host", "--priority-class", "high="],
        &["host", "--packages-size", "0"],
        &["host", "--pod-security", "privileged"],
        &["hsot"],
    ] {
        let output = codeflare(here.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn source_and_words_are_staged_and_every_file_is_told_of() {
    let here = folder();
    let write = |name: &str, text: &str| std::fs::write(here.path().join(name), text).expect("should write");
    write(
        "stage.json",
        r##"{"argv": ["a", ""], "workdir": "/workdir", "files": [{"name": "lib/a.sh", "source": "#!"}]}"##,
    );
    write("shim", "program");
    let arguments = ["stage", "--from", "stage.json", "--workdir", "w", "--into", "c", "--shim", "shim"];
    for _ in 0..2 {
        insta::assert_snapshot!("staged", told(&codeflare(here.path(), &arguments)));
    }
    assert_eq!(std::fs::read(here.path().join("c/argv")).expect("should be there"), b"/workdir\0a\0");
    write("stage.json", r#"{"files": [{"name": "../a", "source": ""}]}"#);
    insta::assert_snapshot!("not-staged", told(&codeflare(here.path(), &arguments)));
}

/// A server that answers each request with this.
fn serving(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("should listen");
    let host = listener.local_addr().expect("should have an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("should accept");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("should be asked");
                head.extend(byte);
            }
            stream.write_all(&answer).expect("should answer");
        }
    });
    host
}

#[test]
fn source_that_the_host_packed_is_fetched_and_what_fails_is_told() {
    let here = folder();
    let mut tar = tar::Builder::new(Vec::new());
    let mut head = tar::Header::new_gnu();
    head.set_size(8);
    head.set_mode(0o644);
    tar.append_data(&mut head, "lib/main.py", &b"print()\n"[..]).expect("should pack");
    let tar = tar.into_inner().expect("should pack");
    let good = serving([format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", tar.len()).as_bytes(), &tar].concat());
    let gone = serving(b"HTTP/1.1 404 Not Found\r\ncontent-length: 13\r\n\r\nno such Run\n\n".to_vec());
    let digest = "sha256:dd35026103d238a356b787b5902376dd17308d0a8dfaa98fa5adee7a203db555";
    let stage = |host: &str| {
        let (from, bytes) = (here.path().join("stage.json"), tar.len());
        let document =
            format!(r#"{{"fetch": {{"url": "http://{host}/secret", "digest": "{digest}", "bytes": {bytes}}}}}"#);
        std::fs::write(from, document).expect("should write");
        codeflare(here.path(), &["stage", "--from", "stage.json", "--workdir", "w"])
    };
    let done = stage(&good);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    assert_eq!(
        said,
        format!("source: 2048 bytes came, digest {digest}\nsource: unpacked 1 files, links and folders into w\n")
    );
    assert_eq!(std::fs::read(here.path().join("w/lib/main.py")).expect("should be there"), b"print()\n");

    let failed = stage(&gone);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("failed to fetch the source from {gone}: it answers 404: no such Run;")), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn certificates_of_the_package_index_are_read_at_the_start_or_nothing_is_started() {
    let here = folder();
    std::fs::write(here.path().join("text"), "no certificate").expect("should write");
    let large = format!("-----BEGIN CERTIFICATE-----\n{}", "A".repeat(64 << 10));
    std::fs::write(here.path().join("large"), large).expect("should write");
    for (file, said) in [("none", "No such file"), ("text", "it has no certificate"), ("large", "at most 65536")] {
        let output = codeflare(here.path(), &["host", "--package-ca", file]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("--package-ca {file}: ")) && told.contains(said), "{told}");
    }
}

const WRONG: &str = r#"
apiVersion: codeflare.dev/v1alpha1
kind: Application
metadata: {name: good}
spec: {api: job, image: i, command: "echo 'open"}
---
# A word of its own: no document.
---
apiVersion: codeflare.dev/v1alpha1
kind: Application
metadata: {name: bad, lables: {}}
spec: {api: "No", imgae: i, workers: -1}
---
apiVersion: codeflare.dev/v1alpha1
kind: Run
metadata: {name: of-good}
spec: {application: {name: good}}
---
apiVersion: codeflare.dev/v1alpha1
kind: Run
metadata: {name: of-bad}
spec: {application: {name: bad}}
---
apiVersion: codeflare.dev/v1alpha1
kind: Run
metadata: {name: of-none}
spec: {application: {name: none}, deadline: tomorrow}
---
apiVersion: codeflare.dev/v1alpha1
kind: Walk
metadata: {name: w}
---
apiVersion: v1
kind: Service
metadata: {name: n}
---
a: [
"#;

const PLUGINS: &str = r#"
apiVersion: codeflare.dev/v1alpha1
kind: Plugin
metadata: {name: job}
spec: {source: {file: {path: job.wasm}}, launcher: {frameworks: [job]}}
---
apiVersion: codeflare.dev/v1alpha1
kind: Plugin
metadata: {name: sizes}
spec: {source: {file: {path: sizes.wasm}}, sizingPolicy: {}}
"#;

#[test]
fn a_plan_names_every_error_at_once_with_file_document_and_field() {
    let here = folder();
    std::fs::write(here.path().join("wrong.yaml"), WRONG).expect("should write");
    std::fs::write(here.path().join("plugins.yaml"), PLUGINS).expect("should write");
    let arguments = ["plan", "-f", "wrong.yaml", "plugins.yaml", "missing.yaml", "--plugins", "nowhere"];
    let output = codeflare(here.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(told(&output));
}

#[test]
fn without_a_run_there_is_nothing_to_plan() {
    let here = folder();
    std::fs::write(here.path().join("plugins.yaml"), PLUGINS).expect("should write");
    insta::assert_snapshot!(told(&codeflare(here.path(), &["plan", "-f", "plugins.yaml"])));
    insta::assert_snapshot!(told(&codeflare(here.path(), &["plan", "-f", "plugins.yaml", "--run", "hello"])));
}

#[test]
fn a_record_that_is_none_is_refused() {
    let here = folder();
    std::fs::write(here.path().join("record.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\n")
        .expect("should write");
    insta::assert_snapshot!(told(&codeflare(here.path(), &["plan", "--record", "record.yaml"])));
}

#[test]
fn every_example_is_planned_and_replayed_to_the_same_bytes() {
    let Some(plugins) = plugins() else { return };
    let plugins = plugins.to_str().expect("should be text").to_owned();
    let here = folder();
    let examples = std::fs::read_dir(repository().join("examples")).expect("should be there");
    let mut count = 0;
    let examples = examples.map(|entry| entry.expect("should be readable").path()).filter(|path| path.is_dir());
    // A chart is Helm's to read: hack/test/chart.sh.
    for example in examples.filter(|path| !path.join("Chart.yaml").exists()) {
        let file = example.to_str().expect("should be text");
        let plan = |more: &[&str]| {
            let mut arguments = vec!["plan", "-f", file, "--plugins", &plugins];
            arguments.extend(more);
            let output = codeflare(here.path(), &arguments);
            assert!(output.status.success(), "{file} {more:?}: {}", told(&output));
            output.stdout
        };
        let planned = plan(&[]);
        assert_eq!(planned, plan(&[]), "{file}: the same input, another plan");
        std::fs::write(here.path().join("record.yaml"), plan(&["-o", "record"])).expect("should write");
        let replayed = codeflare(here.path(), &["plan", "--record", "record.yaml"]);
        assert!(replayed.status.success(), "{file}: {}", told(&replayed));
        assert_eq!(String::from_utf8_lossy(&replayed.stdout), String::from_utf8_lossy(&planned), "{file}");
        let refused = codeflare(here.path(), &["plan", "-f", file, "--plugins", &plugins, "--kinds", "v1/Pod"]);
        assert_eq!(refused.status.code(), Some(1), "{file}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("batch/v1 Job"), "{file}: {}", told(&refused));
        count += 1;
    }
    assert!(count >= 3, "{count} examples");
}

#[test]
fn two_workers_become_a_service_and_a_job() {
    let Some(plugins) = plugins() else { return };
    let here = folder();
    let file = repository().join("examples/02-workers/workers.yaml");
    let arguments =
        ["plan", "-f", file.to_str().expect("should be text"), "--plugins", plugins.to_str().expect("should be text")];
    let output = codeflare(here.path(), &arguments);
    // Digests change with every build of the plugins.
    let text: String = told(&output)
        .lines()
        .map(|line| match line.split_once("sha256:") {
            Some((before, _)) => format!("{before}sha256:…\n"),
            None => format!("{line}\n"),
        })
        .collect();
    insta::assert_snapshot!(text);
}
