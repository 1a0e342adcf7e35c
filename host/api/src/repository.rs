//! Where source lies: addresses of repositories, the place in one that is meant, and
//! patterns that say which repositories a password is for. Pure.
//!
//! No error of this module shows the text that it is about: people put passwords into
//! addresses, and errors are read by more people than Secrets are.

mod pattern;
mod place;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

pub use pattern::{Pattern, PatternError};
pub use place::{Place, PlaceError, Wanted};

/// The address of a repository: `http` or `https`, a host, perhaps a port, a path. It has
/// no user, no password, no query and no fragment.
///
/// It is written and read as its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    secure: bool,
    /// As addresses have it: lower case, version 6 in brackets, international names in ASCII.
    host: String,
    port: u16,
    /// As a request has it: escaped, with a slash before each segment and none at the end.
    path: String,
    /// The path's segments as people read them.
    segments: Vec<String>,
}

/// What is wrong with the text of an address, without the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address at all.
    #[error("is not an address of the form https://HOST/PATH ({0})")]
    Unreadable(String),
    /// Another scheme than the two that we speak.
    #[error("has the scheme {0:?}; source is read over https, so write https://HOST/PATH")]
    Scheme(String),
    /// Somebody's name or password stands in it.
    #[error(
        "has a user or a password in it, which everybody can read who may read the object; take it out, change the password, and put the new one into a Secret"
    )]
    UserInfo,
    /// It asks for something of a web page.
    #[error("has a `?` or a `#`; end it where the path ends")]
    Query,
    /// A segment that is empty, leads elsewhere, or can be read in more than one way.
    #[error(
        "has a path with an empty part, `.`, `..`, or an escape (%..) that hides a slash, a backslash or a control character"
    )]
    Path,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError`], for a text that is not exactly one address of a repository.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        // What the parser would mend in silence, and others read in another way.
        if text.chars().any(|character| character.is_control() || character == ' ' || character == '\\') {
            return Err(AddressError::Unreadable("it has a space, a backslash or a control character".to_owned()));
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return Err(AddressError::Unreadable("it has no scheme".to_owned()));
        };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            other if other.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
                return Err(AddressError::Scheme(other.chars().take(20).collect()));
            }
            _ => return Err(AddressError::Unreadable("it has no scheme".to_owned())),
        };
        let raw = text.get(scheme.len() + 3..).unwrap_or_default();
        // More slashes than two, the parser takes away.
        if raw.is_empty() || raw.starts_with('/') {
            return Err(AddressError::Unreadable("it has no host".to_owned()));
        }
        let raw_path = raw.split_once('/').map_or("", |(_, path)| path);
        let url = Url::parse(text).map_err(|error| AddressError::Unreadable(error.to_string()))?;
        // An empty user (`https://@host`) is none to the parser, and an odd thing to write.
        let authority = raw.split(['/', '?', '#']).next().unwrap_or(raw);
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err(AddressError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Query);
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(AddressError::Unreadable("it has no host".to_owned()));
        };
        // The parser takes `..` away; the text must not have had one.
        segments(raw_path)?;
        let path = url.path().trim_end_matches('/').to_owned();
        let segments = segments(path.trim_start_matches('/'))?;
        Ok(Address { secure, host: host.to_owned(), port, path, segments })
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Whether it is read over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host in lower case; addresses of version 6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port, the scheme's own where the address names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host, and port where it is not the scheme's own: what messages name.
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Path as a request has it; empty, or with a slash before each segment and none at the
    /// end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The segments of the path, as people read them.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The same host, with the first segments of the path only.
    fn cut(&self, count: usize) -> Address {
        let path: String = self.path.split('/').skip(1).take(count).flat_map(|segment| ["/", segment]).collect();
        let segments = self.segments.iter().take(count).cloned().collect();
        Address { path, segments, ..self.clone() }
    }
}

/// The whole of an address; there is no secret in it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.path)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        Address::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Address, AddressError> {
        Address::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

/// The segments of a path without its first slash, unescaped; a slash at the end says
/// nothing.
fn segments(path: &str) -> Result<Vec<String>, AddressError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    path.split('/')
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().map_err(|_| AddressError::Path)?;
            let hidden = |character: char| character.is_control() || matches!(character, '/' | '\\');
            if matches!(&*text, "" | "." | "..") || text.contains(hidden) {
                return Err(AddressError::Path);
            }
            Ok(text.into_owned())
        })
        .collect()
}

/// A name of a repository without the ending that may as well be left out.
fn plain(segment: &str) -> &str {
    segment.strip_suffix(".git").filter(|rest| !rest.is_empty()).unwrap_or(segment)
}
