//! What can go wrong between a request and the end of its answer.

use std::error::Error;
use std::time::Duration;

/// Why an answer did not come. Callers say it in words of their own; no message has an
/// address in it beyond host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// No connection, or a broken one.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Host, and port where the address names one.
        host: String,
        /// What the connection says.
        why: String,
    },
    /// Who answers shows a certificate that nobody here trusts, or one of another host.
    #[error("{host} shows a certificate that is not trusted: {why}")]
    Certificate {
        /// Host, and port where the address names one.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// It takes longer than the limit, or sends nothing for too long.
    #[error("{what} did not come within {} s", limit.as_secs_f32())]
    TooSlow {
        /// What was waited for.
        what: String,
        /// The limit that was reached.
        limit: Duration,
    },
    /// It says that it is too large, or goes on and on.
    #[error("{what} is larger than the {limit} bytes that {whose}; reading stopped there")]
    TooLarge {
        /// What is too large.
        what: String,
        /// Bytes.
        limit: u64,
        /// Whose limit that is.
        whose: &'static str,
    },
}

impl NetError {
    /// From what a connection says.
    pub(crate) fn of(host: &str, error: &(dyn Error + 'static)) -> NetError {
        let (host, why) = (host.to_owned(), words(error));
        if is_certificate(error) { NetError::Certificate { host, why } } else { NetError::Unreachable { host, why } }
    }
}

/// An error of the connection with what caused it. None of them has an address in it.
pub fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Wrappers tend to repeat what they wrap.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// Whether a certificate is what it failed on.
fn is_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidCertificate(_));
        }
        // An error of the system shows what it wraps only when it is asked for it.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
