//! Lines for the author of the plugin: the host keeps the last ones on the Plugin's
//! status. What a user must know belongs into faults, choices and messages.

/// Writes a line at level `debug`.
pub fn debug(message: impl AsRef<str>) {
    write("debug", message.as_ref());
}

/// Writes a line at level `info`.
pub fn info(message: impl AsRef<str>) {
    write("info", message.as_ref());
}

/// Writes a line at level `warn`.
pub fn warn(message: impl AsRef<str>) {
    write("warn", message.as_ref());
}

/// Writes a line at level `error`.
pub fn error(message: impl AsRef<str>) {
    write("error", message.as_ref());
}

#[cfg(target_arch = "wasm32")]
fn write(level: &str, message: &str) {
    crate::bindings::plugin::codeflare::plugin::log::write(level, message);
}

/// In native tests there is no host: the line goes where a test's output goes.
#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::print_stderr, reason = "the test harness captures it")]
fn write(level: &str, message: &str) {
    eprintln!("{level}: {message}");
}
