//! Roles of a draft: names, environment, ports, and what `more` may hold.

use std::collections::BTreeSet;

use codeflare_documents::launcher::{Command, EnvValue, Role, RoleMore};

use super::super::fields::is_label;
use super::super::holes::hole;
use super::super::packages::FOLDER;
use super::super::pod::HOME;
use super::super::{EXEC, WORKDIR};
use super::objects::is_suffix;
use super::{Check, more};
use crate::resolve::is_variable;

/// Pod fields that a variable may show.
const DOWNWARD: [&str; 6] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "status.podIP",
    "spec.nodeName",
    "metadata.annotations['batch.kubernetes.io/job-completion-index']",
];

impl Check<'_> {
    pub(super) fn role(&mut self, role: &Role) {
        let name = &role.name;
        if !is_label(name) {
            self.say(format!("role `{name}`: expected a DNS label as its name"));
        }
        if self.draft.roles.iter().filter(|other| other.name == *name).count() > 1 {
            self.say(format!("role `{name}`: another role has this name"));
        }
        if matches!(&role.command, Command::Argv(argv) if argv.is_empty()) {
            self.say(format!("role `{name}`: its argv has no word"));
        }
        if role.resources.as_ref().is_some_and(|of| of.cpu_millis == 0 || of.memory_bytes == 0) {
            self.say(format!("role `{name}`: its resources need cpu and memory above 0"));
        }
        self.env(role);
        self.ports(role);
        match more::<RoleMore>(&role.more) {
            Err(error) => self.say(format!("role `{name}`, more: {error}")),
            Ok(more) => self.role_more(name, &more),
        }
    }

    fn env(&mut self, role: &Role) {
        let mut seen = BTreeSet::new();
        for (variable, value) in &role.env {
            let place = format!("role `{}`, env `{variable}`", role.name);
            if !is_variable(variable) {
                self.say(format!("{place}: not a name of a variable"));
            }
            if !seen.insert(variable) {
                self.say(format!("{place}: it is there twice"));
            }
            if is_reserved(variable) {
                self.say(format!("{place}: the host sets it, or Kubernetes"));
            }
            if let EnvValue::Field(path) = value
                && !DOWNWARD.contains(&path.as_str())
                && !is_label_field(path)
            {
                let known = DOWNWARD.join(", ");
                self.say(format!(
                    "{place}: the pod field `{path}` is not allowed; allowed: {known}, metadata.labels['KEY']"
                ));
            }
        }
    }

    fn ports(&mut self, role: &Role) {
        let mut seen = BTreeSet::new();
        for (port, number) in &role.ports {
            let named = is_label(port)
                && port.len() <= 15
                && !port.contains("--")
                && port.contains(|c: char| c.is_ascii_lowercase());
            let fresh = seen.insert(port.clone()) && seen.insert(number.to_string());
            if !named || *number == 0 || !fresh {
                let expected =
                    "expected a name of at most 15 characters with a letter, a number above 0, and each once";
                self.say(format!("role `{}`, port `{port}` {number}: {expected}", role.name));
            }
        }
    }

    fn role_more(&mut self, name: &str, more: &RoleMore) {
        if let Some(subdomain) = &more.subdomain
            && !matches!(hole(subdomain), Some(("$name", Some(suffix))) if is_suffix(suffix))
        {
            self.say(format!("role `{name}`, more.subdomain: expected {{\"$name\": SUFFIX}}"));
        }
        for (path, scratch) in &more.scratch {
            if !is_mount(path) || scratch.size_bytes == 0 {
                let expected = "expected an absolute path that the host does not mount, and a size above 0";
                self.say(format!("role `{name}`, more.scratch `{path}`: {expected}"));
            }
        }
    }
}

/// Names that the host or Kubernetes sets; a launcher may tell workers of each other.
fn is_reserved(name: &str) -> bool {
    name == "HOME"
        || name.starts_with("KUBERNETES_")
        || (name.starts_with("CODEFLARE_") && !name.starts_with("CODEFLARE_WORKER"))
}

/// `metadata.labels['KEY']`.
fn is_label_field(path: &str) -> bool {
    let key = path.strip_prefix("metadata.labels['").and_then(|rest| rest.strip_suffix("']"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    key.is_some_and(|key| !key.is_empty() && key.chars().all(plain))
}

/// Whether a scratch volume may be mounted there.
fn is_mount(path: &str) -> bool {
    let shim = EXEC.rsplit_once('/').map_or(EXEC, |(folder, _)| folder);
    let own = ["/tmp", HOME, WORKDIR, shim, FOLDER];
    let taken = own.iter().any(|own| path == *own || path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')));
    let mut parts = path.split('/');
    let absolute = parts.next() == Some("");
    absolute && !taken && !path.contains(':') && parts.all(|part| !matches!(part, "" | "." | ".."))
}
