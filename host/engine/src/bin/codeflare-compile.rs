//! The compile child as a program of its own: `codeflare-compile MEMORY SECONDS [--confined]`.
//!
//! The host runs itself instead (`codeflare compile-plugin`); tests and benches of
//! this crate have no host, so they run this.

use std::process::ExitCode;

use codeflare_engine::CompileLimits;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let [memory, seconds] = numbers.as_slice() else {
        return complain("usage: codeflare-compile MEMORY SECONDS [--confined] <COMPONENT >CODE");
    };
    let confined = arguments.iter().any(|text| text == "--confined");
    match codeflare_engine::compile_main(CompileLimits { memory: *memory, seconds: *seconds, confined }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the reason from stderr")]
fn complain(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
