//! Answers a registry's challenge: with the credentials, or with a token for them. I/O.

use codeflare_net::{escaped, host_of};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Uri};
use serde::Deserialize;

use crate::challenge::{self, Challenge};
use crate::error::PullError;
use crate::session::Session;

/// What a token service answers; either member has the token.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The header `Authorization` that the challenge asks for; none if there is nothing to
/// answer with.
///
/// Credentials are sent to the realm that the registry names, as every client does: the
/// registry could as well have asked for them itself. The scope is ours, whatever it asks
/// for: to pull this repository.
pub(crate) async fn answer(session: &Session<'_>, headers: &HeaderMap) -> Result<Option<String>, PullError> {
    let challenges: Vec<_> =
        headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|header| challenge::read(header.to_str().ok()?)).collect();
    let basic = session.order.credentials.map(crate::Credentials::basic);
    let bearer = challenges.iter().find_map(|challenge| match challenge {
        Challenge::Bearer { realm, service } => Some((realm, service)),
        Challenge::Basic => None,
    });
    let Some((realm, service)) = bearer else {
        return Ok(basic.filter(|_| challenges.contains(&Challenge::Basic)));
    };
    let host = session.order.reference.host().to_owned();
    let unusable = |why: &str| PullError::RegistryUnreachable { host: host.clone(), why: why.to_owned() };
    let address: Uri = realm.parse().map_err(|_| unusable("it names a token service without an address"))?;
    if !session.registry.client.allows(&address) {
        let what = format!("the token service {} of {host}", host_of(&address));
        return Err(PullError::RegistryInsecure { what });
    }
    let mark = if address.query().is_some() { '&' } else { '?' };
    let scope = escaped(&format!("repository:{}:pull", session.order.reference.name()));
    let service = service.as_ref().map(|service| format!("&service={}", escaped(service))).unwrap_or_default();
    let address: Uri = format!("{address}{mark}scope={scope}{service}")
        .parse()
        .map_err(|_| unusable("it names a token service that cannot be asked"))?;
    let bytes = session.token(&address, basic.as_deref()).await?;
    let no_token = || unusable(&format!("its token service {} answers without a token", host_of(&address)));
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| no_token())?;
    let token = token.token.or(token.access_token).filter(|token| is_token(token)).ok_or_else(no_token)?;
    Ok(Some(format!("Bearer {token}")))
}

/// Fit for a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
