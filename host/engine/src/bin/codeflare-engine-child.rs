//! The children as a program of their own, for tests of this crate: they have no host, which
//! runs itself instead.

use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "the parent reads the reason from stderr")]
fn main() -> ExitCode {
    let why = match codeflare_engine::be_child(std::env::args_os()) {
        Some(Ok(())) => return ExitCode::SUCCESS,
        Some(Err(why)) => why,
        None => "usage: codeflare-engine-child compile-plugin MEMORY SECONDS [--confined] <COMPONENT >CODE\n       \
                 codeflare-engine-child plugin-engine THREADS MEMORY"
            .to_owned(),
    };
    eprintln!("{why}");
    ExitCode::FAILURE
}
