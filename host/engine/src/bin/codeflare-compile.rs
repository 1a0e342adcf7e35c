//! The compile child as a program of its own: `codeflare-compile IN.wasm OUT.cwasm`.
//!
//! The host runs itself instead (`codeflare compile-plugin`); tests and benches of
//! this crate have no host, so they run this.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return complain("usage: codeflare-compile IN.wasm OUT.cwasm");
    };
    match codeflare_engine::compile_main(Path::new(input), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the reason from stderr")]
fn complain(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
