//! Binary `codeflare`: parse, run, exit code. Everything is in `codeflare_cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    codeflare_cli::main()
}
