//! Credentials out of a Secret, read at the moment of a fetch and at no other. No error shows
//! what stands in it.

use std::collections::BTreeMap;

use codeflare_api::repository::Address;
use codeflare_api::{Reason, Retry};
use codeflare_plan::source::{SecretUse, permit};
use codeflare_plan::stop::Problem;
use codeflare_source::Credentials;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::Api;

use super::Sources;
use super::book::Failure;
use crate::api::within;
use crate::error::Call;

/// Key of the user's name, and of the password or token.
const KEYS: (&str, &str) = ("user", "pat");
/// Who shows a token without a name: servers that have tokens take any name, and those that
/// want one tell tokens of apps by this.
const ANYBODY: &str = "x-access-token";

/// Credentials, and the resourceVersion of the Secret that they are from.
pub(super) struct Shown {
    pub(super) credentials: Credentials,
    pub(super) version: Option<String>,
}

impl Sources {
    /// The credentials of a Secret for a repository.
    pub(super) async fn credentials(&self, secret: &SecretUse, address: &Address) -> Result<Shown, Failure> {
        let failed = |reason: Reason, version: Option<String>, why: String| {
            let (object, pointer) = secret.field();
            let problem = Problem::new(reason, object, pointer, format!("{} {why}", secret.label()));
            let again = if reason.retry() == Retry::Backoff { Retry::Backoff } else { Retry::OnChange };
            Failure { problem, again, secret: version }
        };
        let api = Api::<Secret>::namespaced(self.client.clone(), &secret.namespace);
        let found = match within(api.get_opt(&secret.name)).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                let why = "does not exist; create it with the keys `user` and `pat`".to_owned();
                return Err(failed(Reason::RepoSecretNotFound, None, why));
            }
            Err(error) if error.code() == Some(403) => {
                let why = "may not be read by the host; let an admin name it in source.secrets of the chart".to_owned();
                return Err(failed(Reason::RepoSecretNotAllowed, None, why));
            }
            Err(error) => {
                let why = format!("could not be read: {}", error.words());
                return Err(failed(Reason::ApiUnavailable, None, why));
            }
        };
        let version = found.resource_version();
        permit(secret, &found.metadata, address)
            .map_err(|why| failed(Reason::RepoSecretNotAllowed, version.clone(), why))?;
        let read = credentials(&found.data.unwrap_or_default());
        let (user, password) = read.map_err(|why| failed(Reason::RepoSecretInvalid, version.clone(), why))?;
        Ok(Shown { credentials: Credentials::new(user, password), version })
    }

    /// The resourceVersion of a Secret, of which nothing else is read; none where it is not
    /// there.
    pub(super) async fn version(&self, secret: &SecretUse) -> Result<Option<String>, Call> {
        let api = Api::<Secret>::namespaced(self.client.clone(), &secret.namespace);
        Ok(within(api.get_metadata_opt(&secret.name)).await?.and_then(|found| found.resource_version()))
    }
}

/// Name and password. Line ends around them are those of whoever wrote the file.
fn credentials(data: &BTreeMap<String, ByteString>) -> Result<(String, String), String> {
    let read = |key: &str| {
        let Some(bytes) = data.get(key) else { return Ok(String::new()) };
        let text = std::str::from_utf8(&bytes.0).map_err(|_| format!("has a key `{key}` that is not text"))?;
        let text = text.trim_matches(['\n', '\r']);
        match text.contains(char::is_control) {
            true => Err(format!("has a key `{key}` with a control character in it")),
            false => Ok(text.to_owned()),
        }
    };
    let (user, password) = (read(KEYS.0)?, read(KEYS.1)?);
    if password.is_empty() {
        let keys: Vec<_> = data.keys().map(String::as_str).collect();
        let has = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        return Err(format!("has no password or token under the key `pat`; it has {has}"));
    }
    if user.contains(':') {
        return Err("has a `user` with a colon, which no server could tell from the password".to_owned());
    }
    Ok((if user.is_empty() { ANYBODY.to_owned() } else { user }, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_needed_and_a_name_is_not() {
        let of = |pairs: &[(&str, &str)]| {
            let data = pairs.iter().map(|(key, text)| ((*key).to_owned(), ByteString(text.as_bytes().to_vec())));
            credentials(&data.collect())
        };
        for (pairs, user, password) in [
            (vec![("user", "ann"), ("pat", "hunter2")], "ann", "hunter2"),
            (vec![("user", "ann\n"), ("pat", "hunter2\r\n")], "ann", "hunter2"),
            (vec![("user", ""), ("pat", "hunter2")], "x-access-token", "hunter2"),
            (vec![("pat", " a:b ")], "x-access-token", " a:b "),
        ] {
            assert_eq!(of(&pairs), Ok((user.to_owned(), password.to_owned())), "{pairs:?}");
        }
        for (pairs, words) in [
            (vec![], "under the key `pat`; it has no key"),
            (vec![("user", "ann"), ("password", "hunter2")], "under the key `pat`; it has password, user"),
            (vec![("user", "ann"), ("pat", "\n")], "under the key `pat`"),
            (vec![("user", "a:b"), ("pat", "hunter2")], "a `user` with a colon"),
            (vec![("user", "ann"), ("pat", "hunt\ner2")], "`pat` with a control character"),
        ] {
            let said = of(&pairs).expect_err(words);
            assert!(said.contains(words) && !said.contains("hunt"), "{said}");
        }
        let data = [("pat".to_owned(), ByteString(vec![0xff]))].into();
        assert_eq!(credentials(&data), Err("has a key `pat` that is not text".to_owned()));
    }
}
