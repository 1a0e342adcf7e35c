//! The restricted Pod Security Standard, written down a second time: which controls there
//! are, how a pod breaks each, and which of them a pod breaks
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Lists of containers of a pod.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// Volumes that may be there.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
/// Volumes that may not.
const FORBIDDEN_VOLUMES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];
/// Sysctls that are safe.
const SYSCTLS: [&str; 11] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
];

/// A way to break a control: its name, a JSON pointer into the pod template, what stands
/// there; null takes away what stood there.
pub type Way = (&'static str, String, Value);

/// Every way to break every control, for a template that has one container.
pub fn ways() -> Vec<Way> {
    let mut all: Vec<Way> = Vec::new();
    let mut pod = |control, at: &str, value| all.push((control, format!("/spec/{at}"), value));
    pod("HostProcess", "securityContext/windowsOptions", json!({"hostProcess": true}));
    for namespace in ["hostNetwork", "hostPID", "hostIPC"] {
        pod("Host namespaces", namespace, json!(true));
    }
    pod("AppArmor", "securityContext/appArmorProfile", json!({"type": "Unconfined"}));
    pod("SELinux", "securityContext/seLinuxOptions", json!({"type": "spc_t"}));
    pod("SELinux", "securityContext/seLinuxOptions", json!({"user": "root"}));
    pod("SELinux", "securityContext/seLinuxOptions", json!({"role": "sysadm_r"}));
    pod("Seccomp", "securityContext/seccompProfile", json!({"type": "Unconfined"}));
    pod("Seccomp", "securityContext/seccompProfile", Value::Null);
    pod("Sysctls", "securityContext/sysctls", json!([{"name": "kernel.msgmax", "value": "65536"}]));
    pod("Running as non-root", "securityContext/runAsNonRoot", json!(false));
    pod("Running as non-root", "securityContext/runAsNonRoot", Value::Null);
    pod("Running as non-root user", "securityContext/runAsUser", json!(0));
    for volume in FORBIDDEN_VOLUMES {
        let control = if volume == "hostPath" { "HostPath volumes" } else { "Volume types" };
        pod(control, "volumes", json!([{"name": "a", volume: {"path": "/", "server": "a", "image": "a"}}]));
    }
    let annotation = json!({"container.apparmor.security.beta.kubernetes.io/a": "unconfined"});
    all.push(("AppArmor", "/metadata/annotations".to_owned(), annotation));
    for list in CONTAINERS {
        let mut container = |control, at: &str, value| all.push((control, format!("/spec/{list}/0/{at}"), value));
        container("HostProcess", "securityContext/windowsOptions", json!({"hostProcess": true}));
        container("Privileged containers", "securityContext/privileged", json!(true));
        container("Capabilities", "securityContext/capabilities", json!({"drop": ["ALL"], "add": ["SYS_ADMIN"]}));
        container("Capabilities", "securityContext/capabilities", json!({"drop": ["ALL"], "add": ["NET_RAW"]}));
        container("Capabilities", "securityContext/capabilities", json!({"drop": ["NET_RAW"]}));
        container("Capabilities", "securityContext/capabilities", Value::Null);
        container("Host ports", "ports", json!([{"containerPort": 80, "hostPort": 80}]));
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            container("Host probes", probe, json!({"httpGet": {"host": "169.254.169.254", "port": 80}}));
            container("Host probes", probe, json!({"tcpSocket": {"host": "10.0.0.1", "port": 22}}));
        }
        for hook in ["postStart", "preStop"] {
            container("Host probes", "lifecycle", json!({hook: {"httpGet": {"host": "example.com", "port": 80}}}));
            container("Host probes", "lifecycle", json!({hook: {"tcpSocket": {"host": "example.com", "port": 80}}}));
        }
        container("AppArmor", "securityContext/appArmorProfile", json!({"type": "Unconfined"}));
        container("SELinux", "securityContext/seLinuxOptions", json!({"type": "spc_t", "level": "s0"}));
        container("/proc mount type", "securityContext/procMount", json!("Unmasked"));
        container("Seccomp", "securityContext/seccompProfile", json!({"type": "Unconfined"}));
        container("Privilege escalation", "securityContext/allowPrivilegeEscalation", json!(true));
        container("Privilege escalation", "securityContext/allowPrivilegeEscalation", Value::Null);
        container("Running as non-root", "securityContext/runAsNonRoot", json!(false));
        container("Running as non-root user", "securityContext/runAsUser", json!(0));
    }
    all
}

/// A template that breaks a control as the way says. A list of containers that it has not
/// gets a copy of its first one.
pub fn broken(template: &Value, (_, pointer, value): &Way) -> Value {
    let mut broken = template.clone();
    let first = template["spec"]["containers"][0].clone();
    for list in CONTAINERS {
        if pointer.starts_with(&format!("/spec/{list}/")) && broken["spec"].get(list).is_none() {
            broken["spec"][list] = json!([first]);
        }
    }
    let (parent, last) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let mut here = &mut broken;
    for step in parent.split('/').skip(1) {
        here = match step.parse::<usize>() {
            Ok(index) => &mut here[index],
            Err(_) => &mut here[step],
        };
    }
    match value {
        Value::Null => drop(here.as_object_mut().map(|members| members.remove(last))),
        value => here[last] = value.clone(),
    }
    broken
}

/// Controls that a pod template breaks.
pub fn violations(template: &Value) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let spec = &template["spec"];
    let context = &spec["securityContext"];
    let mut breaks = |control, broken: bool| {
        if broken {
            found.insert(control);
        }
    };
    let yes = |value: &Value| *value == json!(true);
    breaks("Host namespaces", ["hostNetwork", "hostPID", "hostIPC"].iter().any(|name| yes(&spec[*name])));
    let annotations = template["metadata"]["annotations"].as_object().into_iter().flatten();
    let unconfined = |(name, value): (&String, &Value)| {
        name.starts_with("container.apparmor.security.beta.kubernetes.io/") && *value == json!("unconfined")
    };
    breaks("AppArmor", annotations.into_iter().any(unconfined));
    let sysctls = context["sysctls"].as_array().into_iter().flatten();
    breaks("Sysctls", sysctls.into_iter().any(|one| !SYSCTLS.iter().any(|safe| one["name"] == **safe)));
    for volume in spec["volumes"].as_array().into_iter().flatten() {
        let kinds: Vec<_> = volume.as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
        breaks("HostPath volumes", kinds.contains(&"hostPath"));
        breaks(
            "Volume types",
            kinds.iter().any(|kind| !matches!(*kind, "name" | "hostPath") && !VOLUMES.contains(kind)),
        );
    }
    of_context(context, &mut breaks);
    let containers: Vec<_> = CONTAINERS.iter().flat_map(|list| spec[*list].as_array().into_iter().flatten()).collect();
    breaks("a container", containers.is_empty());
    for container in containers {
        let own = &container["securityContext"];
        of_context(own, &mut breaks);
        breaks("Privileged containers", yes(&own["privileged"]));
        let capabilities = &own["capabilities"];
        let list = |name: &str| capabilities[name].as_array().cloned().unwrap_or_default();
        let added = list("add").iter().any(|one| *one != json!("NET_BIND_SERVICE"));
        breaks("Capabilities", added || !list("drop").contains(&json!("ALL")));
        let ports = container["ports"].as_array().into_iter().flatten();
        breaks("Host ports", ports.into_iter().any(|port| !matches!(port["hostPort"].as_u64(), None | Some(0))));
        let hooks = [&container["lifecycle"]["postStart"], &container["lifecycle"]["preStop"]];
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| &container[probe]);
        let elsewhere = |one: &Value| ["httpGet", "tcpSocket"].iter().any(|how| !is_empty(&one[*how]["host"]));
        breaks("Host probes", hooks.into_iter().chain(probes).any(elsewhere));
        breaks("/proc mount type", !matches!(own["procMount"].as_str(), None | Some("Default")));
        breaks("Privilege escalation", own["allowPrivilegeEscalation"] != json!(false));
        let of = |name: &str| if own[name].is_null() { &context[name] } else { &own[name] };
        breaks("Running as non-root", *of("runAsNonRoot") != json!(true));
        let seccomp = of("seccompProfile")["type"].as_str();
        breaks("Seccomp", !matches!(seccomp, Some("RuntimeDefault" | "Localhost")));
    }
    found
}

fn is_empty(value: &Value) -> bool {
    value.as_str().is_none_or(str::is_empty)
}

/// What the security contexts of pod and container have in common.
fn of_context(context: &Value, breaks: &mut impl FnMut(&'static str, bool)) {
    breaks("HostProcess", context["windowsOptions"]["hostProcess"] == json!(true));
    breaks("Running as non-root user", context["runAsUser"] == json!(0));
    let armor = context["appArmorProfile"]["type"].as_str();
    breaks("AppArmor", !matches!(armor, None | Some("RuntimeDefault" | "Localhost")));
    let linux = &context["seLinuxOptions"];
    let kinds = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let kind = linux["type"].as_str().is_none_or(|kind| kind.is_empty() || kinds.contains(&kind));
    breaks("SELinux", !kind || !is_empty(&linux["user"]) || !is_empty(&linux["role"]));
    breaks("Seccomp", context["seccompProfile"]["type"] == json!("Unconfined"));
}
