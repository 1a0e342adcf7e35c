//! Credentials out of a pull secret (`.dockerconfigjson`). Pure; errors never show content.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::reference::{Reference, canonical};

/// A user's name and password, or a robot's.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    password: String,
}

/// A pull secret that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Not the JSON that such a Secret has.
    #[error("it is not JSON with a member `auths`, as `kubectl create secret docker-registry` writes it")]
    Unreadable,
    /// No entry for the registry.
    #[error("it has no entry for {host}")]
    NoEntry {
        /// The registry of the reference.
        host: String,
    },
    /// An entry that says nothing that can be shown to the registry.
    #[error("its entry for {host} has neither `username` and `password` nor an `auth` of both in base64")]
    NoPassword {
        /// The registry of the reference.
        host: String,
    },
}

#[derive(Deserialize)]
struct File {
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Credentials {
    /// A name and a password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials { username: username.into(), password: password.into() }
    }

    /// The entry of a `.dockerconfigjson` for the registry of a reference.
    ///
    /// # Errors
    /// If it cannot be read, or has nothing for that registry.
    pub fn of_docker_config(bytes: &[u8], reference: &Reference) -> Result<Credentials, CredentialsError> {
        // What serde says of the text could quote it.
        let file: File = serde_json::from_slice(bytes).map_err(|_| CredentialsError::Unreadable)?;
        let host = reference.host();
        let entry = file.auths.into_iter().find(|(key, _)| host_of(key) == host).map(|(_, entry)| entry);
        let entry = entry.ok_or_else(|| CredentialsError::NoEntry { host: host.to_owned() })?;
        entry.credentials().ok_or_else(|| CredentialsError::NoPassword { host: host.to_owned() })
    }

    /// As the header `Authorization` has it.
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.username, self.password)))
    }
}

impl Entry {
    fn credentials(self) -> Option<Credentials> {
        let both = match (self.username, self.password, self.auth) {
            (Some(username), Some(password), _) => (username, password),
            (_, _, auth) => {
                let text = String::from_utf8(STANDARD.decode(auth?.trim()).ok()?).ok()?;
                let (username, password) = text.split_once(':')?;
                // `docker login` pads with zeros.
                (username.to_owned(), password.trim_end_matches('\0').to_owned())
            }
        };
        (!both.0.is_empty() && !both.1.is_empty()).then(|| Credentials::new(both.0, both.1))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// The host of a key, which may be an address with scheme and path, as Docker's own is.
fn host_of(key: &str) -> String {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    canonical(rest.split('/').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(json: &str, reference: &str) -> Result<String, String> {
        let reference = reference.parse().expect("a reference");
        let found = Credentials::of_docker_config(json.as_bytes(), &reference);
        found.map(|found| format!("{}/{}", found.username, found.password)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_entry_of_the_registry_is_taken_and_no_other() {
        let auth = STANDARD.encode("ann:a:b");
        let json = format!(
            r#"{{"auths": {{
                "example.com": {{"username": "port-less", "password": "p"}},
                "example.com:5000": {{"auth": "{auth}"}},
                "https://index.docker.io/v1/": {{"username": "whale", "password": "p", "email": "x"}},
                "http://old.example.com/v2/": {{"username": "old", "password": "p"}},
                "EXAMPLE.org": {{"username": "org", "password": "p"}}}}}}"#
        );
        for (reference, wanted) in [
            ("example.com/x:1", "port-less/p"),
            ("example.com:5000/x:1", "ann/a:b"),
            ("docker.io/x:1", "whale/p"),
            ("registry-1.docker.io/a/x:1", "whale/p"),
            ("old.example.com/x:1", "old/p"),
            ("example.org/x:1", "org/p"),
        ] {
            assert_eq!(find(&json, reference).as_deref(), Ok(wanted), "{reference}");
        }
        for reference in ["evil.example.com/x:1", "example.com:5001/x:1", "example.com.evil.org/x:1"] {
            assert!(find(&json, reference).is_err_and(|error| error.contains("no entry for")), "{reference}");
        }
    }

    #[test]
    fn errors_never_show_what_stands_there() {
        let secret = "hunter2";
        let broken = STANDARD.encode(secret);
        for (json, words) in [
            (format!(r#"{{"auths": "{secret}"}}"#), "not JSON with a member `auths`"),
            (format!(r#"{{"{secret}"#), "not JSON"),
            (format!(r#"{{"auths": {{"example.com": {{"auth": "{secret}!"}}}}}}"#), "neither"),
            (format!(r#"{{"auths": {{"example.com": {{"auth": "{broken}"}}}}}}"#), "neither"),
            (format!(r#"{{"auths": {{"example.com": {{"password": "{secret}"}}}}}}"#), "neither"),
            (format!(r#"{{"auths": {{"example.com": {{"identitytoken": "{secret}"}}}}}}"#), "neither"),
            (format!(r#"{{"auths": {{"{secret}.com": {{}}}}}}"#), "no entry for example.com"),
        ] {
            let said = find(&json, "example.com/x:1").expect_err(&json);
            assert!(said.contains(words) && !said.contains(secret) && !said.contains(&broken), "{said}");
        }
        assert_eq!(format!("{:?}", Credentials::new("ann", secret)), "Credentials");
    }
}
