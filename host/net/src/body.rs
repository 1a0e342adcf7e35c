//! Reads an answer's body within limits. I/O.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;

use crate::error::NetError;

/// A body as it comes.
pub type Incoming = hyper::body::Incoming;

/// What is read, and how much of it.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    /// For messages: what it is.
    pub what: &'a str,
    /// For messages: who sends it.
    pub host: &'a str,
    /// Bytes.
    pub limit: u64,
    /// For messages: whose limit that is.
    pub whose: &'static str,
    /// How long nothing may come.
    pub stall: Duration,
}

/// A body that is read piece by piece, within its bound.
#[derive(Debug)]
pub struct Pieces<'a> {
    bound: Bound<'a>,
    body: Incoming,
    read: u64,
}

impl<'a> Bound<'a> {
    /// The whole body, of at most `limit` bytes: what declares more is not read at all, and
    /// what goes on beyond it is read no further.
    ///
    /// # Errors
    /// [`NetError`].
    pub async fn read(self, response: Response<Incoming>) -> Result<Vec<u8>, NetError> {
        let mut pieces = self.pieces(response)?;
        // Memory is taken as bytes come, not as they are promised.
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The body as it comes.
    ///
    /// # Errors
    /// `TooLarge` for a body that declares more than the limit.
    pub fn pieces(self, response: Response<Incoming>) -> Result<Pieces<'a>, NetError> {
        let body = response.into_body();
        if hyper::body::Body::size_hint(&body).lower() > self.limit {
            return Err(self.too_large());
        }
        Ok(Pieces { bound: self, body, read: 0 })
    }

    fn too_large(&self) -> NetError {
        NetError::TooLarge { what: self.what.to_owned(), limit: self.limit, whose: self.whose }
    }
}

impl Pieces<'_> {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// [`NetError`]: nothing came for too long, too much came, or it broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            let next = tokio::time::timeout(self.bound.stall, self.body.frame()).await;
            let next = next.map_err(|_| NetError::TooSlow {
                what: format!("more of {}", self.bound.what),
                limit: self.bound.stall,
            })?;
            let Some(frame) = next else { return Ok(None) };
            let frame = frame.map_err(|error| NetError::Unreachable {
                host: self.bound.host.to_owned(),
                why: format!("{} broke off: {}", self.bound.what, crate::words(&error)),
            })?;
            // What is not data are trailers, which say nothing to us.
            let Ok(data) = frame.into_data() else { continue };
            self.read += data.len() as u64;
            if self.read > self.bound.limit {
                return Err(self.bound.too_large());
            }
            return Ok(Some(data));
        }
    }
}
