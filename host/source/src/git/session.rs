//! The requests to one server: credentials to its own origin only, redirects within it
//! only. I/O.

use std::time::Duration;

use bytes::Bytes;
use codeflare_api::repository::{Address, Wanted};
use codeflare_net::{Bound, Client, Incoming, Origin, host_of, origin, redirected};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, Response, Uri};
use http_body_util::Full;

use super::lines::{Lines, odd};
use super::protocol::{self, Odd, Ref, Server};
use crate::credentials::Credentials;
use crate::error::FetchError;

/// Redirects that the first request may take.
const REDIRECTS: usize = 5;
/// Bytes of what a server says of itself.
const GREETING: u64 = 64 << 10;
/// Bytes of a list of references.
const LIST: u64 = 8 << 20;
/// Where a server answers what it can, below the repository.
const INFO: &str = "/info/refs";
/// Some servers know git by this name only.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("git/codeflare-", env!("CARGO_PKG_VERSION")));

/// One exchange with a server.
pub(crate) struct Session<'a> {
    client: &'a Client,
    credentials: Option<&'a Credentials>,
    stall: Duration,
    /// Where the repository is; a redirect may change the path.
    base: String,
    /// Who it is; nothing changes that.
    origin: Origin,
    host: String,
}

impl<'a> Session<'a> {
    /// Before anything is sent.
    pub(crate) fn new(
        client: &'a Client,
        address: &Address,
        credentials: Option<&'a Credentials>,
        stall: Duration,
    ) -> Result<Session<'a>, FetchError> {
        let host = address.authority();
        let base = address.to_string();
        let unusable = || odd(&host, Odd("its address cannot be asked".to_owned()));
        let uri: Uri = base.parse().map_err(|_| unusable())?;
        let origin = origin(&uri).ok_or_else(unusable)?;
        if !client.allows(&uri) {
            return Err(FetchError::Insecure { host: format!("{}:{}", address.host(), address.port()) });
        }
        Ok(Session { client, credentials, stall, base, origin, host })
    }

    /// For messages: host, and port where the address names one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn odd(&self, why: &str) -> FetchError {
        odd(&self.host, Odd(why.to_owned()))
    }

    /// Finds the repository, and what its server can.
    pub(crate) async fn greet(&mut self) -> Result<Server, FetchError> {
        let what = "what it can";
        for _ in 0..=REDIRECTS {
            let uri = self.uri(&format!("{INFO}?service=git-upload-pack"))?;
            let answer = self.send(Method::GET, uri.clone(), Bytes::new(), what).await?;
            if let Some(location) = self.location(&uri, &answer)? {
                self.base = self.moved(&location)?;
                continue;
            }
            self.check(&answer, "application/x-git-upload-pack-advertisement")?;
            let mut lines = self.lines(answer, what, GREETING)?;
            let mut said = lines.message().await?;
            // Over HTTP the service is named in a message of its own, by most servers.
            if matches!(said.as_slice(), [only] if only.starts_with(b"# service=")) {
                said = lines.message().await?;
            }
            return Server::read(&said).map_err(|flaw| odd(&self.host, flaw));
        }
        Err(self.odd("it redirects again and again"))
    }

    /// The references that could be meant.
    pub(crate) async fn list(&self, server: &Server, wanted: &Wanted) -> Result<Vec<Ref>, FetchError> {
        let mut lines = self.command(server.list(wanted), "the list of references", LIST).await?;
        let said = lines.message().await?;
        protocol::refs(&said, server.hash).map_err(|flaw| odd(&self.host, flaw))
    }

    /// Sends a command, and reads no more than `limit` bytes of what it answers.
    pub(crate) async fn command<'s>(
        &'s self,
        body: Vec<u8>,
        what: &'s str,
        limit: u64,
    ) -> Result<Lines<'s>, FetchError> {
        let uri = self.uri("/git-upload-pack")?;
        let answer = self.send(Method::POST, uri.clone(), body.into(), what).await?;
        if self.location(&uri, &answer)?.is_some() {
            return Err(self.odd("it redirects what is sent to it"));
        }
        self.check(&answer, "application/x-git-upload-pack-result")?;
        self.lines(answer, what, limit)
    }

    fn lines<'s>(&'s self, answer: Response<Incoming>, what: &'s str, limit: u64) -> Result<Lines<'s>, FetchError> {
        let bound = Bound { what, host: &self.host, limit, whose: "are the most", stall: self.stall };
        Ok(Lines::new(&self.host, bound.pieces(answer)?))
    }

    fn uri(&self, behind: &str) -> Result<Uri, FetchError> {
        format!("{}{behind}", self.base).parse().map_err(|_| self.odd("its address cannot be asked"))
    }

    /// One request to the origin of the address; every URI of a session is there.
    async fn send(&self, method: Method, uri: Uri, body: Bytes, what: &str) -> Result<Response<Incoming>, FetchError> {
        let own = origin(&uri).as_ref() == Some(&self.origin);
        let mut request = Request::new(Full::new(body));
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        headers.insert("git-protocol", HeaderValue::from_static("version=2"));
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-git-upload-pack-request"));
            headers.insert(ACCEPT, HeaderValue::from_static("application/x-git-upload-pack-result"));
        }
        if let Some(header) = self.credentials.filter(|_| own).and_then(Credentials::header) {
            headers.insert(AUTHORIZATION, header);
        }
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Ok(self.client.send(request, what, self.stall).await?)
    }

    /// Where an answer leads, if it is a redirect within the origin; one that leads out of it
    /// is an error.
    fn location(&self, from: &Uri, answer: &Response<Incoming>) -> Result<Option<Uri>, FetchError> {
        if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(to) = location.and_then(|location| redirected(from, location)) else {
            return Err(self.odd("it redirects to no address"));
        };
        if origin(&to).as_ref() == Some(&self.origin) {
            return Ok(Some(to));
        }
        let to = format!("{}://{}", to.scheme_str().unwrap_or_default(), host_of(&to));
        Err(FetchError::Redirected { host: self.host.clone(), to })
    }

    /// The repository behind a redirect of its first page.
    fn moved(&self, to: &Uri) -> Result<String, FetchError> {
        let path = to.path().strip_suffix(INFO);
        let path = path.ok_or_else(|| self.odd("it redirects to a page that is no repository's"))?;
        let scheme = if self.origin.has_tls() { "https" } else { "http" };
        Ok(format!("{scheme}://{}{path}", self.origin.authority()))
    }

    fn check(&self, answer: &Response<Incoming>, kind: &str) -> Result<(), FetchError> {
        let (host, credentials) = (self.host.clone(), self.credentials.is_some());
        match answer.status().as_u16() {
            200 => {}
            status @ (401 | 403) => return Err(FetchError::CredentialsRefused { host, status, credentials }),
            404 | 410 => return Err(FetchError::NotFound { host, credentials }),
            status @ (408 | 429 | 500..) => {
                return Err(FetchError::Unreachable { host, why: format!("it answers {status}") });
            }
            status => return Err(self.odd(&format!("it answers {status}"))),
        }
        let found = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let found = found.split(';').next().unwrap_or_default().trim();
        if found.eq_ignore_ascii_case(kind) {
            Ok(())
        } else {
            Err(self.odd("it answers with a page, not with git's words"))
        }
    }
}
