//! What an installation decides for the pods of Runs, as clap reads it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use codeflare_api::quantity;
use codeflare_api::run::Priority;
use codeflare_plan::seen::{self, Packages, Site};

use crate::Failure;

/// Most bytes of the certificates of an index.
const MOST_AUTHORITIES: usize = 64 << 10;

/// What is decided for the pods of Runs; the chart sets it by the environment.
#[derive(Debug, clap::Args)]
pub(crate) struct SiteArgs {
    /// `runAsUser` and `fsGroup` of the pods of Runs
    #[arg(long, value_name = "UID", env = "CODEFLARE_USER", hide_env_values = true, default_value_t = 1000,
        value_parser = clap::value_parser!(i64).range(1..=2_147_483_647))]
    user: i64,
    /// Pod Security Standard that the pods of Runs follow; with baseline an image runs as the
    /// user that it names, root too
    #[arg(long, value_name = "STANDARD", env = "CODEFLARE_POD_SECURITY", hide_env_values = true, value_enum,
        default_value_t = PodSecurity::Restricted)]
    pod_security: PodSecurity,
    /// PriorityClass of the Runs of a priority (low, normal, high); several, or this repeated
    #[arg(
        long,
        value_name = "PRIORITY=NAME",
        env = "CODEFLARE_PRIORITY_CLASSES",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = priority_class
    )]
    priority_class: Vec<(Priority, String)>,
    /// Index of packages that `spec.requirements` of Applications come from [default: pip's own]
    #[arg(long, value_name = "URL", env = "CODEFLARE_PACKAGE_INDEX_URL", hide_env_values = true)]
    package_index_url: Option<String>,
    /// Further index of packages; several, or this repeated
    #[arg(
        long,
        value_name = "URL",
        env = "CODEFLARE_PACKAGE_EXTRA_INDEX_URLS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    package_extra_index_url: Vec<String>,
    /// Host of packages that needs no certificate that is known; several, or this repeated
    #[arg(
        long,
        value_name = "HOST",
        env = "CODEFLARE_PACKAGE_TRUSTED_HOSTS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    package_trusted_host: Vec<String>,
    /// Certificates (PEM) of the index, instead of those that pip knows
    #[arg(long, value_name = "FILE", env = "CODEFLARE_PACKAGE_CA", hide_env_values = true)]
    package_ca: Option<PathBuf>,
    /// Most room for packages in each pod
    #[arg(long, value_name = "QUANTITY", env = "CODEFLARE_PACKAGES_SIZE", hide_env_values = true,
        default_value = "8Gi", value_parser = room)]
    packages_size: u64,
    /// The platform's own image, for the init step of pods that get source or an exec shim
    #[arg(
        long,
        value_name = "IMAGE",
        env = "CODEFLARE_IMAGE",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    image: String,
    /// When nodes pull that image [default: as Kubernetes does for its tag]
    #[arg(long, value_name = "POLICY", env = "CODEFLARE_IMAGE_PULL_POLICY", hide_env_values = true,
        value_parser = ["Always", "IfNotPresent", "Never"])]
    image_pull_policy: Option<String>,
}

impl SiteArgs {
    /// As the decisions take it; the file with certificates is read.
    pub(crate) fn site(self) -> Result<Site, Failure> {
        let packages = Packages {
            index_url: self.package_index_url.unwrap_or_default(),
            extra_index_urls: self.package_extra_index_url,
            trusted_hosts: self.package_trusted_host,
            authorities: self.package_ca.as_deref().map(authorities).transpose()?.unwrap_or_default(),
            size_bytes: self.packages_size,
        };
        let SiteArgs { user, pod_security, priority_class, image, image_pull_policy, .. } = self;
        Ok(Site {
            user,
            pod_security: pod_security.into(),
            priority_classes: priority_class.into_iter().collect(),
            image,
            image_pull_policy: image_pull_policy.unwrap_or_default(),
            packages,
            ..Site::default()
        })
    }
}

/// A Pod Security Standard.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PodSecurity {
    /// No root, no capability
    Restricted,
    /// The image's own user, and a runtime's usual capabilities
    Baseline,
}

impl From<PodSecurity> for seen::PodSecurity {
    fn from(standard: PodSecurity) -> seen::PodSecurity {
        match standard {
            PodSecurity::Restricted => seen::PodSecurity::Restricted,
            PodSecurity::Baseline => seen::PodSecurity::Baseline,
        }
    }
}

/// Certificates as text. Every Run with requirements has a copy of them.
fn authorities(file: &Path) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::one(format!("--package-ca {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(failed(&"it has no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----"));
    }
    if text.len() > MOST_AUTHORITIES {
        let bytes = text.len();
        return Err(failed(&format!(
            "it has {bytes} bytes, and at most {MOST_AUTHORITIES} are allowed; leave out what the index does not need"
        )));
    }
    Ok(text)
}

fn room(text: &str) -> Result<u64, String> {
    let bytes = quantity::bytes(text).map_err(|error| error.to_string())?;
    if bytes == 0 { Err("expected more than nothing, such as 8Gi".to_owned()) } else { Ok(bytes) }
}

fn priority_class(text: &str) -> Result<(Priority, String), String> {
    let found = text.split_once('=').and_then(|(priority, name)| {
        let priority = Priority::ALL.into_iter().find(|one| one.as_str() == priority)?;
        (!name.is_empty()).then(|| (priority, name.to_owned()))
    });
    found.ok_or_else(|| "expected low, normal or high, and the name of a PriorityClass, such as high=urgent".to_owned())
}
