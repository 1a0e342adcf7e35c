//! The host is killed at every mutating request of every life, before it arrives or
//! behind it but unanswered. Each attempt must have one primary, and the end must be that
//! of an undisturbed life.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use codeflare_api::Run;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use crate::lives::{self, Deed, Life};
use crate::proxy::{Fault, When};
use crate::world::{LOOK, PATIENCE, World};
use crate::{audit, kubelet};

/// How a life ended, without names, UIDs and times.
#[derive(Debug, PartialEq, Eq)]
struct End {
    run: Option<String>,
    jobs: usize,
    services: usize,
    records: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_any_request_ends_as_an_undisturbed_one() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let only = std::env::var("CODEFLARE_FAULTS_LIFE").ok();
    let mut points = 0;
    let mut wrong = Vec::new();
    println!("{:10} {:>8} {:>7} {:>8}  undisturbed", "life", "requests", "held", "seconds");
    for life in lives::all().into_iter().filter(|life| only.as_deref().is_none_or(|only| only == life.name)) {
        let start = Instant::now();
        let (expected, requests) =
            live(&world, &life, &format!("{}-calm", life.name), None).await.context(life.name)?;
        for at in 1..=requests.len() {
            for when in [When::Before, When::Unanswered] {
                let namespace =
                    format!("{}-{at}-{}", life.name, if when == When::Before { "before" } else { "unanswered" });
                match live(&world, &life, &namespace, Some(Fault { at, when })).await {
                    // How often the status is written varies by a patch or two: a life that
                    // was over before its fault came is no point.
                    Ok(_) if !world.proxy.struck() => {}
                    Ok((end, _)) if end == expected => points += 1,
                    Ok((end, _)) => {
                        wrong.push(format!("{namespace} ({}): {end:?}, not {expected:?}", requests[at - 1]))
                    }
                    Err(error) => wrong.push(format!("{namespace} ({}): {error:#}", requests[at - 1])),
                }
            }
        }
        println!("{:10} {:>8} {points:>7} {:>8}  {expected:?}", life.name, requests.len(), start.elapsed().as_secs());
    }
    println!("{points} points held, {} did not", wrong.len());
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(only.is_some() || points >= 40, "only {points} points; at least 40 are wanted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_bring_a_run_into_being_and_at_most_six_carry_it_to_its_end() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let life = lives::all().into_iter().find(|life| life.name == "success").context("no such life")?;
    let (_, requests) = live(&world, &life, "requests", None).await?;
    println!("{}", requests.join("\n"));
    let posts: Vec<_> = requests.iter().take(2).map(|request| request.rsplit('/').next().unwrap_or_default()).collect();
    ensure!(posts == ["configmaps", "jobs"], "record and primary come first: {requests:?}");
    ensure!(requests.len() <= 6, "{} requests", requests.len());
    Ok(())
}

/// Lives a life with or without a fault: how it ended, and the requests it took.
async fn live(world: &World, life: &Life, namespace: &str, fault: Option<Fault>) -> Result<(End, Vec<String>)> {
    let namespace = &world.fresh(namespace);
    world.namespace(namespace).await?;
    world.application(namespace).await?;
    world.proxy.begin(namespace, fault);
    world.run(namespace, "run", life.spec.clone()).await?;
    let mut done = 0;
    let start = Instant::now();
    loop {
        world.host.ensure().await?;
        let run = world.runs(namespace).get_opt("run").await?;
        if let Some(run) = &run {
            kubelet::look(&world.client, namespace, |_, attempt| (life.exit)(run, attempt, done)).await?;
            done += u32::from(user(world, namespace, (life.user)(run, done)).await?);
        }
        let end = end(world, namespace, run.as_ref()).await?;
        if (life.over)(run.as_ref(), end.jobs + end.services) {
            return settled(world, life, namespace).await;
        }
        if start.elapsed() > PATIENCE {
            bail!("not over within {PATIENCE:?}: {end:?}, {run:#?}\nhost: {}", world.host.last_words());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What stands at the end, once the host has nothing more to do, and what the audit log
/// says of the way there.
async fn settled(world: &World, life: &Life, namespace: &str) -> Result<(End, Vec<String>)> {
    let run = world.runs(namespace).get_opt("run").await?;
    let end = end(world, namespace, run.as_ref()).await?;
    let requests = world.proxy.requests();
    let created = audit::primaries(&world.audit, namespace)?;
    ensure!(created.len() == life.attempts, "{} attempts were expected: {created:?}", life.attempts);
    ensure!(created.values().all(|times| *times == 1), "a primary was created more than once: {created:?}");
    Api::<Namespace>::all(world.client.clone()).delete(namespace, &DeleteParams::default()).await?;
    Ok((end, requests))
}

/// Whether something was done.
async fn user(world: &World, namespace: &str, deed: Deed) -> Result<bool> {
    let runs = world.runs(namespace);
    match deed {
        Deed::Nothing => return Ok(false),
        Deed::Suspend(suspend) => {
            let patch = Patch::Merge(json!({"spec": {"suspend": suspend}}));
            runs.patch("run", &PatchParams::default(), &patch).await?;
        }
        Deed::Delete => {
            runs.delete("run", &DeleteParams::background()).await?;
        }
    }
    Ok(true)
}

async fn end(world: &World, namespace: &str, run: Option<&Run>) -> Result<End> {
    let ours = ListParams::default().labels("codeflare.dev/run-uid");
    let jobs = Api::<Job>::namespaced(world.client.clone(), namespace).list_metadata(&ours).await?;
    let services = Api::<Service>::namespaced(world.client.clone(), namespace).list_metadata(&ours).await?;
    let records = Api::<ConfigMap>::namespaced(world.client.clone(), namespace).list_metadata(&ours).await?;
    Ok(End {
        run: run.map(|run| {
            let status = run.status.clone().unwrap_or_default();
            let conditions: Vec<_> =
                status.conditions.iter().map(|one| format!("{}={}", one.type_, one.status)).collect();
            let attempt = status.launch.map_or(0, |launch| launch.attempt);
            let exit = status.exit.and_then(|exit| exit.code);
            format!("{:?} {:?} attempt {attempt} exit {exit:?} {}", status.phase, status.reason, conditions.join(" "))
        }),
        jobs: jobs.items.len(),
        services: services.items.len(),
        // Those of a deleted Run go when the garbage collector comes to them.
        records: if run.is_some() { records.items.len() } else { 0 },
    })
}
