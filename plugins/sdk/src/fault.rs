//! Short ways to decline.

use codeflare_documents::shared::{Decline, Fault};

/// One fault.
pub fn fault(
    code: impl Into<String>,
    message: impl Into<String>,
    object: impl Into<String>,
    pointer: impl Into<String>,
) -> Fault {
    Fault { code: code.into(), message: message.into(), object: object.into(), pointer: pointer.into() }
}

/// Declines with one fault that somebody must mend: code in PascalCase, a sentence that
/// says what was expected and what to do, the user's object as `Kind/name`, and where in
/// it, as a JSON pointer.
pub fn invalid(
    code: impl Into<String>,
    message: impl Into<String>,
    object: impl Into<String>,
    pointer: impl Into<String>,
) -> Decline {
    Decline::Invalid(vec![fault(code, message, object, pointer)])
}
