//! Every reason that the platform gives has a cure in `docs/cures.yaml`, and every cure a
//! reason. Which reasons there are is read out of the code and out of tested answers.

use std::collections::{BTreeMap, BTreeSet};

use codeflare_api::Reason;
use syn::visit::Visit;

use crate::{files, read as text_of};

/// `docs/cures.yaml`: by reason, what to do.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cures {
    /// Reasons of Runs and Applications; their meaning is in the code.
    pub(crate) runs: BTreeMap<String, String>,
    /// What keeps pods from running.
    pub(crate) pods: BTreeMap<String, Cure>,
    /// What our launchers and policies say.
    pub(crate) launchers: BTreeMap<String, Cure>,
    /// What makes a plugin fail, or not serve.
    pub(crate) plugins: BTreeMap<String, Cure>,
}

/// What one reason means, and what to do.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cure {
    /// Empty where the code says it.
    #[serde(default)]
    pub(crate) means: String,
    pub(crate) cure: String,
}

/// Words in the sources of plugins that are no reasons: conditions and reasons of others
/// that they read, kinds, container states.
const OF_OTHERS: [&str; 13] = [
    "AppFailed",
    "BackoffLimitExceeded",
    "ContainerCannotRun",
    "ContainerCreating",
    "FailedJobs",
    "FailureTarget",
    "JobSet",
    "PodInitializing",
    "RayJob",
    "ReachedMaxRestarts",
    "StartError",
    "SuccessCriteriaMet",
    "TrainJob",
];
/// Kinds and words of a good end, in the sources.
const GOOD: [&str; 5] = ["DigestMatches", "SettingsFit", "SettingsValid", "TrainingRuntime", "SignatureMatches"];

pub(crate) fn read() -> Cures {
    serde_saphyr::from_str(&text_of("docs/cures.yaml")).unwrap_or_else(|error| panic!("docs/cures.yaml: {error}"))
}

/// Reasons of the engine and of registries with the messages that they give them.
pub(crate) fn of_errors() -> BTreeMap<String, Vec<String>> {
    let mut errors = Errors::default();
    for path in ["host/engine/src/error.rs", "host/registry/src/error.rs"] {
        errors.visit_file(&syn::parse_file(&text_of(path)).unwrap());
    }
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (variant, reason) in errors.reasons {
        let says = errors.messages.get(&variant).unwrap_or_else(|| panic!("{variant} has no message"));
        let all = all.entry(reason).or_default();
        // One that only passes on what another says has nothing of its own to show.
        all.extend((says != "…").then(|| says.clone()));
    }
    all
}

/// Messages by variant, and reasons by variant, of `LoadError`, `CallError` and `PullError`.
#[derive(Default)]
struct Errors {
    messages: BTreeMap<String, String>,
    reasons: BTreeMap<String, String>,
}

impl<'ast> Visit<'ast> for Errors {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        for variant in &item.variants {
            let error = variant.attrs.iter().find(|attribute| attribute.path().is_ident("error"));
            let Some(syn::Meta::List(list)) = error.map(|error| &error.meta) else { continue };
            // The first token is the message; what follows are its arguments.
            let Some(message) = list.tokens.clone().into_iter().next() else { continue };
            let Ok(message) = syn::parse_str::<syn::LitStr>(&message.to_string()) else { continue };
            self.messages.insert(format!("{}::{}", item.ident, variant.ident), shown(&message.value()));
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let path = match &arm.pat {
            syn::Pat::Struct(pattern) => &pattern.path,
            syn::Pat::TupleStruct(pattern) => &pattern.path,
            syn::Pat::Path(pattern) => &pattern.path,
            _ => return,
        };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(reason), .. }) = &*arm.body else { return };
        let path: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.reasons.insert(path.join("::"), reason.value());
    }
}

/// A message with `…` where something is filled in.
fn shown(message: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for character in message.chars() {
        match character {
            '{' => {
                depth += 1;
                out.push('…');
            }
            '}' => depth -= 1,
            _ if depth == 0 => out.push(if character == '`' { '\'' } else { character }),
            _ => {}
        }
    }
    out
}

/// Text in the sources that may be a reason: two words or more in PascalCase.
#[derive(Default)]
struct Words(BTreeSet<String>);

impl<'ast> Visit<'ast> for Words {
    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        let text = text.value();
        let humps = text.chars().filter(char::is_ascii_uppercase).count();
        let pascal = text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(char::is_alphanumeric)
            && !text.chars().zip(text.chars().skip(1)).any(|(a, b)| a.is_ascii_uppercase() && b.is_ascii_uppercase());
        if pascal && humps > 1 {
            self.0.insert(text);
        }
    }
}

fn words(paths: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut words = Words::default();
    for path in paths {
        words.visit_file(&syn::parse_file(&text_of(&path)).unwrap_or_else(|error| panic!("{path}: {error}")));
    }
    words.0.into_iter().filter(|word| !OF_OTHERS.contains(&word.as_str()) && !GOOD.contains(&word.as_str())).collect()
}

/// Reasons in the answers that plugins gave in their tests.
fn answered() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for path in files("plugins", ".snap") {
        for line in text_of(&path).lines() {
            let words: Vec<_> = line.trim().trim_end_matches(',').split_whitespace().collect();
            if let [key, word] = words.as_slice()
                && matches!(*key, "\"reason\":" | "\"cause\":" | "\"code\":")
                && word.len() > 2
            {
                all.insert(word.trim_matches('"').to_owned());
            }
            let phases = ["Queued", "Starting", "Running", "Restarting", "Suspended", "Failed"];
            let said = words.windows(2).find(|pair| phases.contains(&pair[0]) && pair[1].ends_with(':'));
            all.extend(said.map(|pair| pair[1].trim_end_matches(':').to_owned()));
        }
    }
    all
}

fn compare<'a>(
    section: &str,
    said: BTreeSet<String>,
    cured: impl Iterator<Item = &'a String>,
    wrong: &mut Vec<String>,
) {
    let cured: BTreeSet<String> = cured.cloned().collect();
    let list = |all: Vec<&String>| all.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let missing: Vec<_> = said.difference(&cured).collect();
    if !missing.is_empty() {
        wrong.push(format!("docs/cures.yaml, {section}: no cure for {}", list(missing)));
    }
    let stale: Vec<_> = cured.difference(&said).collect();
    if !stale.is_empty() {
        wrong.push(format!("docs/cures.yaml, {section}: nobody says {}", list(stale)));
    }
}

#[test]
fn every_reason_has_a_cure() {
    let cures = read();
    let mut wrong = Vec::new();
    let runs = Reason::ALL.iter().map(|reason| reason.as_str().to_owned()).collect::<BTreeSet<_>>();
    compare("runs", runs.clone(), cures.runs.keys(), &mut wrong);
    let pods = troubles();
    compare("pods", pods.clone(), cures.pods.keys(), &mut wrong);
    let sources =
        files("plugins", ".rs").into_iter().filter(|path| path.contains("/src/") && !path.ends_with("testing.rs"));
    let elsewhere = |reason: &String| !runs.contains(reason) && !pods.contains(reason);
    let launchers = answered().into_iter().chain(words(sources)).filter(elsewhere).collect();
    compare("launchers", launchers, cures.launchers.keys(), &mut wrong);
    let catalog = files("host/controller/src", ".rs").into_iter().filter(|path| path.contains("/catalog"));
    let plugins = of_errors().into_keys().chain(words(catalog)).filter(|reason| !runs.contains(reason)).collect();
    compare("plugins", plugins, cures.plugins.keys(), &mut wrong);
    assert!(wrong.is_empty(), "{}\n(words that are no reasons: tests/docs/tests/docs/cures.rs)", wrong.join("\n"));
}

#[test]
fn a_cure_is_a_sentence_and_means_something() {
    let cures = read();
    let texts = cures.runs.iter().map(|(reason, cure)| (reason, cure, true));
    let known = of_errors();
    let others = cures.pods.iter().chain(&cures.launchers).chain(&cures.plugins);
    let others = others.map(|(reason, cure)| {
        (reason, &cure.cure, known.get(reason).is_some_and(|says| !says.is_empty()) || cure.means.trim().ends_with('.'))
    });
    for (reason, cure, means) in texts.chain(others) {
        assert!(cure.trim().ends_with('.') && means, "docs/cures.yaml: {reason} needs a whole sentence");
    }
}

/// What the diagnosis of pods can find.
fn troubles() -> BTreeSet<String> {
    let file = syn::parse_file(&text_of("host/plan/src/diagnose.rs")).unwrap();
    let trouble = file.items.iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == "Trouble" => Some(item),
        _ => None,
    });
    trouble.unwrap().variants.iter().map(|variant| variant.ident.to_string()).collect()
}
