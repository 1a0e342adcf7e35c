//! Patterns: which repositories a password is for.

use std::cmp::Ordering;
use std::fmt;

use super::{Address, AddressError, plain};

/// What the first platform's patterns end in: they were regular expressions.
const TAILS: [&str; 3] = [".*", ".+", "*"];

/// Which repositories a password is for: `https://HOST[:PORT][/PATH]`. Scheme, host and
/// port must be the very same; a path matches what lies below it, by whole segments. A
/// tail of `.*`, `.+` or `*` says nothing more.
///
/// The greater of two patterns that match one repository is the one that says more of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    base: Address,
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not an address.
    #[error("{0}; expected https://HOST or https://HOST/PATH, which stands for everything below it")]
    Address(#[from] AddressError),
    /// A part of a regular expression that could mean more hosts than its writer thought of.
    #[error(
        "has {0:?}, but it is no regular expression: expected https://HOST or https://HOST/PATH, which stands for everything below it; make one object for each host"
    )]
    Expression(char),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`], for what does not name exactly one host.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let text = text.strip_prefix('^').unwrap_or(text);
        let text = text.strip_suffix('$').unwrap_or(text);
        let text = TAILS.iter().find_map(|tail| text.strip_suffix(tail)).unwrap_or(text);
        // As regular expressions write what is meant literally.
        let text = text.replace("\\.", ".").replace("\\/", "/").replace("\\-", "-");
        let (host, path) = text.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or((&text, ""));
        // A host of version 6 has brackets; whether they are right, the address knows.
        for (part, special) in [(host, "*?(){}|\\^$"), (path, "*?()[]{}|\\^$")] {
            if let Some(character) = part.chars().find(|character| special.contains(*character)) {
                return Err(PatternError::Expression(character));
            }
        }
        Ok(Pattern { base: Address::parse(&text)? })
    }

    /// Whether the password is for this repository.
    pub fn matches(&self, address: &Address) -> bool {
        let base = &self.base;
        let origin = base.secure == address.secure && base.host == address.host && base.port == address.port;
        origin && (address.segments.starts_with(&base.segments) || same_repository(&base.segments, &address.segments))
    }
}

/// Whether two paths are the same but for the ending `.git`.
fn same_repository(one: &[String], other: &[String]) -> bool {
    match (one, other) {
        ([before @ .., last], [others @ .., other]) => before == others && plain(last) == plain(other),
        _ => false,
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Pattern) -> Ordering {
        let key = |pattern: &Pattern| (pattern.base.segments.len(), pattern.base.path.len());
        key(self).cmp(&key(other)).then_with(|| self.base.cmp(&other.base))
    }
}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Pattern) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As it holds, without a tail.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
