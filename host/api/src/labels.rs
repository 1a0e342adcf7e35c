//! Labels and annotations that the platform sets. A plugin can set none of them.

/// UID of the Run: selects its children, and nothing of a namesake.
pub const RUN_UID: &str = "codeflare.dev/run-uid";
/// Name of the Run, cut to what a label takes; for people.
pub const RUN: &str = "codeflare.dev/run";
/// Attempt, counted from 1.
pub const ATTEMPT: &str = "codeflare.dev/attempt";
/// Role of a pod, and part of an object.
pub const ROLE: &str = "codeflare.dev/role";
/// What an object is to its Run: `primary`, `supporting` or [`RECORD`]; or what it keeps of
/// a plugin: [`PLUGIN_BYTES`], [`PLUGIN_SHEET`] or [`PLUGIN_PROOF`].
pub const PART: &str = "codeflare.dev/part";
/// [`PART`] of a record.
pub const RECORD: &str = "record";
/// [`PART`] of a piece of a plugin's bytes, in the host's namespace.
pub const PLUGIN_BYTES: &str = "plugin-bytes";
/// [`PART`] of what is to be known to load such bytes.
pub const PLUGIN_SHEET: &str = "plugin-sheet";
/// [`PART`] of what shows who signed such bytes.
pub const PLUGIN_PROOF: &str = "plugin-proof";
/// First 40 hexadecimal digits of a plugin's digest, on what is kept of it.
pub const DIGEST: &str = "codeflare.dev/digest";
/// Annotation of a Secret with credentials for repositories: namespaces whose Applications
/// may use it beside those of its own, with commas between them; `*`: all.
pub const REPO_SECRET_NAMESPACES: &str = "codeflare.dev/repo-secret-namespaces";
/// Annotation of such a Secret: patterns of the repositories that it is for, as in a
/// PlatformRepoSecret, with commas between them.
pub const REPO_SECRET_HOSTS: &str = "codeflare.dev/repo-secret-hosts";
/// Prefix of everything above.
pub const PREFIX: &str = "codeflare.dev/";
/// Who manages an object (recommended label of Kubernetes).
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Our value of [`MANAGED_BY`].
pub const MANAGER: &str = "codeflare";
/// Field manager of every write of the host.
pub const FIELD_MANAGER: &str = "codeflare-host";

/// A Run's name as a label value: at most 63 characters, ending in a letter or digit.
pub fn run_value(name: &str) -> String {
    let cut: String = name.chars().take(63).collect();
    cut.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}
