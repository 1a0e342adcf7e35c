//! Names of the objects of an attempt.

use sha2::{Digest, Sha256};

/// Longest base name: pods of the launch shapes add up to 17 characters and must stay
/// within 63.
pub const LONGEST: usize = 46;
/// Letters and digits that cannot be mistaken for one another or spell words
/// (those of Kubernetes' generated names).
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Base name of an attempt: a slug of the Run's name and five characters from UID and
/// attempt. DNS-1035, at most [`LONGEST`] characters; the same for the same input.
pub fn base(run_name: &str, run_uid: &str, attempt: u32) -> String {
    let digest = Sha256::new().chain_update(run_uid).chain_update([0]).chain_update(attempt.to_be_bytes()).finalize();
    let suffix: String = digest
        .iter()
        .take(5)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|letter| char::from(*letter))
        .collect();
    format!("{}-{suffix}", slug(run_name, LONGEST - 6))
}

/// Name of an object of an attempt: the base name alone for an empty suffix.
pub fn with_suffix(base: &str, suffix: &str) -> String {
    if suffix.is_empty() { base.to_owned() } else { format!("{base}-{suffix}") }
}

/// Name of the ConfigMap that records an attempt.
pub fn record(base: &str) -> String {
    with_suffix(base, "record")
}

fn slug(name: &str, longest: usize) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    if !slug.starts_with(|c: char| c.is_ascii_lowercase()) {
        slug.insert_str(0, "r-");
    }
    slug.truncate(longest);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_1035_short_and_told_apart_by_uid_and_attempt() {
        for run in ["hello", "9to5", "a.b.c", "-", "x", &"long".repeat(15), "a--b", "ünï"] {
            let name = base(run, "uid-1", 1);
            assert!(name.len() <= LONGEST, "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert_ne!(name, base(run, "uid-2", 1));
            assert_ne!(name, base(run, "uid-1", 2));
            assert_eq!(name, base(run, "uid-1", 1));
        }
    }

    #[test]
    fn the_slug_keeps_the_name_readable() {
        for (run, expected) in [("hello", "hello"), ("a.b_c", "a-b-c"), ("9to5", "r-9to5"), ("-", "r")] {
            assert_eq!(slug(run, 40), expected);
        }
    }
}
