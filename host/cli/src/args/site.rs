//! What an installation decides for the pods of Runs, as clap reads it.

use clap::ValueEnum;
use codeflare_api::run::Priority;
use codeflare_plan::seen::{self, Site};

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
    /// As the decisions take it.
    pub(crate) fn site(self) -> Site {
        let SiteArgs { user, pod_security, priority_class, image, image_pull_policy } = self;
        Site {
            user,
            pod_security: pod_security.into(),
            priority_classes: priority_class.into_iter().collect(),
            image,
            image_pull_policy: image_pull_policy.unwrap_or_default(),
            ..Site::default()
        }
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

fn priority_class(text: &str) -> Result<(Priority, String), String> {
    let found = text.split_once('=').and_then(|(priority, name)| {
        let priority = Priority::ALL.into_iter().find(|one| one.as_str() == priority)?;
        (!name.is_empty()).then(|| (priority, name.to_owned()))
    });
    found.ok_or_else(|| "expected low, normal or high, and the name of a PriorityClass, such as high=urgent".to_owned())
}
