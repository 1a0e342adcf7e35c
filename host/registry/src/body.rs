//! Reads an answer's body within limits. I/O.

use std::error::Error;
use std::time::Duration;

use http::Response;
use http_body_util::BodyExt as _;

use crate::error::PullError;

/// A body as it comes.
pub(crate) type Incoming = hyper::body::Incoming;

/// What is read, and how much of it.
pub(crate) struct Bound<'a> {
    /// For messages: what it is.
    pub(crate) what: &'a str,
    /// For messages: who sends it.
    pub(crate) host: &'a str,
    /// Bytes.
    pub(crate) limit: u64,
    /// For messages: whose limit that is.
    pub(crate) whose: &'static str,
    /// How long nothing may come.
    pub(crate) stall: Duration,
}

impl Bound<'_> {
    /// The whole body, of at most `limit` bytes: what declares more is not read at all, and
    /// what goes on beyond it is read no further.
    pub(crate) async fn read(&self, response: Response<Incoming>) -> Result<Vec<u8>, PullError> {
        let too_large =
            || PullError::ArtifactTooLarge { what: self.what.to_owned(), limit: self.limit, whose: self.whose };
        let mut body = response.into_body();
        if hyper::body::Body::size_hint(&body).lower() > self.limit {
            return Err(too_large());
        }
        // Memory is taken as bytes come, not as they are promised.
        let mut bytes = Vec::new();
        loop {
            let next = tokio::time::timeout(self.stall, body.frame()).await;
            let next = next.map_err(|_| PullError::RegistryTooSlow {
                what: format!("more of {}", self.what),
                limit: self.stall,
            })?;
            let Some(frame) = next else { return Ok(bytes) };
            let frame = frame.map_err(|error| PullError::RegistryUnreachable {
                host: self.host.to_owned(),
                why: format!("{} broke off: {}", self.what, words(&error)),
            })?;
            // What is not data are trailers, which say nothing to us.
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() as u64 + data.len() as u64 > self.limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
}

/// An error of the connection with what caused it. None of them has an address in it.
pub(crate) fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
