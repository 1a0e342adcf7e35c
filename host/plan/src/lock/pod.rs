//! The host builds every pod: image, command, environment, resources, security.
//!
//! Restricted Pod Security (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>)
//! without exception, unless the installation says baseline; text of users reaches the
//! program unchanged.

use codeflare_api::{labels, quantity};
use codeflare_documents::launcher::{Command, EnvValue, Role, RoleMore};
use serde_json::{Map, Value, json};

use super::holes::Holes;
use super::stamp::put;
use super::{packages, stage};
use crate::seen::PodSecurity;

/// Where HOME is: the root file system may be read-only, and uid 1000 may own nothing.
pub(crate) const HOME: &str = "/home/codeflare";
/// Limit of HOME and of /tmp.
const SCRATCH: &str = "1Gi";

/// The PodTemplateSpec of a role.
pub(crate) fn template(holes: &Holes<'_>, role: &Role) -> Value {
    // The check has read `more` before.
    let more: RoleMore = serde_json::from_value(role.more.clone()).unwrap_or_default();
    let mut volumes = vec![
        json!({"name": "home", "emptyDir": {"sizeLimit": SCRATCH}}),
        json!({"name": "tmp", "emptyDir": {"sizeLimit": SCRATCH}}),
    ];
    let mut mounts = vec![json!({"name": "home", "mountPath": HOME}), json!({"name": "tmp", "mountPath": "/tmp"})];
    for (index, (path, scratch)) in more.scratch.iter().enumerate() {
        let name = format!("scratch-{index}");
        let mut directory = json!({"sizeLimit": quantity::write_bytes(scratch.size_bytes)});
        if scratch.memory {
            put(&mut directory, "medium", "Memory".into());
        }
        volumes.push(json!({"name": name, "emptyDir": directory}));
        mounts.push(json!({"name": name, "mountPath": path}));
    }
    volumes.extend(packages::volumes(holes, role));
    mounts.extend(packages::mounts(holes, role));
    let staged = stage::of(holes.resolved, role);
    if let Some(staged) = staged {
        volumes.extend(staged.volumes(holes));
        mounts.extend(staged.mounts());
    }
    let identity = &holes.resolved.identity;
    let mut spec = json!({
        "restartPolicy": "Never",
        "automountServiceAccountToken": identity.service_account.is_some(),
        "enableServiceLinks": false,
        "securityContext": of_pod(holes),
        "containers": [container(holes, role, mounts)],
        "volumes": volumes,
    });
    if let Some(account) = &identity.service_account {
        put(&mut spec, "serviceAccountName", account.clone().into());
    }
    if let Some(secret) = &identity.image_pull_secret {
        put(&mut spec, "imagePullSecrets", json!([{"name": secret}]));
    }
    if let Some(class) = &identity.priority_class {
        put(&mut spec, "priorityClassName", class.clone().into());
    }
    let scheduling = &holes.resolved.scheduling;
    if !scheduling.node_selector.is_empty() {
        put(&mut spec, "nodeSelector", json!(scheduling.node_selector));
    }
    if !scheduling.tolerations.is_empty() {
        put(&mut spec, "tolerations", json!(scheduling.tolerations));
    }
    if let Some(affinity) = &scheduling.affinity {
        put(&mut spec, "affinity", json!(affinity));
    }
    let steps: Vec<_> =
        staged.map(|staged| staged.step(holes, role)).into_iter().chain(packages::step(holes, role)).collect();
    if !steps.is_empty() {
        put(&mut spec, "initContainers", steps.into());
    }
    if let Some(subdomain) = &more.subdomain {
        put(&mut spec, "subdomain", holes.fill(subdomain));
    }
    json!({"metadata": {"labels": pod_labels(holes, role)}, "spec": spec})
}

/// Security context of a pod.
fn of_pod(holes: &Holes<'_>) -> Value {
    let identity = &holes.resolved.identity;
    let mut context = json!({"fsGroup": identity.fs_group, "seccompProfile": {"type": "RuntimeDefault"}});
    if let Some(user) = identity.user {
        put(&mut context, "runAsUser", user.into());
    }
    if holes.seen.site.pod_security == PodSecurity::Restricted {
        put(&mut context, "runAsNonRoot", true.into());
    }
    context
}

/// Security context of a container in the Application's own image. Root without
/// capabilities could not even read its own users' files, so baseline leaves those that a
/// runtime gives.
pub(super) fn of_container(holes: &Holes<'_>) -> Value {
    let mut context = json!({"allowPrivilegeEscalation": false});
    if holes.seen.site.pod_security == PodSecurity::Restricted {
        put(&mut context, "capabilities", json!({"drop": ["ALL"]}));
    }
    context
}

fn pod_labels(holes: &Holes<'_>, role: &Role) -> Value {
    let mut all: Map<String, Value> =
        holes.seen.site.labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    all.insert(labels::MANAGED_BY.into(), labels::MANAGER.into());
    all.insert(labels::RUN.into(), labels::run_value(&holes.resolved.run.name).into());
    all.insert(labels::RUN_UID.into(), holes.resolved.uid.clone().into());
    all.insert(labels::ATTEMPT.into(), holes.attempt.to_string().into());
    all.insert(labels::ROLE.into(), role.name.clone().into());
    all.into()
}

fn container(holes: &Holes<'_>, role: &Role, mounts: Vec<Value>) -> Value {
    let mut env = env(holes, role, packages::environment(holes, role));
    packages::find(holes, role, &mut env);
    let mut container = json!({
        "name": role.name,
        "image": holes.resolved.image,
        "env": env,
        "resources": resources(holes, role),
        "securityContext": of_container(holes),
        "volumeMounts": mounts,
    });
    let argv = match &role.command {
        Command::Program => Some(&holes.resolved.argv),
        Command::Argv(argv) => Some(argv),
        Command::Image => None,
    };
    if let Some(argv) = argv {
        put(&mut container, "command", argv.iter().map(|word| literal(word)).collect());
    }
    if let Some(folder) = stage::of(holes.resolved, role).and_then(stage::Staged::working_dir) {
        put(&mut container, "workingDir", folder.into());
    }
    if !role.ports.is_empty() {
        let ports = role.ports.iter().map(|(name, port)| json!({"name": name, "containerPort": port}));
        put(&mut container, "ports", ports.collect());
    }
    container
}

/// Text that Kubernetes passes on unchanged. It expands `$(NAME)` in commands and
/// environment and takes every `$$` for one dollar, so every dollar is doubled: with `$(`
/// alone doubled, `$$` would lose one and `$$(NAME)` would be expanded.
pub(super) fn literal(text: &str) -> Value {
    text.replace('$', "$$").into()
}

/// The host's variables first, then the role's, then the program's: those of the role cannot
/// be overwritten, since the program's parts find each other by them. `first` can.
pub(super) fn env(holes: &Holes<'_>, role: &Role, first: Vec<Value>) -> Vec<Value> {
    let mut all = vec![
        json!({"name": "HOME", "value": HOME}),
        json!({"name": "CODEFLARE_RUN", "value": holes.resolved.run.name}),
        json!({"name": "CODEFLARE_ATTEMPT", "value": holes.attempt.to_string()}),
    ];
    all.extend(first);
    for (name, value) in &role.env {
        let value = match value {
            EnvValue::Text(text) => json!({"value": literal(text)}),
            EnvValue::Field(path) => json!({"valueFrom": {"fieldRef": {"fieldPath": path}}}),
        };
        set(&mut all, name, value);
    }
    let taken = |name: &str| role.env.iter().any(|(own, _)| own == name);
    for (name, text) in holes.resolved.env.iter().filter(|(name, _)| !taken(name)) {
        set(&mut all, name, json!({"value": literal(text)}));
    }
    for (name, secret) in holes.resolved.secret_env.iter().filter(|(name, _)| !taken(name)) {
        let key = json!({"name": secret.name, "key": secret.key});
        set(&mut all, name, json!({"valueFrom": {"secretKeyRef": key}}));
    }
    all
}

/// Sets a variable; one name is one variable.
pub(super) fn set(env: &mut Vec<Value>, name: &str, mut value: Value) {
    env.retain(|variable| variable.get("name").and_then(Value::as_str) != Some(name));
    put(&mut value, "name", name.into());
    env.push(value);
}

/// Requests and limits are the same: a worker gets what its size says, no more, no less.
fn resources(holes: &Holes<'_>, role: &Role) -> Value {
    let of = role.resources.as_ref().unwrap_or(&holes.sized.size.worker);
    let mut all = Map::new();
    if of.cpu_millis > 0 {
        all.insert("cpu".into(), quantity::write_cpu(of.cpu_millis).into());
    }
    if of.memory_bytes > 0 {
        all.insert("memory".into(), quantity::write_bytes(of.memory_bytes).into());
    }
    for (name, count) in of.extended.iter().filter(|(_, count)| **count > 0) {
        all.insert(name.clone(), count.to_string().into());
    }
    json!({"requests": all, "limits": all})
}
