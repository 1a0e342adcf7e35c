//! The words of git's protocol, version 2. Pure.

use codeflare_api::repository::Wanted;
use gix_hash::Kind;

/// What we call ourselves.
const AGENT: &str = concat!("agent=codeflare/", env!("CARGO_PKG_VERSION"));

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its hash.
    pub(crate) hash: Kind,
    /// Whether it can fetch only the newest commit.
    shallow: bool,
    /// Whether it wants to hear of a hash, and of who asks: some refuse words that they did
    /// not say themselves.
    hears_hash: bool,
    hears_agent: bool,
}

/// What is wrong with a server's words. There is none of them in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Odd(pub(crate) String);

/// A reference that a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ref {
    /// Its whole name.
    pub(crate) name: String,
    /// The commit, behind all tags.
    pub(crate) commit: String,
    /// The reference that it stands for, if it is one like `HEAD`.
    pub(crate) target: Option<String>,
}

impl Server {
    /// Reads what a server says first, one line each.
    pub(crate) fn read(lines: &[Vec<u8>]) -> Result<Server, Odd> {
        let mut lines = lines.iter().map(|line| text(line)).skip_while(|line| line.starts_with("# service="));
        if lines.next() != Some("version 2") {
            return Err(Odd("it does not speak version 2 of git's protocol".to_owned()));
        }
        let mut server = Server { hash: Kind::Sha1, shallow: false, hears_hash: false, hears_agent: false };
        let mut fetches = false;
        for line in lines {
            match line.split_once('=').unwrap_or((line, "")) {
                ("object-format", kind) => {
                    server.hears_hash = true;
                    server.hash = match kind {
                        "sha1" => Kind::Sha1,
                        "sha256" => Kind::Sha256,
                        _ => return Err(Odd("its objects have hashes of a kind that we do not know".to_owned())),
                    };
                }
                ("agent", _) => server.hears_agent = true,
                ("fetch", features) => {
                    fetches = true;
                    server.shallow = features.split(' ').any(|feature| feature == "shallow");
                }
                _ => {}
            }
        }
        if fetches { Ok(server) } else { Err(Odd("it offers nothing to fetch".to_owned())) }
    }

    /// The request for the references that could be meant.
    pub(crate) fn list(&self, wanted: &Wanted) -> Vec<u8> {
        let mut body = Body::new("ls-refs", self);
        body.line("peel");
        body.line("symrefs");
        body.line("ref-prefix HEAD");
        let short = match wanted {
            Wanted::Named { reference, .. } => reference.as_deref(),
            // The first part is enough: what begins with it is not much.
            Wanted::Tree(parts) => parts.first().map(String::as_str),
        };
        if let Some(short) = short {
            for prefix in ["refs/heads/", "refs/tags/"] {
                body.line(&format!("ref-prefix {prefix}{short}"));
            }
            if short == "refs" || short.starts_with("refs/") {
                body.line(&format!("ref-prefix {short}"));
            }
        }
        body.end()
    }

    /// The request for one commit.
    pub(crate) fn fetch(&self, commit: &str) -> Result<Vec<u8>, Odd> {
        if !self.shallow {
            return Err(Odd("it cannot send one commit without all that came before it".to_owned()));
        }
        let mut body = Body::new("fetch", self);
        body.line("no-progress");
        body.line("ofs-delta");
        body.line(&format!("want {commit}"));
        body.line("deepen 1");
        body.line("done");
        Ok(body.end())
    }
}

/// Reads the list of references, one line each.
pub(crate) fn refs(lines: &[Vec<u8>], hash: Kind) -> Result<Vec<Ref>, Odd> {
    let mut all = Vec::new();
    for line in lines {
        let mut words = text(line).split(' ');
        let (Some(id), Some(name)) = (words.next(), words.next()) else {
            return Err(Odd("a line of its list of references has no name".to_owned()));
        };
        // Of a repository without commits.
        if id == "unborn" {
            continue;
        }
        let mut one = Ref { name: name.to_owned(), commit: id.to_owned(), target: None };
        for word in words {
            match word.split_once(':') {
                Some(("peeled", id)) => one.commit = id.to_owned(),
                Some(("symref-target", name)) => one.target = Some(name.to_owned()),
                _ => {}
            }
        }
        if !is_id(&one.commit) || one.commit.len() != hash.len_in_hex() {
            return Err(Odd("a line of its list of references has no id".to_owned()));
        }
        all.push(one);
    }
    Ok(all)
}

/// Whether it is the whole id of an object.
pub(crate) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A line without its end; one that is no text is none that we know.
pub(crate) fn text(line: &[u8]) -> &str {
    str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).unwrap_or_default()
}

/// A request, line by line.
struct Body(Vec<u8>);

impl Body {
    fn new(command: &str, server: &Server) -> Body {
        let mut body = Body(Vec::new());
        body.line(&format!("command={command}"));
        if server.hears_agent {
            body.line(AGENT);
        }
        if server.hears_hash {
            body.line(&format!("object-format={}", server.hash));
        }
        body.0.extend_from_slice(b"0001");
        body
    }

    fn line(&mut self, text: &str) {
        // Its length, in four digits, counts these and the end of the line. References have
        // at most 1,024 bytes, so that it has room.
        self.0.extend_from_slice(format!("{:04x}{text}\n", text.len() + 5).as_bytes());
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"0000");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<Vec<u8>> {
        text.iter().map(|line| format!("{line}\n").into_bytes()).collect()
    }

    #[test]
    fn servers_say_what_they_can() {
        let good =
            ["# service=git-upload-pack", "version 2", "agent=x", "fetch=shallow filter", "object-format=sha256"];
        let modern = Server { hash: Kind::Sha256, shallow: true, hears_hash: true, hears_agent: true };
        assert_eq!(Server::read(&lines(&good)), Ok(modern));
        let old = lines(&["version 2", "fetch"]);
        assert!(Server::read(&old).unwrap_or_else(|_| unreachable!()).fetch("x").is_err());
        for (bad, words) in [
            (&["0123 HEAD"][..], "version 2"),
            (&["version 1"], "version 2"),
            (&[], "version 2"),
            (&["version 2", "ls-refs"], "nothing to fetch"),
            (&["version 2", "fetch=shallow", "object-format=md5"], "hashes"),
        ] {
            assert!(Server::read(&lines(bad)).is_err_and(|odd| odd.0.contains(words)), "{bad:?}");
        }
        assert!(Server::read(&[vec![0xff]]).is_err());
    }

    #[test]
    fn references_have_the_commit_behind_their_tags() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let read = refs(
            &lines(&[
                &format!("{a} HEAD symref-target:refs/heads/main"),
                &format!("{a} refs/tags/v1 peeled:{b}"),
                "unborn HEAD symref-target:refs/heads/main",
            ]),
            Kind::Sha1,
        );
        let one = |name: &str, commit: &str, target: Option<&str>| Ref {
            name: name.to_owned(),
            commit: commit.to_owned(),
            target: target.map(str::to_owned),
        };
        assert_eq!(read, Ok(vec![one("HEAD", &a, Some("refs/heads/main")), one("refs/tags/v1", &b, None)]));
        for bad in ["", "x", "x HEAD", &format!("{} HEAD", "g".repeat(40)), &format!("{} HEAD", "a".repeat(64))] {
            assert!(refs(&lines(&[bad]), Kind::Sha1).is_err(), "{bad}");
        }
    }

    #[test]
    fn requests_are_lines_with_their_length() {
        let server = Server { hash: Kind::Sha1, shallow: true, hears_hash: true, hears_agent: false };
        let shown = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
        let wanted = Wanted::Named { reference: Some("main".to_owned()), path: String::new() };
        let list = shown(server.list(&wanted));
        assert!(list.starts_with("0014command=ls-refs\n0017object-format=sha1\n0001"), "{list}");
        assert!(list.contains("001fref-prefix refs/heads/main\n"), "{list}");
        assert!(list.ends_with("001eref-prefix refs/tags/main\n0000"), "{list}");
        let fetch = shown(server.fetch(&"a".repeat(40)).unwrap_or_default());
        assert!(fetch.contains(&format!("0032want {}\n000ddeepen 1\n0009done\n0000", "a".repeat(40))), "{fetch}");
    }
}
