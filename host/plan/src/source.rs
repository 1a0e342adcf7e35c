//! Where the source of an Application is, and whose credentials are for it. Pure.
//!
//! A token goes to no host that its owner did not name. Who may write an Application in a
//! namespace may run any program with any Secret of that namespace, so that such a Secret may
//! be used for whatever repository the Application names; a Secret of another namespace must
//! name both who may use it and for which repositories; and whatever else holds, a Secret
//! that names its repositories is for no others.

use std::collections::BTreeMap;

use codeflare_api::labels::{REPO_SECRET_HOSTS, REPO_SECRET_NAMESPACES};
use codeflare_api::repository::{Address, Pattern, Place};
use codeflare_api::{Application, PlatformRepoSecret, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::resolve::label;
use crate::stop::Problem;

/// What an Application's source is to be fetched from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Repository, reference and folder.
    pub place: Place,
    /// The credentials to show, if any are.
    pub secret: Option<SecretUse>,
}

/// A Secret with credentials, and why it is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretUse {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Who names it.
    pub by: By,
}

/// Who names a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// `spec.repoSecret` of an Application in this namespace.
    Application {
        /// Namespace of the Application.
        namespace: String,
        /// Name of the Application.
        name: String,
    },
    /// A PlatformRepoSecret of this name.
    Platform(String),
}

impl SecretUse {
    /// The object that names the Secret, as `Kind/name`, and the field.
    pub fn field(&self) -> (String, &'static str) {
        match &self.by {
            By::Application { name, .. } => (format!("Application/{name}"), "/spec/repoSecret"),
            By::Platform(name) => (format!("PlatformRepoSecret/{name}"), "/spec/secret"),
        }
    }

    /// For messages: the Secret.
    pub fn label(&self) -> String {
        format!("Secret/{} in namespace {}", self.name, self.namespace)
    }
}

/// Where an Application's source is; none where it is in no repository.
///
/// # Errors
/// Where `repo`, `ref` and `path` cannot be read.
pub fn place(application: &Application) -> Result<Option<Place>, Problem> {
    let spec = &application.spec;
    let invalid =
        |pointer: &str, message: String| Problem::new(Reason::RepoInvalid, label(application), pointer, message);
    let Some(repo) = &spec.repo else {
        let more = [
            ("/spec/ref", spec.reference.is_some()),
            ("/spec/path", spec.path.is_some()),
            ("/spec/repoSecret", spec.repo_secret.is_some()),
        ];
        return match more.into_iter().find(|(_, said)| *said) {
            Some((pointer, _)) => Err(invalid(pointer, "it says more of spec.repo, which is missing".to_owned())),
            None => Ok(None),
        };
    };
    if !spec.code.is_empty() {
        let message = "spec.code says where the source is too; leave one of them out";
        return Err(invalid("/spec/repo", message.to_owned()));
    }
    let place = Place::parse(repo, spec.reference.as_deref(), spec.path.as_deref());
    place.map(Some).map_err(|error| invalid("/spec/repo", error.to_string()))
}

/// Where an Application's source is, and which credentials are to be shown: its own, or those
/// of the longest pattern that matches.
///
/// # Errors
/// As [`place`].
pub fn wanted(application: &Application, platform: &[PlatformRepoSecret]) -> Result<Option<Wanted>, Problem> {
    let Some(place) = place(application)? else { return Ok(None) };
    let own = application.spec.repo_secret.as_ref().map(|secret| {
        let namespace = application.metadata.namespace.clone().unwrap_or_default();
        SecretUse {
            namespace: secret.namespace.clone().unwrap_or_else(|| namespace.clone()),
            name: secret.name.clone(),
            by: By::Application { namespace, name: application.metadata.name.clone().unwrap_or_default() },
        }
    });
    let secret = own.or_else(|| longest(platform, &place.address));
    Ok(Some(Wanted { place, secret }))
}

/// The credentials of the longest pattern that matches; of two that say the same, those of the
/// first name. A pattern that cannot be read matches nothing.
fn longest(platform: &[PlatformRepoSecret], address: &Address) -> Option<SecretUse> {
    let readable = platform.iter().filter_map(|one| Some((Pattern::parse(&one.spec.repo).ok()?, one)));
    let matching = readable.filter(|(pattern, _)| pattern.matches(address));
    let name = |one: &PlatformRepoSecret| one.metadata.name.clone().unwrap_or_default();
    let (_, best) =
        matching.max_by(|(one, first), (other, second)| one.cmp(other).then_with(|| name(second).cmp(&name(first))))?;
    Some(SecretUse {
        namespace: best.spec.secret.namespace.clone(),
        name: best.spec.secret.name.clone(),
        by: By::Platform(name(best)),
    })
}

/// Whether a Secret may be used for a repository, by what its owner has written on it.
///
/// # Errors
/// In words for the owner: which annotation lacks what.
pub fn permit(secret: &SecretUse, meta: &ObjectMeta, address: &Address) -> Result<(), String> {
    let said = |annotation: &str| meta.annotations.as_ref().unwrap_or(NONE).get(annotation).map(String::as_str);
    let hosts = said(REPO_SECRET_HOSTS);
    let origin = format!("{}://{}", address.scheme(), address.authority());
    let of_another = match &secret.by {
        By::Application { namespace, .. } if *namespace != secret.namespace => Some(namespace),
        _ => None,
    };
    if let Some(namespace) = of_another {
        let named = said(REPO_SECRET_NAMESPACES).unwrap_or_default();
        if !list(named).any(|one| one == "*" || one == namespace) {
            return Err(format!(
                "is of another namespace and does not say that Applications of {namespace} may use it; let its owner add the annotation {REPO_SECRET_NAMESPACES}: {namespace}, or put a Secret into namespace {namespace}"
            ));
        }
        if hosts.is_none() {
            return Err(format!(
                "is of another namespace and does not say for which repositories it is; let its owner add the annotation {REPO_SECRET_HOSTS}: {origin}"
            ));
        }
    }
    match hosts {
        Some(hosts) if !list(hosts).any(|one| names(one, address)) => Err(format!(
            "is not for {origin}; its annotation {REPO_SECRET_HOSTS} names other repositories. If it should be, let its owner add {origin} there"
        )),
        _ => Ok(()),
    }
}

const NONE: &BTreeMap<String, String> = &BTreeMap::new();

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty())
}

/// Whether an entry of the annotation names a repository: a pattern, or a host alone, which is
/// one that is read over TLS.
fn names(entry: &str, address: &Address) -> bool {
    let whole = if entry.contains("://") { entry.to_owned() } else { format!("https://{entry}") };
    Pattern::parse(&whole).is_ok_and(|pattern| pattern.matches(address))
}
