//! Packages of the program's language: an init step in the Application's own image installs
//! them into a volume before the program starts, unless the launcher's plan sees to them.
//!
//! The host adds a ConfigMap with their lines, and with the certificates of the package
//! index where the installation has some.

use codeflare_api::{Reason, quantity};
use codeflare_documents::launcher::{Ends, LaunchPlan, Manifest, PlanMore, Role};
use serde_json::{Value, json};

use super::holes::{Holes, hole};
use super::stamp::put;
use super::{kind_of, pod, stage};
use crate::resolve::Resolved;
use crate::seen::{Packages, Seen};
use crate::stop::Problem;

/// Suffix of the ConfigMap, and name of its volume and of the init container.
pub(crate) const STEP: &str = "requirements";
/// Name of the volume with the packages.
pub(crate) const VOLUME: &str = "packages";
/// Below this folder a launcher mounts nothing.
pub(crate) const FOLDER: &str = "/opt/codeflare";
/// Where the packages are.
const PACKAGES: &str = "/opt/codeflare/packages";
/// Where the ConfigMap is.
const FROM: &str = "/opt/codeflare/requirements";
/// What it holds: the lines, and certificates (PEM).
const LINES: &str = "requirements.txt";
const AUTHORITIES: &str = "ca.crt";
/// Installs the lines into the folder, with whatever Python the image has from 3.6 on.
const INSTALL: &str = include_str!("packages/install.py");
/// Python where the program's own words name none.
const PYTHON: &str = "python3";

/// Who installs the packages of a Run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installs {
    /// There are none.
    Nobody,
    /// The host, by an init step in each pod of a role with inputs.
    Host,
    /// The plan, by means of its framework.
    Plan,
}

/// Who installs the packages; the check has read `more` before, or the plan is refused.
pub(crate) fn who(resolved: &Resolved, draft: &LaunchPlan) -> Installs {
    let more: PlanMore = serde_json::from_value(draft.more.clone()).unwrap_or_default();
    match (resolved.requirements.is_empty(), more.requirements) {
        (true, _) => Installs::Nobody,
        (false, true) => Installs::Plan,
        (false, false) => Installs::Host,
    }
}

/// Why they cannot be installed.
pub(crate) fn problems(resolved: &Resolved, draft: &LaunchPlan, installs: Installs) -> Vec<Problem> {
    let mut problems = Vec::new();
    if installs == Installs::Nobody {
        return problems;
    }
    let plugin = format!("Plugin/{}", resolved.launcher.name);
    let mut refused = |message: String| problems.push(Problem::new(Reason::PlanRefused, plugin.clone(), "", message));
    if draft.roles.iter().any(|role| role.name == STEP && role.inputs) {
        refused(format!("role `{STEP}`: the host's own init container has this name"));
    }
    let taken = |manifest: &Manifest| {
        let name = manifest.object.pointer("/metadata/name").and_then(hole);
        kind_of(&manifest.object).kind == "ConfigMap" && name == Some(("$name", Some(STEP)))
    };
    if let Some(index) = draft.manifests.iter().position(taken) {
        refused(format!("manifest {index} (ConfigMap) /metadata/name: the host's own has this name"));
    }
    if installs == Installs::Host && !draft.roles.iter().any(|role| role.inputs) {
        let application = format!("Application/{}", resolved.application.name);
        let message = format!(
            "launcher `{}` neither installs packages nor has pods in which the host could; put them into the image",
            resolved.launcher.name
        );
        problems.push(Problem::new(Reason::FieldInvalid, application, "/spec/requirements", message));
    }
    problems
}

/// The ConfigMap that the plan gets, where pods need one. Its name is a hole, as in a
/// launcher's draft.
pub(crate) fn manifest(seen: &Seen, resolved: &Resolved, installs: Installs) -> Option<Manifest> {
    let authorities = &seen.site.packages.authorities;
    let mut data = json!({});
    if installs == Installs::Host {
        put(&mut data, LINES, resolved.requirements.iter().map(|line| format!("{line}\n")).collect::<String>().into());
    }
    if installs != Installs::Nobody && !authorities.is_empty() {
        put(&mut data, AUTHORITIES, authorities.clone().into());
    }
    (data != json!({})).then(|| Manifest {
        object: json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": {"$name": STEP}},
            "immutable": true,
            "data": data,
        }),
        primary: false,
        ends: Ends::WithRun,
    })
}

/// Who installs them in the pods of a role.
fn of(holes: &Holes<'_>, role: &Role) -> Installs {
    if role.inputs { holes.installs } else { Installs::Nobody }
}

/// Whether the program's own container reads the certificates of the index.
fn reads_authorities(holes: &Holes<'_>, role: &Role) -> bool {
    of(holes, role) == Installs::Plan && !holes.seen.site.packages.authorities.is_empty()
}

/// Volumes of a pod.
pub(crate) fn volumes(holes: &Holes<'_>, role: &Role) -> Vec<Value> {
    let mut all = Vec::new();
    let by_host = of(holes, role) == Installs::Host;
    if by_host || reads_authorities(holes, role) {
        all.push(json!({"name": STEP, "configMap": {"name": holes.fill(&json!({"$name": STEP}))}}));
    }
    if by_host {
        let limit = quantity::write_bytes(holes.seen.site.packages.size_bytes);
        all.push(json!({"name": VOLUME, "emptyDir": {"sizeLimit": limit}}));
    }
    all
}

/// Mounts of the main container.
pub(crate) fn mounts(holes: &Holes<'_>, role: &Role) -> Vec<Value> {
    let mut all = Vec::new();
    if of(holes, role) == Installs::Host {
        all.push(json!({"name": VOLUME, "mountPath": PACKAGES, "readOnly": true}));
    }
    if reads_authorities(holes, role) {
        all.push(json!({"name": STEP, "mountPath": FROM, "readOnly": true}));
    }
    all
}

/// Variables of the main container before those of the user, which win.
pub(crate) fn environment(holes: &Holes<'_>, role: &Role) -> Vec<Value> {
    if of(holes, role) == Installs::Plan { index(&holes.seen.site.packages) } else { Vec::new() }
}

/// Lets the program find the packages: PYTHONPATH, in front of what it would be otherwise,
/// and PYTHONUSERBASE, by which Python reads their `.pth` files too.
pub(crate) fn find(holes: &Holes<'_>, role: &Role, env: &mut Vec<Value>) {
    if of(holes, role) != Installs::Host {
        return;
    }
    let site = format!("{PACKAGES}/site");
    match path(env) {
        Path::Text(text) if text.is_empty() => pod::set(env, "PYTHONPATH", json!({"value": site})),
        Path::Text(text) => pod::set(env, "PYTHONPATH", json!({"value": format!("{site}:{text}")})),
        // What is in it nobody here knows; PYTHONUSERBASE alone has to do.
        Path::Secret => {}
    }
    if !env.iter().any(|variable| variable.get("name") == Some(&"PYTHONUSERBASE".into())) {
        pod::set(env, "PYTHONUSERBASE", json!({"value": PACKAGES}));
    }
}

/// The init container.
pub(crate) fn step(holes: &Holes<'_>, role: &Role) -> Option<Value> {
    if of(holes, role) != Installs::Host {
        return None;
    }
    let mut env = pod::env(holes, role, index(&holes.seen.site.packages));
    let lines = format!("{FROM}/{LINES}");
    let python = holes.resolved.argv.first().filter(|word| is_python(word)).map_or(PYTHON, String::as_str);
    let mut command: Vec<Value> = [python, "-c", INSTALL, PACKAGES, &lines].map(pod::literal).to_vec();
    if let Path::Text(text) = path(&env) {
        // It is written as Kubernetes reads it already.
        command.push(text.into());
    }
    for (name, value) in [
        ("PYTHONUSERBASE", PACKAGES),
        // Beside the packages, which are moved from there: /tmp would be too small for some.
        ("TMPDIR", PACKAGES),
        // The place is not the system's: distributions need not keep pip from it.
        ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
        ("PIP_ROOT_USER_ACTION", "ignore"),
    ] {
        pod::set(&mut env, name, json!({"value": value}));
    }
    let mut mounts = vec![
        json!({"name": "home", "mountPath": pod::HOME}),
        json!({"name": "tmp", "mountPath": "/tmp"}),
        json!({"name": STEP, "mountPath": FROM, "readOnly": true}),
        json!({"name": VOLUME, "mountPath": PACKAGES}),
    ];
    // Lines may name files of the source.
    let staged = stage::of(holes.resolved, role);
    mounts.extend(staged.into_iter().flat_map(stage::Staged::mounts));
    let mut step = json!({
        "name": STEP,
        "image": holes.resolved.image,
        "command": command,
        "env": env,
        "resources": resources(holes, role),
        "securityContext": pod::of_container(holes),
        // What went wrong is then in the status of the pod.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    });
    if let Some(folder) = staged.and_then(stage::Staged::working_dir) {
        put(&mut step, "workingDir", folder.into());
    }
    Some(step)
}

/// What tells pip of the index.
fn index(packages: &Packages) -> Vec<Value> {
    let authorities = if packages.authorities.is_empty() { String::new() } else { format!("{FROM}/{AUTHORITIES}") };
    let all = [
        ("PIP_INDEX_URL", packages.index_url.clone()),
        ("PIP_EXTRA_INDEX_URL", packages.extra_index_urls.join(" ")),
        ("PIP_TRUSTED_HOST", packages.trusted_hosts.join(" ")),
        ("PIP_CERT", authorities),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| json!({"name": name, "value": pod::literal(&value)})).collect()
}

/// PYTHONPATH as the user or the role sets it.
enum Path {
    /// Its text as it stands in the pod; empty where nobody sets it.
    Text(String),
    /// The key of a Secret, or a field of the pod.
    Secret,
}

fn path(env: &[Value]) -> Path {
    let found = env.iter().find(|variable| variable.get("name") == Some(&"PYTHONPATH".into()));
    match found.map(|variable| variable.get("value").and_then(Value::as_str)) {
        None => Path::Text(String::new()),
        Some(Some(text)) => Path::Text(text.to_owned()),
        Some(None) => Path::Secret,
    }
}

/// The Python that the program itself asks for, in whatever folder: packages are made for one.
fn is_python(word: &str) -> bool {
    let version = word.rsplit('/').next().unwrap_or(word).strip_prefix("python");
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// What the main container has, so that no pod grows by it; no devices.
fn resources(holes: &Holes<'_>, role: &Role) -> Value {
    let of = role.resources.as_ref().unwrap_or(&holes.sized.size.worker);
    let all = json!({
        "cpu": quantity::write_cpu(of.cpu_millis),
        "memory": quantity::write_bytes(of.memory_bytes),
    });
    json!({"requests": all, "limits": all})
}
