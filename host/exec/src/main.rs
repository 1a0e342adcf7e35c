//! The exec shim: runs the words of the file `argv` beside it, as they are.
//!
//! Some frameworks take one line and hand it to a shell, or to two. The line is then the
//! path of this program, which has nothing that a shell would change. It is static and
//! small: it runs in images of which nothing is known.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where the platform puts it, should the system not say.
const FOLDER: &str = "/codeflare";

/// Exit codes of shells: there is no such program; it is there and cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

fn main() -> ExitCode {
    let (sentence, code) = run();
    // Nobody can be told that nobody can be told.
    let _ = writeln!(std::io::stderr(), "codeflare: {sentence}");
    ExitCode::from(code)
}

/// Becomes the program. Returns only with what is wrong.
fn run() -> (String, u8) {
    if std::env::args_os().len() > 1 {
        return ("this program takes no arguments: it runs the words of the file argv beside it".to_owned(), NOT_RUN);
    }
    let file = folder().join("argv");
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => return (format!("failed to read {}: {error}", file.display()), NOT_RUN),
    };
    let mut fields = bytes.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let workdir = fields.next().unwrap_or_default();
    let Some(program) = fields.next() else {
        return (format!("{} has no words to run", file.display()), NOT_RUN);
    };
    if !workdir.is_empty()
        && let Err(error) = std::env::set_current_dir(workdir)
    {
        return (format!("failed to enter the folder {}: {error}", workdir.display()), NOT_RUN);
    }
    // It is looked up in PATH unless it has a slash; this returns only if it fails.
    let error = Command::new(program).args(fields).exec();
    let code = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUN };
    (format!("failed to run `{}`: {error}", program.display()), code)
}

fn folder() -> PathBuf {
    let own = std::fs::read_link("/proc/self/exe").ok().and_then(|path| path.parent().map(Path::to_owned));
    own.unwrap_or_else(|| FOLDER.into())
}
