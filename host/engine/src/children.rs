//! For programs that are their own children, as benches are: arguments in, and the child's
//! work done where they are a child's.

use std::ffi::OsString;

use crate::{CompileLimits, compile_main, engine_main};

/// Does what the arguments of this program ask for where they are those of a child
/// (`compile-plugin` or `plugin-engine` and what the engine adds); none where they are not.
///
/// # Errors
/// The child's words; the caller prints them and exits with a code other than 0.
pub fn be_child(arguments: impl Iterator<Item = OsString>) -> Option<Result<(), String>> {
    let words: Vec<String> = arguments.skip(1).filter_map(|word| word.into_string().ok()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["compile-plugin", memory, seconds, rest @ ..] => {
            let (memory, seconds) = (memory.parse().ok()?, seconds.parse().ok()?);
            let limits = CompileLimits { memory, seconds, confined: rest.contains(&"--confined") };
            Some(compile_main(limits).map_err(|error| error.to_string()))
        }
        ["plugin-engine", threads, memory] => {
            let (threads, memory) = (threads.parse().ok()?, memory.parse().ok()?);
            Some(engine_main(threads, memory).map_err(|error| error.to_string()))
        }
        _ => None,
    }
}
