//! Every benchmark says what it measures and how it is called. So the tests build them too:
//! a benchmark that no longer compiles is found before somebody needs a figure.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn every_benchmark_says_what_it_measures() {
    for (name, program) in [
        ("fairness", env!("CARGO_BIN_EXE_fairness")),
        ("launch-latency", env!("CARGO_BIN_EXE_launch-latency")),
        ("plugin-call", env!("CARGO_BIN_EXE_plugin-call")),
        ("plugin-many", env!("CARGO_BIN_EXE_plugin-many")),
    ] {
        let output = Command::new(program).arg("--help").output().unwrap();
        assert!(output.status.success(), "{name} --help failed");
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Usage:"), "{name} --help has no usage: {help}");
    }
}
