//! References to artifacts: `HOST[:PORT]/NAME:TAG` or `HOST[:PORT]/NAME@sha256:…`. Pure.

use std::fmt;
use std::str::FromStr;

/// Where Docker's registry answers, whatever it is called.
const DOCKER: &str = "registry-1.docker.io";
/// What Docker's registry is called, in references and in pull secrets.
const DOCKER_NAMES: [&str; 3] = ["docker.io", "index.docker.io", DOCKER];

/// A reference that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    text: String,
    host: String,
    name: String,
    version: Version,
}

/// Which manifest of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Where the tag leads today.
    Tag(String),
    /// This one and no other.
    Digest(String),
}

/// A reference that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {why}; expected HOST[:PORT]/NAME:TAG or HOST[:PORT]/NAME@sha256:…")]
pub struct ReferenceError {
    text: String,
    why: &'static str,
}

impl Reference {
    /// Host, and port where it names one, in lower case; `docker.io` under each of its names.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port that requests go to.
    pub(crate) fn server(&self) -> &str {
        if self.host == "docker.io" { DOCKER } else { &self.host }
    }

    /// Name of the repository within the registry.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn version(&self) -> &Version {
        &self.version
    }
}

impl Version {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Version::Tag(text) | Version::Digest(text) => text,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        let no = |why| ReferenceError { text: text.chars().take(200).collect(), why };
        if text.contains("://") {
            return Err(no("has a scheme, which does not belong there"));
        }
        let (host, rest) = text.split_once('/').ok_or(no("names no registry"))?;
        let named = host.contains(['.', ':']) || host == "localhost";
        if !named || !is_host(host) {
            return Err(no("names no registry before the first slash"));
        }
        let host = canonical(host);
        let (name, digest) = match rest.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (rest, None),
        };
        let (name, tag) = match name.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (name, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(no("has a tag with a character that no tag has, or one that is too long"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(no("has a digest that is not sha256: and 64 hexadecimal digits in lower case"));
        }
        if name.len() > 255 || !name.split('/').all(is_component) {
            return Err(no("has a name that is not of lower case letters, digits and . _ - / between them"));
        }
        let version = match (tag, digest) {
            (_, Some(digest)) => Version::Digest(digest.to_owned()),
            (Some(tag), None) => Version::Tag(tag.to_owned()),
            (None, None) => return Err(no("names neither a tag nor a digest")),
        };
        let official = host == "docker.io" && !name.contains('/');
        let name = if official { format!("library/{name}") } else { name.to_owned() };
        Ok(Reference { text: text.to_owned(), host, name, version })
    }
}

/// A host under the name that everybody gets here: lower case, Docker's by one of its names.
pub(crate) fn canonical(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if DOCKER_NAMES.contains(&host.as_str()) { "docker.io".to_owned() } else { host }
}

/// Whether it is `sha256:` and 64 hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hex))
}

fn is_host(text: &str) -> bool {
    // An address of version 6 stands in brackets.
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let port = if rest.is_empty() { None } else { rest.strip_prefix(':').or(Some("")) };
            return address.parse::<std::net::Ipv6Addr>().is_ok() && port.is_none_or(is_port);
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= 253 && host.split('.').all(label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_tag(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with(['.', '-'])
}

fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let edges = text.bytes().next().is_some_and(plain) && text.bytes().last().is_some_and(plain);
    edges && text.bytes().all(|byte| plain(byte) || matches!(byte, b'_' | b'.' | b'-')) && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String, String, String), String> {
        let found: Reference = text.parse().map_err(|error: ReferenceError| error.to_string())?;
        let parts = [found.host(), found.server(), found.name(), found.version().as_str()];
        let [host, server, name, version] = parts.map(str::to_owned);
        Ok((host, server, name, version))
    }

    #[test]
    fn references_are_read_as_registries_mean_them() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, host, server, name, version) in [
            (
                "registry.example.com/plugins/dask:1.2",
                "registry.example.com",
                "registry.example.com",
                "plugins/dask",
                "1.2",
            ),
            ("localhost:5000/a_b.c-d:V1", "localhost:5000", "localhost:5000", "a_b.c-d", "V1"),
            ("docker.io/dask:1", "docker.io", DOCKER, "library/dask", "1"),
            ("index.docker.io/x/dask:1", "docker.io", DOCKER, "x/dask", "1"),
            ("EXAMPLE.com/x:1", "example.com", "example.com", "x", "1"),
            ("[::1]:5000/x:1", "[::1]:5000", "[::1]:5000", "x", "1"),
            ("127.0.0.1:5000/x:1", "127.0.0.1:5000", "127.0.0.1:5000", "x", "1"),
        ] {
            let wanted = [host, server, name, version].map(str::to_owned);
            assert_eq!(read(text).map(|(a, b, c, d)| [a, b, c, d]), Ok(wanted), "{text}");
        }
        let both = read(&format!("example.com/x:1@{digest}")).map(|(_, _, _, version)| version);
        assert_eq!(both, Ok(digest), "a digest says more than a tag");
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_place() {
        for (text, words) in [
            ("https://example.com/x:1", "has a scheme"),
            ("dask:1", "names no registry"),
            ("library/dask:1", "names no registry before"),
            ("-x.com/dask:1", "names no registry before"),
            ("example.com:0/dask:1", "names no registry before"),
            ("user@example.com/dask:1", "names no registry before"),
            ("[::g]/dask:1", "names no registry before"),
            ("example.com/dask", "neither a tag nor a digest"),
            ("example.com/dask:", "has a tag"),
            ("example.com/dask:a b", "has a tag"),
            ("example.com/dask@sha256:12", "has a digest"),
            ("example.com/Dask:1", "has a name"),
            ("example.com/../x:1", "has a name"),
            ("example.com/a/../x:1", "has a name"),
            ("example.com//x:1", "has a name"),
            ("example.com/x?y:1", "has a name"),
            ("example.com/:1", "has a name"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.contains(words) && said.contains(text), "{text}: {said}");
        }
    }
}
