//! The command line: arguments in, an exit code out.
//!
//! Data goes to stdout, everything else to stderr. Exit codes: 0 it is done; 1 it was
//! tried and something is wrong, every error named; 2 the command line is wrong.

mod args;
mod ceiling;
mod crd;
mod files;
mod host;
mod output;
mod plan;
mod schema;
mod stage;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Something is wrong: every error, a line each.
    #[error("{}", .0.join("\n"))]
    Errors(Vec<String>),
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// One error.
    pub(crate) fn one(error: impl std::fmt::Display) -> Failure {
        Failure::Errors(vec![error.to_string()])
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    // clap prints usage errors by itself and exits with 2.
    let done = match Args::parse().command {
        Command::Host(args) => host::run(*args),
        Command::Plan(args) => plan::run(&args),
        Command::Crd(args) => crd::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Stage(args) => stage::run(&args),
        Command::CompilePlugin { memory, seconds, confined } => {
            let limits = codeflare_engine::CompileLimits { memory, seconds, confined };
            codeflare_engine::compile_main(limits).map_err(Failure::one)
        }
        Command::PluginEngine { threads, memory } => {
            codeflare_engine::engine_main(threads, memory).map_err(Failure::one)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure);
            ExitCode::from(match failure {
                Failure::Errors(_) => 1,
                Failure::Usage(_) => 2,
            })
        }
    }
}
