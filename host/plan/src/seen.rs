//! What one wake-up of one Run has to go on: the input of every decision.
//!
//! The controller fills it from its stores, `codeflare plan` from files; it is recorded
//! with the plan, so that a decision can be replayed.

use std::collections::BTreeMap;

use codeflare_api::plugin::{Grant, PluginSpec};
use codeflare_api::repository::{Place, Wanted};
use codeflare_api::run::Priority;
use codeflare_api::{Application, Run, RunSizeConfiguration};
use codeflare_documents::describe::{Description, EmittedKind};
use codeflare_documents::sizing::Usage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lock::Ceiling;
use crate::stop::Problem;

/// Everything that steps 2 to 5 (resolve, size, launch, lock) depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The Run.
    pub run: Run,
    /// Its Application, where it exists.
    pub application: Option<Application>,
    /// Every RunSizeConfiguration.
    pub configurations: Vec<RunSizeConfiguration>,
    /// Every Plugin that is not being deleted.
    pub plugins: Vec<SeenPlugin>,
    /// Kinds that the cluster serves, of those that plugins declare.
    pub served: Vec<EmittedKind>,
    /// What plugins may be granted at most.
    #[serde(default, skip_serializing_if = "Ceiling::is_empty")]
    pub ceiling: Ceiling,
    /// Kinds of the ceiling whose objects are the whole cluster's, as far as it serves them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_scoped: Vec<EmittedKind>,
    /// Labels of the Run's namespace: plugins may serve some namespaces only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace_labels: BTreeMap<String, String>,
    /// What the other unfinished Runs of the namespace hold; counted only where a policy
    /// wants to know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// PriorityClasses of `site` that the cluster has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priority_classes: Vec<String>,
    /// What is known of the source that the Application has in a repository; none where it
    /// has none there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SeenSource>,
    /// What the platform's installation decides for every pod.
    pub site: Site,
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SeenSource {
    /// It is being looked up or fetched.
    Pending,
    /// It could not be had; it is tried again as its reason deserves.
    Failed(Problem),
    /// It is there.
    Fetched(FetchedSource),
}

/// A source that the host has, or had: it fetches the commit again where it needs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedSource {
    /// Address of the repository.
    pub repo: String,
    /// Branch or tag that named the commit; empty where its id did.
    pub reference: String,
    /// The commit's id.
    pub commit: String,
    /// Folder of the repository; empty: all of it.
    pub path: String,
    /// Digest of what pods get, `sha256:…`.
    pub digest: String,
    /// Its bytes.
    pub bytes: u64,
    /// Where pods of this Run get it, and nobody who does not know this address.
    pub url: String,
}

impl FetchedSource {
    /// What stands for a source where no host looks it up.
    pub fn unresolved(place: &Place) -> FetchedSource {
        let unknown = || UNRESOLVED.to_owned();
        let (repo, reference, path) = match &place.wanted {
            Wanted::Named { reference, path } => {
                (place.address.to_string(), reference.clone().unwrap_or_default(), path.clone())
            }
            // Where the branch ends, only the repository knows.
            Wanted::Tree(_) => (place.to_string(), String::new(), String::new()),
        };
        FetchedSource { repo, reference, commit: unknown(), path, digest: unknown(), bytes: 0, url: unknown() }
    }

    /// Whether its commit is known.
    pub fn is_resolved(&self) -> bool {
        self.commit != UNRESOLVED
    }
}

/// In the place of what only a host that looks it up can know.
const UNRESOLVED: &str = "not-resolved";

/// A Plugin and what the engine knows of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenPlugin {
    /// Name of the Plugin.
    pub name: String,
    /// What it is for.
    pub role: PluginRole,
    /// Lowest wins.
    pub priority: i64,
    /// `spec.settings`, or an empty object.
    pub settings: Map<String, Value>,
    /// Namespaces that it serves, by label; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Kinds that it is granted beside those that the platform knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// What serves now; none where nothing does.
    pub ready: Option<Serving>,
    /// Why nothing serves, or why what serves is not the newest; empty where all is well.
    #[serde(default)]
    pub trouble: String,
}

/// Bytes that serve now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// `sha256:…`.
    pub digest: String,
    /// What the plugin says of itself.
    pub description: Description,
}

/// What a plugin is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PluginRole {
    /// It launches these frameworks.
    Launcher(Vec<String>),
    /// It sizes Runs.
    SizingPolicy,
    /// It reads the progress of these frameworks.
    Progress(Vec<String>),
}

/// What the platform's installation decides for every pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Site {
    /// `runAsUser` and `fsGroup` of pods whose Application says nothing; `fsGroup` alone where
    /// pods are not restricted.
    pub user: i64,
    /// Standard that every pod follows.
    pub pod_security: PodSecurity,
    /// PriorityClass of Runs of each priority, as far as the installation names one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub priority_classes: BTreeMap<Priority, String>,
    /// Resource that counts GPUs.
    pub gpu_resource: String,
    /// The platform's own image, for init steps; empty where nobody named it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// When nodes pull that image; empty: as Kubernetes does for its tag.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_pull_policy: String,
    /// Where packages of the program's language come from.
    pub packages: Packages,
    /// Annotations and labels of no meaning to us that every child gets.
    pub labels: BTreeMap<String, String>,
}

/// Where packages of the program's language come from, and how much room they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Packages {
    /// Address of the index; empty: the one that pip knows by itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub index_url: String,
    /// Addresses of further ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_index_urls: Vec<String>,
    /// Hosts that need no certificate that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_hosts: Vec<String>,
    /// Certificates (PEM) that the index may have, instead of those that pip knows; empty: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub authorities: String,
    /// Most bytes that they may take in each pod, pip's own temporary files with them.
    pub size_bytes: u64,
}

impl Default for Packages {
    fn default() -> Self {
        Packages {
            index_url: String::new(),
            extra_index_urls: Vec::new(),
            trusted_hosts: Vec::new(),
            authorities: String::new(),
            size_bytes: 8 << 30,
        }
    }
}

/// A Pod Security Standard (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PodSecurity {
    /// No root, and no capability.
    #[default]
    Restricted,
    /// The image's own user, root too, with the capabilities that a container runtime gives by
    /// itself. In all else as restricted.
    Baseline,
}

impl PluginRole {
    /// What a Plugin is for; none where its object says nothing that we know.
    pub fn of(spec: &PluginSpec) -> Option<PluginRole> {
        match (&spec.launcher, &spec.sizing_policy, &spec.progress) {
            (Some(launcher), None, None) => Some(PluginRole::Launcher(launcher.frameworks.clone())),
            (None, Some(_), None) => Some(PluginRole::SizingPolicy),
            (None, None, Some(progress)) => Some(PluginRole::Progress(progress.frameworks.clone())),
            _ => None,
        }
    }

    /// The role's name, as a Plugin's status has it.
    pub fn name(&self) -> &'static str {
        match self {
            PluginRole::Launcher(_) => "Launcher",
            PluginRole::SizingPolicy => "SizingPolicy",
            PluginRole::Progress(_) => "Progress",
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Site {
            user: 1000,
            pod_security: PodSecurity::Restricted,
            priority_classes: BTreeMap::new(),
            gpu_resource: "nvidia.com/gpu".into(),
            image: String::new(),
            image_pull_policy: String::new(),
            packages: Packages::default(),
            labels: BTreeMap::new(),
        }
    }
}
