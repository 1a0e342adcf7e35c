//! The user's words become words for torch's launcher, which starts them once for each
//! process of a worker.
//!
//! ```text
//! command                              what is started on each worker
//! python3 main.py A B                  python3 LAUNCHER -- python3 main.py A B
//! /venv/bin/python -u -m pkg.train A   /venv/bin/python LAUNCHER -- /venv/bin/python -u -m pkg.train A
//! python3.11 -c CODE A                 python3.11 LAUNCHER -- python3.11 -c CODE A
//! main.py A, ./main.py A               python3 LAUNCHER -- python3 ./main.py A
//! bash train.sh A, /opt/train A        python3 LAUNCHER -- bash train.sh A
//! torchrun main.py A                   as it is: the environment tells it of the others
//! python3 -m torch.distributed.run A   as it is
//! anything, with `launcher: none`      as it is
//! ```
//!
//! LAUNCHER is `-c START THREADS --no_python`. Always `--no_python`, so that one rule does
//! for all programs and the interpreter keeps its options; with the underscore, which old
//! launchers know alone and new ones know too. The `--` keeps argparse away from the
//! user's words: it would drop a `--` among them, and refuse `--n 3` as an abbreviation
//! that fits several of its own options.

use codeflare_plugin::fault;
use codeflare_plugin::prelude::*;

/// Torch's launcher, with its exit code mended; it is also what keeps `$` in the words.
const START: &str = include_str!("start.py");
/// Starts scripts that name no interpreter.
const PYTHON: &str = "python3";
/// Modules of torch that are launchers.
const LAUNCHERS: [&str; 2] = ["torch.distributed.run", "torch.distributed.launch"];
/// Options of Python whose value is the next word.
const WITH_VALUE: [&str; 3] = ["-W", "-X", "--check-hash-based-pycs"];

/// `threads` is for OpenMP, of each process.
pub(crate) fn command(application: &LaunchedApplication, threads: u64) -> Result<Command, Decline> {
    let words = &application.argv;
    let Some(first) = words.first() else {
        let message = "expected a program, such as `python3 main.py`, but the command has no word";
        let object = format!("Application/{}", application.name);
        return Err(fault::invalid("CommandInvalid", message, object, "/spec/command"));
    };
    if is_launcher(words) {
        return Ok(Command::Program);
    }
    let script = first.ends_with(".py");
    let python = if is_python(first) { first } else { PYTHON };
    let threads = threads.to_string();
    let mut argv: Vec<String> = [python, "-c", START, &threads, "--no_python", "--"].map(str::to_owned).to_vec();
    argv.extend(script.then(|| PYTHON.to_owned()));
    argv.extend(words.iter().cloned());
    Ok(Command::Argv(argv))
}

fn is_launcher(words: &[String]) -> bool {
    match words.split_first() {
        Some((first, rest)) if is_python(first) => module(rest).is_some_and(|module| LAUNCHERS.contains(&module)),
        Some((first, _)) => base(first) == "torchrun",
        None => false,
    }
}

/// `python`, `python3`, `python3.11`, in any folder.
fn is_python(word: &str) -> bool {
    let version = base(word).strip_prefix("python");
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The module that Python is told to run.
fn module(words: &[String]) -> Option<&str> {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-m" => return words.next(),
            "-c" => return None,
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with('-') => {}
            _ => return None,
        }
    }
    None
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
