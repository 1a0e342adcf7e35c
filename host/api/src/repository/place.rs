//! Places: a repository, and which commit and folder of it are meant.

use std::fmt;

use super::{Address, AddressError, plain};

/// Which source is meant: a repository, and in it a commit and a folder, as far as the text
/// alone says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The repository.
    pub address: Address,
    /// What of it.
    pub wanted: Wanted,
}

/// What of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A reference and a folder, told apart.
    Named {
        /// A branch, a tag, a whole name (`refs/…`) or a commit's id; without: the default
        /// branch.
        reference: Option<String>,
        /// Path of the folder, `/` between its parts; empty: the whole repository.
        path: String,
    },
    /// What stands behind `tree/` in the address of a web page: a reference, which may have
    /// slashes, and then a folder. Where the one ends, only the repository knows.
    Tree(Vec<String>),
}

/// A place that cannot be read, by the field that is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// `repo` is no address.
    #[error("spec.repo {0}")]
    Address(#[from] AddressError),
    /// `repo` names a host only.
    #[error("spec.repo names a host but no repository on it; write https://HOST/PATH")]
    NoRepository,
    /// `repo` is the address of a page that shows one file.
    #[error(
        "spec.repo is the page of a file; source is a folder: write the address of its folder, with /tree/ for /blob/"
    )]
    File,
    /// `repo` is the address of a page of a folder, but names none.
    #[error(
        "spec.repo ends in /tree, without the branch that belongs behind it; if the repository is called so, write tree.git"
    )]
    NoBranch,
    /// The same is said twice, perhaps in two ways.
    #[error(
        "spec.{0} and the /tree/ in spec.repo both say what is meant; leave spec.{0} out, or end spec.repo before /tree/"
    )]
    Twice(&'static str),
    /// `ref` is nothing that a repository could have.
    #[error(
        "spec.ref is not the name of a branch or tag, nor a commit's whole id: it may not have spaces, control characters, any of ~^:?*[\\, `..`, `@{{`, an empty part, or a part that begins with a dot or ends in .lock"
    )]
    Reference,
    /// `path` leads nowhere below the repository.
    #[error(
        "spec.path is not a path below the repository: it may not begin with /, nor have an empty part, `.`, `..` or a control character"
    )]
    Path,
}

impl Place {
    /// Reads `repo`, `ref` and `path` of an Application.
    ///
    /// # Errors
    /// [`PlaceError`], which names the field.
    pub fn parse(repo: &str, reference: Option<&str>, path: Option<&str>) -> Result<Place, PlaceError> {
        let address = Address::parse(repo)?;
        if address.segments.is_empty() {
            return Err(PlaceError::NoRepository);
        }
        if let Some((before, behind)) = web(&address, "tree") {
            if let Some(field) = reference.map(|_| "ref").or(path.map(|_| "path")) {
                return Err(PlaceError::Twice(field));
            }
            let behind = address.segments.get(behind..).unwrap_or_default().to_vec();
            return match behind.as_slice() {
                [] => Err(PlaceError::NoBranch),
                // Parts of a reference and of a path; both are held to their own rules once
                // they are told apart.
                _ => Ok(Place { address: address.cut(before), wanted: Wanted::Tree(behind) }),
            };
        }
        if web(&address, "blob").is_some_and(|(_, behind)| address.segments.len() > behind + 1) {
            return Err(PlaceError::File);
        }
        if reference.is_some_and(|reference| !is_reference(reference)) {
            return Err(PlaceError::Reference);
        }
        let path = path.unwrap_or_default();
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && !is_path(path) {
            return Err(PlaceError::Path);
        }
        let wanted = Wanted::Named { reference: reference.map(str::to_owned), path: path.to_owned() };
        Ok(Place { address, wanted })
    }
}

/// For the address of a web page: how many segments the repository has, and where the rest
/// begins. One kind of server writes `/org/repo/tree/…`, another `/group/…/repo/-/tree/…`.
fn web(address: &Address, word: &str) -> Option<(usize, usize)> {
    let segments = address.segments.as_slice();
    let dashed = segments.windows(2).position(|pair| matches!(pair, [dash, next] if dash == "-" && next == word));
    if let Some(at) = dashed.filter(|at| *at > 0) {
        return Some((at, at + 2));
    }
    let at = segments.iter().skip(2).position(|segment| segment == word)? + 2;
    Some((at, at + 1))
}

/// Whether a repository can have a reference of that name, or it is a commit's id.
pub(super) fn is_reference(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let bad = |character: char| character.is_control() || " ~^:?*[\\".contains(character);
    text.split('/').all(part)
        && !text.contains(bad)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.ends_with('.')
        && !text.starts_with('-')
        && text != "@"
        && text.len() <= 1024
}

/// Whether it is the path of a folder below a repository.
pub(super) fn is_path(text: &str) -> bool {
    text.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !text.contains(char::is_control)
        && text.len() <= 4096
}

/// For messages: the repository, and what of it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match &self.wanted {
            Wanted::Tree(parts) => write!(f, "/tree/{}", parts.join("/")),
            Wanted::Named { reference, path } => {
                if let Some(reference) = reference {
                    write!(f, " at {reference}")?;
                }
                if path.is_empty() { Ok(()) } else { write!(f, ", folder {path}") }
            }
        }
    }
}

impl Place {
    /// The name of the repository alone, for people.
    pub fn name(&self) -> &str {
        self.address.segments.last().map_or("", |last| plain(last))
    }
}
