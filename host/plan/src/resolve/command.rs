//! The program's words: the Application's command, options, then arguments. Pure.

use codeflare_api::{Application, Reason};

use super::arguments::{self, Passed};
use super::{label, run_label};
use crate::seen::Seen;
use crate::stop::Problem;

/// What is wrong with a text that shlex cannot split.
const UNSPLIT: &str = "a quote is not closed, or a backslash ends it; quote words as in a shell";

/// Every word of the program, and what arguments put into its environment.
///
/// # Errors
/// With everything that cannot be split, and every argument that does not fit.
pub(super) fn command(seen: &Seen, application: &Application) -> Result<(Vec<String>, Passed), Vec<Problem>> {
    let label = label(application);
    let mut problems = Vec::new();
    let mut words = |object: &str, pointer: &str, text: &str| {
        shlex::split(text).unwrap_or_else(|| {
            problems.push(Problem::new(Reason::ArgumentsInvalid, object, pointer, UNSPLIT));
            Vec::new()
        })
    };
    let mut argv = words(&label, "/spec/command", &application.spec.command);
    let empty = argv.is_empty();
    let options = match (&seen.run.spec.options, &application.spec.options) {
        (Some(options), _) => words(&run_label(seen), "/spec/options", options),
        (None, Some(options)) => words(&label, "/spec/options", options),
        (None, None) => Vec::new(),
    };
    if empty && problems.is_empty() {
        problems.push(Problem::new(Reason::ArgumentsInvalid, label, "/spec/command", "it has no word; name a program"));
    }
    let passed = arguments::pass(seen, application, &options).unwrap_or_else(|found| {
        problems.extend(found);
        Passed::default()
    });
    argv.extend(options);
    argv.extend(passed.words.iter().cloned());
    if problems.is_empty() { Ok((argv, passed)) } else { Err(problems) }
}

/// What is wrong with an Application's own words, whatever a Run says.
pub(super) fn unsplit(application: &Application) -> Vec<Problem> {
    let texts = [("command", Some(&application.spec.command)), ("options", application.spec.options.as_ref())];
    texts
        .into_iter()
        .filter(|(_, text)| text.is_some_and(|text| shlex::split(text).is_none()))
        .map(|(field, _)| Problem::new(Reason::ArgumentsInvalid, label(application), format!("/spec/{field}"), UNSPLIT))
        .collect()
}
