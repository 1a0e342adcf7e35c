//! Which of a repository's references is meant, and what of the rest is a path. Pure.

use codeflare_api::repository::Wanted;

use super::protocol::{Ref, is_id};
use crate::error::FetchError;

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) commit: String,
    /// The whole name of a reference, or a commit's id.
    pub(crate) reference: String,
    pub(crate) path: String,
}

/// Nothing of the kind is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    wanted: String,
    why: &'static str,
}

impl Missing {
    pub(crate) fn error(self, host: &str) -> FetchError {
        FetchError::RefNotFound { host: host.to_owned(), wanted: self.wanted, why: self.why.to_owned() }
    }
}

/// Chooses: a branch before a tag of the same name, a reference before a commit's id, and of
/// what stands behind `tree/` the longest beginning that is a reference.
pub(crate) fn choose(refs: &[Ref], wanted: &Wanted) -> Result<Chosen, Missing> {
    match wanted {
        Wanted::Named { reference: None, path } => {
            let why = "it has no commit yet, or its HEAD names a branch that is not there; name a branch in spec.ref";
            let missing = Missing { wanted: "default branch".to_owned(), why };
            named(refs, "HEAD").map(|found| found.with(path.clone())).ok_or(missing)
        }
        Wanted::Named { reference: Some(reference), path } => {
            let why = "neither a branch nor a tag is called so; see spec.ref, and write a commit's id in full";
            let missing = Missing { wanted: format!("reference {reference:?}"), why };
            named(refs, reference).map(|found| found.with(path.clone())).ok_or(missing)
        }
        Wanted::Tree(parts) => (1..=parts.len())
            .rev()
            .find_map(|count| {
                let (reference, path) = parts.split_at_checked(count)?;
                named(refs, &reference.join("/")).map(|found| found.with(path.join("/")))
            })
            .ok_or_else(|| Missing {
                wanted: format!("branch or tag with which {:?} begins", parts.join("/")),
                why: "see what stands behind tree/ in spec.repo",
            }),
    }
}

fn named(refs: &[Ref], name: &str) -> Option<Chosen> {
    let whole = if name.starts_with("refs/") || name == "HEAD" { Some(name.to_owned()) } else { None };
    let names = whole.into_iter().chain([format!("refs/heads/{name}"), format!("refs/tags/{name}")]);
    let found = names.into_iter().find_map(|name| refs.iter().find(|one| one.name == name));
    match found {
        Some(found) => {
            let reference = found.target.clone().unwrap_or_else(|| found.name.clone());
            Some(Chosen { commit: found.commit.clone(), reference, path: String::new() })
        }
        None if is_id(name) => {
            Some(Chosen { commit: name.to_owned(), reference: name.to_owned(), path: String::new() })
        }
        None => None,
    }
}

impl Chosen {
    fn with(self, path: String) -> Chosen {
        Chosen { path, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> Vec<Ref> {
        [
            ("HEAD", "a", Some("refs/heads/main")),
            ("refs/heads/main", "a", None),
            ("refs/heads/feature", "b", None),
            ("refs/heads/feature/deep", "c", None),
            ("refs/heads/v1", "d", None),
            ("refs/tags/v1", "e", None),
            ("refs/tags/v2", "f", None),
            ("refs/pull/1/head", "1", None),
        ]
        .map(|(name, commit, target)| Ref {
            name: name.to_owned(),
            commit: commit.to_owned(),
            target: target.map(str::to_owned),
        })
        .to_vec()
    }

    fn found(wanted: &Wanted) -> Option<(String, String, String)> {
        let chosen = choose(&repository(), wanted).ok()?;
        Some((chosen.commit, chosen.reference, chosen.path))
    }

    #[test]
    fn names_are_read_as_people_mean_them() {
        let id = "0".repeat(40);
        for (reference, commit, name) in [
            (None, "a", "refs/heads/main"),
            (Some("HEAD"), "a", "refs/heads/main"),
            (Some("feature"), "b", "refs/heads/feature"),
            (Some("v1"), "d", "refs/heads/v1"),
            (Some("refs/tags/v1"), "e", "refs/tags/v1"),
            (Some("v2"), "f", "refs/tags/v2"),
            (Some("refs/pull/1/head"), "1", "refs/pull/1/head"),
            (Some(&id), &id, &id),
        ] {
            let wanted = Wanted::Named { reference: reference.map(str::to_owned), path: "x/y".to_owned() };
            let expected = Some((commit.to_owned(), name.to_owned(), "x/y".to_owned()));
            assert_eq!(found(&wanted), expected, "{reference:?}");
        }
        for missing in ["nothing", "Main", "feature/", "heads/main", "0123456"] {
            let wanted = Wanted::Named { reference: Some(missing.to_owned()), path: String::new() };
            let said = choose(&repository(), &wanted).map_err(|missing| missing.error("h").to_string());
            assert!(said.as_ref().is_err_and(|said| said.contains(missing) && said.contains("spec.ref")), "{said:?}");
        }
        let wanted = Wanted::Named { reference: None, path: String::new() };
        assert!(choose(&[], &wanted).is_err_and(|missing| missing.error("h").to_string().contains("no commit yet")));
    }

    #[test]
    fn behind_tree_the_longest_reference_ends_where_the_path_begins() {
        let id = "0".repeat(64);
        for (parts, commit, name, path) in [
            ("main", "a", "refs/heads/main", ""),
            ("main/x/y", "a", "refs/heads/main", "x/y"),
            ("feature/shallow/y", "b", "refs/heads/feature", "shallow/y"),
            ("feature/deep/y", "c", "refs/heads/feature/deep", "y"),
            ("feature/deep", "c", "refs/heads/feature/deep", ""),
            ("v2/x", "f", "refs/tags/v2", "x"),
            ("refs/pull/1/head/x", "1", "refs/pull/1/head", "x"),
            (&format!("{id}/x"), &id, &id, "x"),
        ] {
            let wanted = Wanted::Tree(parts.split('/').map(str::to_owned).collect());
            assert_eq!(found(&wanted), Some((commit.to_owned(), name.to_owned(), path.to_owned())), "{parts}");
        }
        assert_eq!(found(&Wanted::Tree(vec!["nothing".to_owned(), "main".to_owned()])), None);
    }
}
