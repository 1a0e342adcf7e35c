//! The password of a repository, looked for while pods run: it is nowhere but in its Secret
//! and in the host's memory.

use std::path::Path;

use anyhow::{Result, ensure};
use codeflare_e2e::canary::Search;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams, LogParams};

use crate::git::{PASSWORD, USER};
use crate::world::World;

/// Namespace of the host.
const HOST: &str = "codeflare-system";
/// Where the node of this machine keeps the volumes of pods.
const VOLUMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/cluster/data/kubelet/pods");

/// Looks in all objects and records, in the log of every container, in words and environment
/// of every process, in the host's metrics, and in names and contents of its cache.
pub(crate) async fn nowhere(world: &World) -> Result<()> {
    let mut search = Search::new(USER, PASSWORD);
    search.objects(&world.client).await?;
    search.processes()?;
    let all = Api::<Pod>::all(world.client.clone()).list(&ListParams::default()).await?;
    let mut containers = 0;
    for pod in &all {
        let of = pod.namespace().unwrap_or_default();
        let api = Api::<Pod>::namespaced(world.client.clone(), &of);
        let spec = pod.spec.clone().unwrap_or_default();
        let first = spec.init_containers.unwrap_or_default();
        for container in first.iter().chain(&spec.containers) {
            let params = LogParams { container: Some(container.name.clone()), ..LogParams::default() };
            // One that has not started has said nothing.
            let Ok(log) = api.logs(&pod.name_any(), &params).await else { continue };
            containers += 1;
            search.add(format!("the log of {of}/{} {}", pod.name_any(), container.name), log);
        }
    }
    ensure!(containers > 2, "no logs were read");
    let hosts = Api::<Pod>::namespaced(world.client.clone(), HOST);
    let hosts = hosts.list(&ListParams::default().labels("app.kubernetes.io/name=codeflare-host")).await?;
    ensure!(!hosts.items.is_empty(), "there is no host");
    // The one before an upgrade may be on its way out.
    for pod in hosts.items.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
        let path = format!("/api/v1/namespaces/{HOST}/pods/{}:8080/proxy/metrics", pod.name_any());
        let metrics = world.client.request_text(http::Request::get(path).body(Vec::new())?).await?;
        ensure!(metrics.contains("codeflare_source"), "these are no metrics of ours: {metrics}");
        search.add("metrics", metrics);
        // Another cluster's nodes are other machines.
        if Path::new(VOLUMES).exists() {
            let own = Path::new(VOLUMES).join(pod.uid().unwrap_or_default());
            search.files(&own.join("volumes/kubernetes.io~empty-dir"))?;
        }
    }
    println!("{}, and the logs of {containers} containers", search.nowhere()?);
    Ok(())
}
