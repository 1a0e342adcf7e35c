//! The only place that prints: data to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::Write;

use crate::Failure;

/// Prints data as it is. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::one(format!("failed to write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints errors.
#[expect(clippy::print_stderr, reason = "errors of the command line go to stderr")]
pub(crate) fn error(text: &impl Display) {
    for line in text.to_string().lines() {
        eprintln!("error: {line}");
    }
}

/// Prints what is worth knowing and no error.
#[expect(clippy::print_stderr, reason = "notes of the command line go to stderr")]
pub(crate) fn note(text: &str) {
    eprintln!("note: {text}");
}

/// Prints one thing that was done.
#[expect(clippy::print_stderr, reason = "progress goes to stderr")]
pub(crate) fn progress(done: &impl Display) {
    eprintln!("{done}");
}
