//! Credentials of a repository. Nothing shows them but the header that they become.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A user's name and a password or token. The memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl Credentials {
    /// A name and a password. The name must have no colon, since that is where servers cut.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials { user: Zeroizing::new(user.into()), password: Zeroizing::new(password.into()) }
    }

    /// As the header `Authorization` has it, marked so that no log shows it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let both = Zeroizing::new(format!("{}:{}", *self.user, *self.password));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes())));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}
