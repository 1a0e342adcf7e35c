//! The RunSizeConfigurations that hold for a Run: those whose selector fits its namespace.
//! Pure.

use codeflare_api::size::TeeShirt as Shirt;
use codeflare_api::{ConditionType, Reason, RunSizeConfiguration, quantity, selector};
use codeflare_documents::sizing::{Configuration, TeeShirt};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::seen::Seen;
use crate::stop::{Problem, Stop};

/// `RunSizeConfiguration/name`, as faults and choices name it.
pub(crate) fn label(object: &RunSizeConfiguration) -> String {
    format!("RunSizeConfiguration/{}", object.metadata.name.as_deref().unwrap_or_default())
}

/// Those that hold for the Run's namespace.
///
/// # Errors
/// With every selector that means nothing: a ceiling is never skipped.
pub(crate) fn holding(seen: &Seen) -> Result<Vec<&RunSizeConfiguration>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for object in &seen.configurations {
        let fits = object.spec.namespace_selector.as_ref().map(|one| selector::fits(one, &seen.namespace_labels));
        match fits.unwrap_or(Ok(true)) {
            Ok(true) => all.push(object),
            Ok(false) => {}
            Err(error) => {
                let pointer = format!("/spec/namespaceSelector/matchExpressions/{}", error.index);
                problems.push(Problem::new(Reason::FieldInvalid, label(object), pointer, error.why));
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The tee shirt that a name means: of those that define it the one with the lowest
/// priority, then name.
pub(crate) fn tee_shirt<'a>(
    holding: &[&'a RunSizeConfiguration],
    name: &str,
) -> Option<(&'a RunSizeConfiguration, &'a Shirt)> {
    let defining = holding.iter().filter_map(|object| Some((*object, object.spec.config.get(name)?)));
    defining.min_by_key(|(object, _)| (object.spec.priority, object.metadata.name.as_deref().unwrap_or_default()))
}

/// The configurations as policies see them.
///
/// # Errors
/// With every quantity that cannot be counted with, and every selector that means nothing.
pub(super) fn documents(seen: &Seen) -> Result<Vec<Configuration>, Stop> {
    let mut problems = Vec::new();
    let holding = holding(seen).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let all = holding.into_iter().map(|one| document(seen, one, &mut problems)).collect();
    if problems.is_empty() { Ok(all) } else { Err(Stop { step: ConditionType::Sized, problems }) }
}

/// Resource that counts the GPUs of a configuration.
pub(super) fn gpu_resource<'a>(seen: &'a Seen, object: &'a RunSizeConfiguration) -> &'a str {
    object.spec.gpu_resource.as_deref().unwrap_or(&seen.site.gpu_resource)
}

fn document(seen: &Seen, object: &RunSizeConfiguration, problems: &mut Vec<Problem>) -> Configuration {
    let mut sizes = std::collections::BTreeMap::new();
    for (size, shirt) in &object.spec.config {
        match counted(shirt) {
            Ok(shirt) => {
                sizes.insert(size.clone(), shirt);
            }
            Err((field, message)) => {
                let pointer = format!("/spec/config/{size}/{field}");
                problems.push(Problem::new(Reason::FieldInvalid, label(object), pointer, message));
            }
        }
    }
    Configuration {
        name: object.metadata.name.clone().unwrap_or_default(),
        priority: object.spec.priority,
        gpu_resource: gpu_resource(seen, object).to_owned(),
        sizes,
    }
}

fn counted(shirt: &Shirt) -> Result<TeeShirt, (&'static str, String)> {
    Ok(TeeShirt {
        workers: shirt.workers,
        cpu_millis: cpu_millis(&shirt.cpu).map_err(|error| ("cpu", error.to_string()))?,
        memory_bytes: quantity::bytes(&shirt.memory.0).map_err(|error| ("memory", error.to_string()))?,
        gpu: u64::from(shirt.gpu),
    })
}

/// Thousandths of a core, of a number or a text.
pub(super) fn cpu_millis(cpu: &IntOrString) -> Result<u64, quantity::NotAQuantity> {
    match cpu {
        IntOrString::Int(cores) => quantity::cpu_millis(&cores.to_string()),
        IntOrString::String(text) => quantity::cpu_millis(text),
    }
}
