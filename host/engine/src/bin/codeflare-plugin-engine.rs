//! The child that runs plugins as a program of its own: `codeflare-plugin-engine THREADS MEMORY`.
//!
//! The host runs itself instead (`codeflare plugin-engine`); tests and benches of
//! this crate have no host, so they run this.

use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let [threads, memory] = numbers.as_slice() else {
        return complain("usage: codeflare-plugin-engine THREADS MEMORY");
    };
    match codeflare_engine::engine_main(usize::try_from(*threads).unwrap_or(1), *memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads the reason from stderr")]
fn complain(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
