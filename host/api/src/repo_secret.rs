//! `PlatformRepoSecret`: credentials of the platform for repositories.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Credentials for the repositories that a pattern names, for every Application that has none
/// of its own.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "codeflare.dev",
    version = "v1alpha1",
    kind = "PlatformRepoSecret",
    plural = "platformreposecrets",
    shortname = "prs",
    category = "codeflare",
    derive = "PartialEq",
    doc = "PlatformRepoSecret: credentials for the repositories of a host.",
    printcolumn(name = "Repo", type_ = "string", json_path = ".spec.repo"),
    printcolumn(name = "Namespace", type_ = "string", json_path = ".spec.secret.namespace"),
    printcolumn(name = "Secret", type_ = "string", json_path = ".spec.secret.name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PlatformRepoSecretSpec {
    /// Which repositories: `https://host`, or `https://host/org` and everything below it. It
    /// is held against the parsed address: scheme, host and port must be the same, a path
    /// matches by whole parts. The longest pattern that matches wins. `.*` at the end, as
    /// written for the first platform, changes nothing.
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^\^?https?://"))]
    pub repo: String,
    /// Secret with the credentials.
    pub secret: PlatformSecretRef,
}

/// A Secret with credentials: the user's name under `user`, the password or token under `pat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformSecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the Secret.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
}
