//! Plays the kubelet: pods run when they appear, and end as a script says.

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

/// Looks once at the pods of a namespace. `exit` says with which code those of a Run and an
/// attempt end now; none lets them run.
pub(crate) async fn look(client: &Client, namespace: &str, exit: impl Fn(&str, u32) -> Option<i32>) -> Result<()> {
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    for pod in api.list(&ListParams::default()).await? {
        if pod.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let attempt = pod.labels().get("codeflare.dev/attempt").and_then(|text| text.parse().ok()).unwrap_or(0);
        let run = pod.labels().get("codeflare.dev/run").cloned().unwrap_or_default();
        let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
        let status = match (phase.as_str(), exit(&run, attempt)) {
            ("Pending", _) => running(),
            ("Running", Some(code)) => ended(code),
            _ => continue,
        };
        let patch = Patch::Strategic(json!({"status": status}));
        match api.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await {
            Ok(_) => {}
            // It went while we looked.
            Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn running() -> Value {
    json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [container(true, json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}))],
    })
}

fn ended(code: i32) -> Value {
    let reason = if code == 0 { "Completed" } else { "Error" };
    let terminated = json!({
        "exitCode": code, "reason": reason, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z",
    });
    json!({
        "phase": if code == 0 { "Succeeded" } else { "Failed" },
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [container(false, json!({"running": null, "terminated": terminated}))],
    })
}

fn container(ready: bool, state: Value) -> Value {
    json!({"name": "worker", "image": "none", "imageID": "", "ready": ready, "restartCount": 0, "state": state})
}
