//! Addresses: hosts for messages, origins to compare, where a redirect leads. Pure.

use http::Uri;

/// Scheme, host and port: who answers there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// Who answers at an address; none for one without host, or of a scheme that is not HTTP.
pub fn origin(uri: &Uri) -> Option<Origin> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
    Some(Origin { scheme, host, port: uri.port_u16().unwrap_or(usual) })
}

impl Origin {
    /// Whether it is read over TLS.
    pub fn has_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// `host:port`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Host, and port where the address names one: all of it that a message may show, since
/// the rest may be a secret.
pub fn host_of(uri: &Uri) -> String {
    let host = uri.host().unwrap_or("nowhere");
    uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Where a redirect at an address leads: to another address, or to a path from the root
/// of the same one. Other forms are nobody's use.
pub fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    if location.starts_with("//") {
        return format!("{}:{location}", from.scheme_str()?).parse().ok();
    }
    if location.starts_with('/') {
        return format!("{}://{}{location}", from.scheme_str()?, from.authority()?).parse().ok();
    }
    location.parse().ok().filter(|uri: &Uri| uri.scheme().is_some() && uri.authority().is_some())
}

/// Text as a value in a query.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().expect(text)
    }

    #[test]
    fn redirects_lead_where_they_say() {
        let from = uri("https://a.example:5000/v2/x?y=z");
        for (location, to) in [
            ("/b/c?d=e", Some("https://a.example:5000/b/c?d=e")),
            ("//b.example/c", Some("https://b.example/c")),
            ("http://b.example/c", Some("http://b.example/c")),
            ("https://user:secret@b.example/c", Some("https://user:secret@b.example/c")),
            ("file:///etc/passwd", None),
            ("c/d", None),
            ("?d=e", None),
            ("", None),
            ("b.example", None),
            ("/a b", None),
        ] {
            assert_eq!(redirected(&from, location).map(|uri| uri.to_string()).as_deref(), to, "{location}");
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same = |a: &str, b: &str| origin(&uri(a)) == origin(&uri(b));
        assert!(same("https://a.example/x", "https://A.example:443/y?z"));
        assert!(same("http://a.example/x", "http://user@a.example:80/"));
        for other in ["http://a.example/", "https://a.example:444/", "https://b.a.example/", "https://a.example@b/"] {
            assert!(!same("https://a.example/", other), "{other}");
        }
        assert_eq!(origin(&uri("ftp://a.example/")), None);
        assert_eq!(host_of(&uri("https://user:secret@a.example:1/b?c")), "a.example:1");
        assert_eq!(host_of(&uri("https://a.example/b?c")), "a.example");
    }

    #[test]
    fn values_of_a_query_are_escaped() {
        assert_eq!(escaped("repository:a/b:pull&x=y z#"), "repository%3Aa%2Fb%3Apull%26x%3Dy%20z%23");
    }
}
