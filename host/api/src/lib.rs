//! The platform's vocabulary: resource types, conditions and reasons, names, labels,
//! quantities and durations.
//!
//! Data and small pure functions; no client, no engine, no decision.

#![allow(clippy::duplicated_attributes, reason = "one printcolumn for each column: each has a type_ and a json_path")]
#![allow(
    unreachable_pub,
    reason = "KubeSchema derives twins of the types inside functions, which the lint takes for these"
)]

pub mod application;
pub mod crds;
pub mod duration;
pub mod labels;
pub mod names;
pub mod plugin;
pub mod quantity;
pub mod reason;
pub mod repo_secret;
pub mod repository;
pub mod run;
pub mod scheduling;
pub mod selector;
pub mod size;

pub use application::{Application, ApplicationSpec, ApplicationStatus};
pub use plugin::{Plugin, PluginSpec, PluginStatus};
pub use reason::{Condition, ConditionType, Reason, Retry};
pub use repo_secret::{PlatformRepoSecret, PlatformRepoSecretSpec};
pub use run::{Run, RunSpec, RunStatus};
pub use scheduling::Scheduling;
pub use size::{RunSizeConfiguration, RunSizeConfigurationSpec};

/// API group of every resource type of the platform.
pub const GROUP: &str = "codeflare.dev";
/// The version that is served and stored.
pub const VERSION: &str = "v1alpha1";
/// Size that holds where neither Run nor Application names one.
pub const DEFAULT_SIZE: &str = "sm";
