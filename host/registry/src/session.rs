//! The requests of one pull: authorised where the registry asks for it, redirected with
//! nothing in hand. I/O.

use codeflare_net::{Bound, Incoming, host_of, origin, redirected};
use http::header::{ACCEPT, AUTHORIZATION, LOCATION};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::Full;

use crate::client::Registry;
use crate::error::PullError;
use crate::order::Order;
use crate::token;

/// Redirects that one request may take.
const REDIRECTS: usize = 5;

/// One pull.
pub(crate) struct Session<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) order: Order<'a>,
    /// Scheme and authority.
    base: String,
    authorization: Option<String>,
    /// The registry is asked for its challenge once: it cannot keep us busy with them.
    challenged: bool,
}

/// An answer, and who gave it.
struct Answer {
    response: Response<Incoming>,
    host: String,
}

impl<'a> Session<'a> {
    pub(crate) fn new(registry: &'a Registry, order: Order<'a>) -> Session<'a> {
        let base = registry.base(order.reference);
        Session { registry, order, base, authorization: None, challenged: false }
    }

    /// A document of the repository, which must be there.
    pub(crate) async fn document(&mut self, path: &str, accept: &str, what: &str) -> Result<Vec<u8>, PullError> {
        let limit = self.order.limits.document;
        self.bytes(path, accept, what, limit, "such a document may have").await
    }

    /// A document of the repository that may as well not be there.
    pub(crate) async fn look(&mut self, path: &str, accept: &str, what: &str) -> Result<Option<Vec<u8>>, PullError> {
        let answer = self.ask(path, accept, what).await?;
        // Registries that do not know the question say so in several ways.
        let unknown = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST, StatusCode::METHOD_NOT_ALLOWED];
        if unknown.contains(&answer.response.status()) {
            return Ok(None);
        }
        let limit = self.order.limits.document;
        self.read(answer, what, limit, "such a document may have").await.map(Some)
    }

    /// A blob or document with a limit of its own.
    pub(crate) async fn bytes(
        &mut self,
        path: &str,
        accept: &str,
        what: &str,
        limit: u64,
        whose: &'static str,
    ) -> Result<Vec<u8>, PullError> {
        let answer = self.ask(path, accept, what).await?;
        self.read(answer, what, limit, whose).await
    }

    async fn read(&self, answer: Answer, what: &str, limit: u64, whose: &'static str) -> Result<Vec<u8>, PullError> {
        self.check(&answer, what)?;
        let bound = Bound { what, host: &answer.host, limit, whose, stall: self.order.limits.stall };
        Ok(bound.read(answer.response).await?)
    }

    async fn ask(&mut self, path: &str, accept: &str, what: &str) -> Result<Answer, PullError> {
        let address = format!("{}/v2/{}/{path}", self.base, self.order.reference.name());
        let uri: Uri = address.parse().map_err(|_| PullError::RegistryUnreachable {
            host: self.order.reference.host().to_owned(),
            why: format!("{what} has a name that cannot be asked for"),
        })?;
        let mut answer = self.send(&uri, accept, what).await?;
        if answer.response.status() == StatusCode::UNAUTHORIZED && !self.challenged {
            self.challenged = true;
            if let Some(authorization) = token::answer(self, answer.response.headers()).await? {
                self.authorization = Some(authorization);
                answer = self.send(&uri, accept, what).await?;
            }
        }
        self.follow(uri, answer, accept, what).await
    }

    /// Goes where an answer leads. A challenge on the way is not answered.
    async fn follow(&self, mut uri: Uri, mut answer: Answer, accept: &str, what: &str) -> Result<Answer, PullError> {
        for _ in 0..REDIRECTS {
            if !matches!(answer.response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            let location = answer.response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| redirected(&uri, location));
            uri = next.ok_or_else(|| PullError::RegistryUnreachable {
                host: answer.host.clone(),
                why: format!("it redirects {what} to no address"),
            })?;
            if !self.registry.client.allows(&uri) {
                let what = format!("{} redirects {what} to {}, which", answer.host, host_of(&uri));
                return Err(PullError::RegistryInsecure { what });
            }
            answer = self.send(&uri, accept, what).await?;
        }
        Err(PullError::RegistryUnreachable {
            host: answer.host,
            why: format!("{what} was redirected {REDIRECTS} times"),
        })
    }

    /// One request; what authorises it goes to the registry itself only.
    async fn send(&self, uri: &Uri, accept: &str, what: &str) -> Result<Answer, PullError> {
        let own = self.base.parse().ok().and_then(|base| origin(&base));
        let authorization = self.authorization.as_deref().filter(|_| own.is_some() && origin(uri) == own);
        self.request(uri, accept, authorization, what).await
    }

    /// A token, from wherever the registry says, for the credentials.
    pub(crate) async fn token(&self, uri: &Uri, basic: Option<&str>) -> Result<Vec<u8>, PullError> {
        let what = "a token";
        let answer = self.request(uri, "application/json", basic, what).await?;
        self.read(answer, what, self.order.limits.document, "such a document may have").await
    }

    async fn request(
        &self,
        uri: &Uri,
        accept: &str,
        authorization: Option<&str>,
        what: &str,
    ) -> Result<Answer, PullError> {
        let host = host_of(uri);
        let mut request = Request::get(uri.clone()).header(ACCEPT, accept);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::default())
            .map_err(|error| PullError::RegistryUnreachable { host: host.clone(), why: error.to_string() })?;
        let response = self.registry.client.send(request, what, self.order.limits.stall).await?;
        Ok(Answer { response, host })
    }

    fn check(&self, answer: &Answer, what: &str) -> Result<(), PullError> {
        let host = answer.host.clone();
        let what = what.to_owned();
        match answer.response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(PullError::ArtifactNotFound { host, what }),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let hint = match self.order.credentials {
                    Some(_) => " to the user of the pull secret",
                    None => "; no credentials were shown, since no pull secret is named",
                };
                Err(PullError::RegistryRefused { host, what, status: status.as_u16(), hint })
            }
            status => {
                Err(PullError::RegistryUnreachable { host, why: format!("it answers {} to {what}", status.as_u16()) })
            }
        }
    }
}
