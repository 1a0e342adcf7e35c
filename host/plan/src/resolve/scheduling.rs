//! Where the pods may run: what Run, Application and size say of it, as one. Pure.

use std::collections::BTreeMap;

use codeflare_api::{Application, Scheduling};
use codeflare_documents::shared::Choice;
use serde_json::{Value, json};

use super::{label, run_label};
use crate::seen::Seen;

/// The scheduling that holds, and each choice that overruled somebody. `of_size` is what the
/// size says, with the object that says it.
pub(super) fn scheduling(
    seen: &Seen,
    application: &Application,
    of_size: Option<(String, &Scheduling)>,
) -> (Scheduling, Vec<Choice>) {
    let run = seen.run.spec.scheduling.as_ref().map(|one| (run_label(seen), one));
    let own = application.spec.scheduling.as_ref().map(|one| (label(application), one));
    // Who has the last word comes first.
    let chain: Vec<_> = [run, own, of_size].into_iter().flatten().collect();
    let mut choices = Vec::new();
    let scheduling = Scheduling {
        node_selector: node_selector(&chain, &mut choices),
        tolerations: chain.iter().flat_map(|(_, one)| &one.tolerations).fold(Vec::new(), |mut all, one| {
            if !all.contains(one) {
                all.push(one.clone());
            }
            all
        }),
        affinity: chain.iter().find_map(|(_, one)| one.affinity.clone()),
    };
    let affinities: Vec<_> =
        chain.iter().filter_map(|(who, one)| Some((who.as_str(), json!(one.affinity.as_ref()?)))).collect();
    choices.extend(choice("scheduling.affinity", affinities));
    (scheduling, choices)
}

type Link<'a> = (String, &'a Scheduling);

fn node_selector(chain: &[Link<'_>], choices: &mut Vec<Choice>) -> BTreeMap<String, String> {
    let mut said: BTreeMap<&String, Vec<(&str, Value)>> = BTreeMap::new();
    for (who, one) in chain {
        for (name, value) in &one.node_selector {
            said.entry(name).or_default().push((who, value.as_str().into()));
        }
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first = |all: &Vec<(&str, Value)>| all.first().map(|(_, value)| text(value)).unwrap_or_default();
    let selector = said.iter().map(|(name, all)| ((*name).clone(), first(all))).collect();
    choices.extend(said.into_iter().filter_map(|(name, all)| choice(&format!("scheduling.nodeSelector.{name}"), all)));
    selector
}

/// A choice where the first overrules others.
fn choice(field: &str, said: Vec<(&str, Value)>) -> Option<Choice> {
    let mut said = said.into_iter();
    let (by, value) = said.next()?;
    let over: Vec<_> = said.filter(|(_, other)| *other != value).map(|(who, other)| (who.to_owned(), other)).collect();
    let why = "the Run's holds, then the Application's, then the size's".to_owned();
    (!over.is_empty()).then(|| Choice { field: field.to_owned(), value, by: by.to_owned(), why, over })
}
