//! `codeflare plan`: steps 2 to 5 of the path of a Run, offline, with the code and the
//! plugins of the cluster.

mod catalog;
mod draft;
mod print;
mod read;
mod replay;
mod strict;

use std::collections::BTreeMap;

use codeflare_api::run::Priority;
use codeflare_api::{Application, ConditionType, Reason};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::sizing::Usage;
use codeflare_plan::lock::Ceiling;
use codeflare_plan::resolve::wants_usage;
use codeflare_plan::seen::{FetchedSource, Seen, SeenSource, Site};
use codeflare_plan::stop::Problem;

use crate::args::PlanArgs;
use crate::{Failure, output};
use catalog::Catalog;
use read::{Documents, Found};

/// Values of the chart: its sizes hold where the files have none.
const VALUES: &str = include_str!("../../../charts/codeflare-platform/values.yaml");

/// Plans what the files say, or replays a record.
pub(crate) fn run(args: &PlanArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::one(format!("failed to start: {error}")))?;
    runtime.block_on(async {
        match &args.record {
            Some(record) => replay::replay(args, record).await,
            None => plan(args).await,
        }
    })
}

async fn plan(args: &PlanArgs) -> Result<(), Failure> {
    let ceiling = crate::ceiling::read(args.grant_ceiling.as_deref())?;
    let kinds = kinds(&args.kinds, &ceiling)?;
    let (mut documents, mut errors) = read::read(&args.file, &args.namespace);
    if documents.configurations.is_empty() {
        documents.configurations.push(shipped_sizes()?);
    }
    documents.configurations.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let runs: Vec<_> = std::mem::take(&mut documents.runs)
        .into_iter()
        .filter(|found| args.run.is_none() || found.object.metadata.name == args.run)
        .filter(|found| documents.can_judge(&found.object))
        .collect();
    // With errors in the files, a missing Run may be one of those.
    if runs.is_empty() && errors.is_empty() {
        errors.push(match &args.run {
            Some(name) => format!("--run {name}: the files have no such Run"),
            None => "the files have no Run; add one, or name its file with -f".to_owned(),
        });
    }
    if runs.is_empty() {
        return Err(Failure::Errors(errors));
    }
    let catalog = Catalog::open(args, &documents).await?;
    let site = Site {
        user: args.user,
        pod_security: args.pod_security.into(),
        priority_classes: shipped_priorities()?,
        image: args.image.clone(),
        ..Site::default()
    };
    let mut plans = Vec::new();
    for found in runs {
        let seen = seen(&documents, &catalog, (&kinds, &ceiling), &site, &found);
        match draft::draft(&catalog, seen, 1).await {
            Ok(record) => plans.push(record),
            Err(stop) => errors.extend(stop.problems.iter().map(|problem| line(&documents, &found.place, problem))),
        }
    }
    if errors.is_empty() { output::data(&print::print(&plans, args.output)?) } else { Err(Failure::Errors(errors)) }
}

/// What a decision has to go on: what `gather` takes from the stores of the cluster.
fn seen(
    documents: &Documents,
    catalog: &Catalog,
    (kinds, ceiling): (&[EmittedKind], &Ceiling),
    site: &Site,
    run: &Found,
) -> Seen {
    let mut run = run.object.clone();
    run.status = None;
    run.metadata.annotations = None;
    let namespace = run.metadata.namespace.clone();
    let of = run.spec.application.namespace.clone().or(namespace);
    let application = documents.applications.iter().find(|application| {
        application.metadata.name.as_ref() == Some(&run.spec.application.name) && application.metadata.namespace == of
    });
    let namespace_labels = documents.namespace_labels(run.metadata.namespace.as_deref().unwrap_or_default());
    Seen {
        application: application.cloned(),
        configurations: documents.configurations.clone(),
        served: catalog.declared().into_iter().filter(|kind| kinds.contains(kind)).collect(),
        ceiling: ceiling.clone(),
        // Offline nobody says whose the objects of a kind are.
        cluster_scoped: Vec::new(),
        plugins: catalog.seen.clone(),
        // Offline nothing else runs: a budget has all of its room.
        usage: wants_usage(&catalog.seen, &namespace_labels).then(Usage::default),
        namespace_labels,
        // The chart brings those that it names.
        priority_classes: site.priority_classes.values().cloned().collect(),
        site: site.clone(),
        source: application.and_then(source),
        run,
    }
}

/// Offline nobody looks a commit up: the plan says so where the commit would be.
fn source(application: &Application) -> Option<SeenSource> {
    let place = codeflare_plan::source::place(application).ok()??;
    Some(SeenSource::Fetched(FetchedSource::unresolved(&place)))
}

/// An error where its object is in the files.
fn line(documents: &Documents, run_place: &str, problem: &Problem) -> String {
    let place = documents.places.get(&problem.fault.object).map_or(run_place, String::as_str);
    format!("{place}: {}", problem.line())
}

fn kinds(names: &[String], ceiling: &Ceiling) -> Result<Vec<EmittedKind>, Failure> {
    if names.is_empty() {
        return Ok(codeflare_plan::lock::kinds().into_iter().chain(ceiling.kinds()).collect());
    }
    names.iter().map(|name| kind(name)).collect()
}

/// `batch/v1/Job`, `v1/Service`.
fn kind(name: &str) -> Result<EmittedKind, Failure> {
    let parts: Vec<_> = name.trim().split('/').collect();
    let (group, version, kind) = match parts.as_slice() {
        [version, kind] => ("", *version, *kind),
        [group, version, kind] => (*group, *version, *kind),
        _ => {
            return Err(Failure::Usage(format!(
                "--kinds {name}: expected GROUP/VERSION/KIND, such as batch/v1/Job, or v1/Service"
            )));
        }
    };
    Ok(EmittedKind { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() })
}

/// Values of the chart.
fn values() -> Result<serde_json::Value, Failure> {
    serde_saphyr::from_str(VALUES).map_err(|error| Failure::one(format!("the chart's values: {error}")))
}

/// Whether the chart leaves a plugin of its own out unless it is told otherwise; `name` is
/// that of the file, such as `sizing-policy`.
fn left_out(name: &str) -> Result<bool, Failure> {
    let values = values()?;
    let plugins = values.get("plugins").and_then(serde_json::Value::as_object);
    // A value's name is the file's in camel case.
    let plugin = plugins.into_iter().flatten().find(|(key, _)| key.to_lowercase() == name.replace('-', ""));
    Ok(plugin.is_some_and(|(_, plugin)| plugin.get("enabled") == Some(&false.into())))
}

/// The RunSizeConfiguration that the chart ships.
fn shipped_sizes() -> Result<codeflare_api::RunSizeConfiguration, Failure> {
    let values = values()?;
    let sizes = values.get("sizes").cloned().unwrap_or_default();
    serde_json::from_value(serde_json::json!({
        "apiVersion": "codeflare.dev/v1alpha1",
        "kind": "RunSizeConfiguration",
        "metadata": {"name": "codeflare-default"},
        "spec": {"priority": sizes.get("priority"), "config": sizes.get("config")},
    }))
    .map_err(|error| Failure::one(format!("the chart's sizes: {error}")))
}

/// PriorityClasses that the chart names.
fn shipped_priorities() -> Result<BTreeMap<Priority, String>, Failure> {
    let values = values()?;
    let named = |priority: Priority| {
        let name = values.pointer("/runs/priorityClasses")?.get(priority.as_str())?.as_str()?;
        Some((priority, name.to_owned()))
    };
    Ok(Priority::ALL.into_iter().filter_map(named).collect())
}

/// What it means that a plugin failed.
fn plugin_failed(name: &str, message: String) -> Problem {
    Problem::new(Reason::PluginFailed, format!("Plugin/{name}"), "", message)
}

/// The step that a call belongs to.
fn step(request: &codeflare_documents::call::Request) -> ConditionType {
    match request {
        codeflare_documents::call::Request::Decide { .. } => ConditionType::Sized,
        _ => ConditionType::Planned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_ships_sizes_that_every_host_can_read() {
        let sizes = shipped_sizes().expect("should read the chart's sizes");
        assert_eq!(sizes.spec.config.keys().collect::<Vec<_>>(), ["lg", "md", "sm", "xl", "xs", "xxl"]);
        assert_eq!(sizes.spec.priority, 100);
    }

    #[test]
    fn the_chart_names_a_class_for_each_priority() {
        let classes = shipped_priorities().expect("should read the chart's values");
        assert_eq!(classes.into_values().collect::<Vec<_>>(), ["codeflare-low", "codeflare-normal", "codeflare-high"]);
    }

    #[test]
    fn a_folder_serves_as_the_chart_installs_it() {
        for (name, out) in [("job", false), ("sizing-policy", false), ("budget", true), ("of-others", false)] {
            assert_eq!(left_out(name).expect("should read the chart's values"), out, "{name}");
        }
    }

    #[test]
    fn the_chart_names_the_image_that_is_planned_with() {
        let values: serde_json::Value = serde_saphyr::from_str(VALUES).expect("should read the chart's values");
        let image = &values["host"]["image"];
        // An empty tag is the version.
        assert_eq!(image["tag"], "");
        assert_eq!(image["repository"], crate::args::IMAGE.rsplit_once(':').expect("should have a tag").0);
    }

    #[test]
    fn a_kind_has_two_or_three_parts() {
        assert_eq!(kind("v1/Service").expect("should be a kind").api_version(), "v1");
        assert_eq!(kind("batch/v1/Job").expect("should be a kind").api_version(), "batch/v1");
        assert!(kind("Job").is_err());
    }
}
