//! What an init step stages into pods: the program's source, in place or fetched from the
//! host, and its words for the shim.
//!
//! The host adds one ConfigMap with all of it; each pod takes what its role needs. A plan
//! that needs neither has neither.

use codeflare_api::{Reason, quantity};
use codeflare_documents::launcher::{Ends, LaunchPlan, Manifest, Role, RoleMore};
use serde_json::{Value, json};

use super::holes::{Holes, hole};
use super::stamp::put;
use super::{WORKDIR, kind_of};
use crate::resolve::{Resolved, label};
use crate::seen::Seen;
use crate::stop::Problem;

/// Suffix of the ConfigMap, and name of volume and init container.
pub(crate) const STAGE: &str = "stage";
/// What the ConfigMap holds.
const DOCUMENT: &str = "stage.json";
/// Where the init container has it.
const FROM: &str = "/stage";
/// Folder of [`super::EXEC`].
const SHIM: &str = "/codeflare";
/// Most bytes of the document: a ConfigMap holds 1 MiB, metadata and all.
const MOST_BYTES: usize = 900 << 10;
/// Limit of the folder with the source, where programs like to write too.
const SOURCE: &str = "1Gi";
/// Limit of the folder with words and shim.
const SHIM_SIZE: &str = "16Mi";
/// What the init step gets, unless the role itself gets less: no pod grows by it. Requests
/// and limits are the same, so that the pod's quality of service stays.
const CPU_MILLIS: u64 = 100;
const MEMORY_BYTES: u64 = 64 << 20;

/// What is staged into a pod.
#[derive(Clone, Copy)]
pub(crate) struct Staged {
    source: bool,
    exec: bool,
}

/// What is staged into the pods of a role, if anything is.
pub(crate) fn of(resolved: &Resolved, role: &Role) -> Option<Staged> {
    let staged = Staged { source: resolved.has_source(), exec: more(role).exec };
    (role.inputs && (staged.source || staged.exec)).then_some(staged)
}

/// The check has read `more` before, or the plan is refused.
fn more(role: &Role) -> RoleMore {
    serde_json::from_value(role.more.clone()).unwrap_or_default()
}

/// The ConfigMap that the plan gets, where a role needs one. Its name is a hole, as in a
/// launcher's draft.
pub(crate) fn manifest(resolved: &Resolved, roles: &[Role]) -> Option<Manifest> {
    roles.iter().any(|role| of(resolved, role).is_some()).then(|| Manifest {
        object: json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": {"$name": STAGE}},
            "immutable": true,
            "data": {DOCUMENT: document(resolved, roles)},
        }),
        primary: false,
        ends: Ends::WithRun,
    })
}

/// What `codeflare stage` reads. Nothing expands what is in it: no dollar is doubled.
fn document(resolved: &Resolved, roles: &[Role]) -> String {
    let files: Vec<_> = resolved.code.iter().map(|file| json!({"name": file.name, "source": file.source})).collect();
    let workdir = if resolved.has_source() { WORKDIR } else { "" };
    let mut document = json!({"workdir": workdir, "files": files});
    if let Some(source) = &resolved.source {
        put(&mut document, "fetch", json!({"url": source.url, "digest": source.digest, "bytes": source.bytes}));
    }
    if roles.iter().filter_map(|role| of(resolved, role)).any(|staged| staged.exec) {
        put(&mut document, "argv", json!(resolved.argv));
    }
    document.to_string()
}

/// Why what must be staged cannot be.
pub(crate) fn problems(seen: &Seen, resolved: &Resolved, draft: &LaunchPlan) -> Vec<Problem> {
    let plugin = format!("Plugin/{}", resolved.launcher.name);
    let refused = |message: String| Problem::new(Reason::PlanRefused, plugin.clone(), "", message);
    let mut problems = Vec::new();
    for role in draft.roles.iter().filter(|role| !role.inputs && more(role).exec) {
        problems.push(refused(format!("role `{}`, more.exec: only a role with inputs can have it", role.name)));
    }
    if !draft.roles.iter().any(|role| of(resolved, role).is_some()) {
        return problems;
    }
    if draft.roles.iter().any(|role| role.name == STAGE && of(resolved, role).is_some()) {
        problems.push(refused(format!("role `{STAGE}`: the host's own init container has this name")));
    }
    let taken = |manifest: &&Manifest| {
        let name = manifest.object.pointer("/metadata/name").and_then(hole);
        kind_of(&manifest.object).kind == "ConfigMap" && name == Some(("$name", Some(STAGE)))
    };
    if let Some(index) = draft.manifests.iter().position(|manifest| taken(&manifest)) {
        problems.push(refused(format!("manifest {index} (ConfigMap) /metadata/name: the host's own has this name")));
    }
    let application = seen.application.as_ref().map(label).unwrap_or_default();
    if seen.site.image.is_empty() {
        let message = "pods of this Run need a step that runs the platform's own image, and nobody has named it; set host.image of the chart, or start the host with --image";
        problems.push(Problem::new(Reason::NotConfigured, "", "", message));
    }
    let bytes = document(resolved, &draft.roles).len();
    if bytes > MOST_BYTES {
        let message = format!(
            "its files have {bytes} bytes together, as JSON with the words of the program; at most {MOST_BYTES} fit into one object; put what is large into the image"
        );
        problems.push(Problem::new(Reason::FieldInvalid, application, "/spec/code", message));
    }
    problems
}

impl Staged {
    /// Volumes of the pod.
    pub(crate) fn volumes(self, holes: &Holes<'_>) -> Vec<Value> {
        let mut all = vec![json!({"name": STAGE, "configMap": {"name": holes.fill(&json!({"$name": STAGE}))}})];
        all.extend(self.source.then(|| json!({"name": "workdir", "emptyDir": {"sizeLimit": SOURCE}})));
        all.extend(self.exec.then(|| json!({"name": "codeflare", "emptyDir": {"sizeLimit": SHIM_SIZE}})));
        all
    }

    /// Mounts of the main container.
    pub(crate) fn mounts(self) -> Vec<Value> {
        let mut all = self.own_mounts();
        for mount in all.iter_mut().filter(|mount| mount.get("name") == Some(&"codeflare".into())) {
            put(mount, "readOnly", true.into());
        }
        all
    }

    fn own_mounts(self) -> Vec<Value> {
        let mut all = Vec::new();
        all.extend(self.source.then(|| json!({"name": "workdir", "mountPath": WORKDIR})));
        all.extend(self.exec.then(|| json!({"name": "codeflare", "mountPath": SHIM})));
        all
    }

    /// Where the main container starts, if not where its image says.
    pub(crate) fn working_dir(self) -> Option<&'static str> {
        self.source.then_some(WORKDIR)
    }

    /// The init container.
    pub(crate) fn step(self, holes: &Holes<'_>, role: &Role) -> Value {
        let document = format!("{FROM}/{DOCUMENT}");
        let mut command = vec!["/usr/local/bin/codeflare", "stage", "--from", &document];
        if self.source {
            command.extend(["--workdir", WORKDIR]);
        }
        if self.exec {
            command.extend(["--into", SHIM]);
        }
        let mut mounts = vec![json!({"name": STAGE, "mountPath": FROM, "readOnly": true})];
        mounts.extend(self.own_mounts());
        let mut step = json!({
            "name": STAGE,
            "image": holes.seen.site.image,
            "command": command,
            "resources": resources(holes, role),
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            },
            // What went wrong is then in the status of the pod.
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": mounts,
        });
        if !holes.seen.site.image_pull_policy.is_empty() {
            put(&mut step, "imagePullPolicy", holes.seen.site.image_pull_policy.clone().into());
        }
        step
    }
}

fn resources(holes: &Holes<'_>, role: &Role) -> Value {
    let of = role.resources.as_ref().unwrap_or(&holes.sized.size.worker);
    let least = |own: u64, most: u64| if own == 0 { most } else { own.min(most) };
    let all = json!({
        "cpu": quantity::write_cpu(least(of.cpu_millis, CPU_MILLIS)),
        "memory": quantity::write_bytes(least(of.memory_bytes, MEMORY_BYTES)),
    });
    json!({"requests": all, "limits": all})
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shim_lies_in_its_folder() {
        assert_eq!(super::super::EXEC, format!("{}/exec", super::SHIM));
    }
}
