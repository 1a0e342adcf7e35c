//! Whether a closed list holds together: what it names is on it, each rule can be reached,
//! and no hole can be filled where nobody looks.

use codeflare_api::labels;
use serde_json::Value;

use super::{Fields, Hole, Literal, Rule, Rules, is_key, is_label};

/// Most elements of a list: `places` looks at no more.
const MOST_ELEMENTS: usize = 64;
/// Most rules of a list.
const MOST_RULES: usize = 1024;
/// Most keys of labels, and of annotations.
const MOST_KEYS: usize = 32;

/// Everything that is wrong with a list, as `where: what`.
pub(crate) fn faults(list: &Fields) -> Vec<String> {
    let mut all = spellings(&list.fields);
    if list.fields.len() > MOST_RULES {
        all.push(format!("fields: {} paths; at most {MOST_RULES} are allowed", list.fields.len()));
    }
    for path in list.fields.keys() {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        if matches!(first, "apiVersion" | "kind" | "metadata" | "status") {
            all.push(format!("fields, {path}: `{first}` is the host's or the operator's, never a launcher's"));
        }
    }
    let listed = |path: &String| list.fields.contains_key(path);
    let wheres = list.required_where.iter();
    let named = list.required.iter().chain(wheres.flat_map(|one| std::iter::once(&one.path).chain(&one.required)));
    for path in named.filter(|path| !listed(path)) {
        all.push(format!("required, {path}: it is not among the fields"));
    }
    for one in list.required_where.iter().filter(|one| one.path.contains("[]")) {
        all.push(format!("requiredWhere, {}: a path through a list has no one value", one.path));
    }
    for (path, rule) in &list.fields {
        all.extend(of_rule(list, path, rule).into_iter().map(|fault| format!("fields, {path}: {fault}")));
    }
    for (member, keys) in [("labels", &list.labels), ("annotations", &list.annotations)] {
        if keys.len() > MOST_KEYS {
            all.push(format!("{member}: {} keys; at most {MOST_KEYS} are allowed", keys.len()));
        }
        all.extend(keys.iter().filter_map(|key| of_key(key).map(|fault| format!("{member}, {key}: {fault}"))));
    }
    all
}

/// Paths that nobody could follow.
fn spellings(rules: &Rules) -> Vec<String> {
    let mut all = Vec::new();
    for path in rules.keys() {
        let plain = |part: &str| {
            let name = part.strip_suffix("[]").unwrap_or(part);
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if !path.split('.').all(plain) {
            all.push(format!(
                "fields, {path}: expected names joined with dots, `[]` behind a list, such as spec.workers[].replicas"
            ));
        }
        for (at, _) in path.match_indices("[]") {
            let list = path.get(..at).unwrap_or_default();
            if !matches!(rules.get(list), Some(Rule::List(_))) {
                all.push(format!("fields, {path}: {list} must be there as a list, such as {{list: 16}}"));
            }
        }
        let parents = path.match_indices('.').filter_map(|(at, _)| path.get(..at));
        for parent in parents.filter(|parent| rules.contains_key(*parent)) {
            all.push(format!("fields, {path}: {parent} has a rule of its own, so that this one is never looked at"));
        }
    }
    all
}

fn of_rule(list: &Fields, path: &str, rule: &Rule) -> Vec<String> {
    let mut all = of_literal(rule);
    match rule {
        Rule::List(most) if !(1..=MOST_ELEMENTS).contains(most) => {
            all.push(format!("expected a list of 1 to {MOST_ELEMENTS} elements"));
        }
        Rule::Yaml { fields, .. } => {
            if path.contains("[]") {
                all.push("a YAML text cannot be in a list".to_owned());
            }
            all.extend(spellings(fields));
            for (inner, rule) in fields {
                if !is_literal(rule) && !matches!(rule, Rule::List(_)) {
                    all.push(format!("{inner}: inside of YAML only literals and lists of them can stand"));
                }
                all.extend(of_literal(rule).into_iter().map(|fault| format!("{inner}: {fault}")));
            }
        }
        Rule::Part { primary, supporting } => {
            for rule in [primary, supporting] {
                if !is_literal(rule) {
                    all.push("only literals can depend on what the object is".to_owned());
                }
                all.extend(of_literal(rule));
            }
        }
        Rule::Pod { counts, counts_if_there } => {
            for count in counts.iter().chain(counts_if_there) {
                if !matches!(list.fields.get(count), Some(Rule::Hole(Hole::Count))) {
                    all.push(format!("its count {count} must be among the fields as {{hole: count}}"));
                }
                let element = count.rsplit_once("[]").map_or("", |(element, _)| element);
                if !path.starts_with(element) {
                    all.push(format!("its count {count} is in another list"));
                }
            }
        }
        _ => {}
    }
    all
}

/// Whether what stands there is a value, and nothing that the host fills or reads.
fn is_literal(rule: &Rule) -> bool {
    match rule {
        Rule::Const(_) | Rule::Enum(_) | Rule::Integer(..) | Rule::Text(_) | Rule::LabelBut(_) => true,
        Rule::Type(literal) => *literal != Literal::Switch,
        _ => false,
    }
}

fn of_literal(rule: &Rule) -> Vec<String> {
    let wrong = match rule {
        Rule::Const(value) if has_hole(value) => "a constant cannot have a hole in it",
        Rule::Enum(values) if values.is_empty() || values.iter().any(has_hole) => {
            "expected at least one value, and none with a hole in it"
        }
        Rule::Integer(least, most) if least > most => "expected the smaller number first",
        Rule::Text(0) | Rule::Texts { most: 0, .. } | Rule::Texts { bytes: 0, .. } | Rule::Yaml { bytes: 0, .. } => {
            "expected room for at least one byte"
        }
        _ => return Vec::new(),
    };
    vec![wrong.to_owned()]
}

/// Whether a value would be filled, or has members that read like it.
fn has_hole(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| name.starts_with('$') || has_hole(member)),
        Value::Array(elements) => elements.iter().any(has_hole),
        _ => false,
    }
}

/// What is wrong with the key of a label or annotation.
fn of_key(key: &str) -> Option<&'static str> {
    let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
    let ours = labels::PREFIX.trim_end_matches('/');
    if prefix == ours
        || prefix.strip_suffix(ours).is_some_and(|before| before.ends_with('.'))
        || key == labels::MANAGED_BY
    {
        return Some("the host sets it, or it is the plugin's own anyway");
    }
    let domain = prefix.is_empty() && !key.contains('/') || prefix.len() <= 253 && prefix.split('.').all(is_label);
    (!domain || !is_key(name)).then_some("not a key that Kubernetes takes")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(fields: Value, more: Value) -> Fields {
        let mut all = json!({"group": "example.com", "version": "v1", "kind": "Widget", "fields": fields});
        for (name, value) in more.as_object().expect("should be an object") {
            all[name] = value.clone();
        }
        serde_json::from_value(all).expect("should be a list")
    }

    #[test]
    fn what_does_not_hold_together_is_named() {
        let pod = json!({"spec.n": {"hole": "count"}, "spec.t": {"pod": {"counts": ["spec.n"]}}});
        assert_eq!(faults(&list(pod, json!({"required": ["spec.t"], "labels": ["example.com/a", "b"]}))), [""; 0]);
        let rows = [
            (json!({"spec..a": {"integer": [0, 1]}}), json!({}), "spec..a: expected names"),
            (json!({"spec.a[].b": {"integer": [0, 1]}}), json!({}), "spec.a must be there as a list"),
            (json!({"a": {"text": 9}, "a.b": {"text": 9}}), json!({}), "a has a rule of its own"),
            (json!({"metadata.name": {"text": 9}}), json!({}), "`metadata` is the host's"),
            (json!({"status.a": {"text": 9}}), json!({}), "`status` is the host's"),
            (json!({"a": {"text": 9}}), json!({"required": ["b"]}), "required, b: it is not among the fields"),
            (
                json!({"a": {"list": 2}, "a[]": {"text": 9}}),
                json!({"requiredWhere": [{"path": "a[]", "is": 1, "required": ["a"]}]}),
                "a path through a list has no one value",
            ),
            (json!({"a": {"const": {"$pod": "worker"}}}), json!({}), "a constant cannot have a hole"),
            (json!({"a": {"enum": [[{"b": {"$name": ""}}]]}}), json!({}), "none with a hole"),
            (json!({"a": {"enum": []}}), json!({}), "at least one value"),
            (json!({"a": {"integer": [2, 1]}}), json!({}), "smaller number first"),
            (json!({"a": {"text": 0}}), json!({}), "at least one byte"),
            (json!({"a": {"list": 65}}), json!({}), "1 to 64 elements"),
            (json!({"a": {"pod": {"counts": ["n"]}}}), json!({}), "its count n must be among the fields"),
            (json!({"n": {"text": 1}, "a": {"pod": {"counts": ["n"]}}}), json!({}), "as {hole: count}"),
            (
                json!({"b": {"list": 2}, "b[].n": {"hole": "count"}, "a": {"pod": {"counts": ["b[].n"]}}}),
                json!({}),
                "in another list",
            ),
            (
                json!({"a": {"yaml": {"bytes": 9, "fields": {"b": {"pod": {"counts": []}}}}}}),
                json!({}),
                "b: inside of YAML only literals",
            ),
            (
                json!({"a": {"part": {"primary": {"pod": {"counts": []}}, "supporting": {"const": 1}}}}),
                json!({}),
                "only literals can depend",
            ),
            (json!({}), json!({"labels": ["codeflare.dev/run"]}), "labels, codeflare.dev/run: the host sets it"),
            (json!({}), json!({"labels": ["a.codeflare.dev/b"]}), "the host sets it"),
            (json!({}), json!({"labels": ["app.kubernetes.io/managed-by"]}), "the host sets it"),
            (json!({}), json!({"annotations": ["a b"]}), "annotations, a b: not a key"),
            (json!({}), json!({"annotations": ["/a"]}), "not a key"),
        ];
        for (fields, more, words) in rows {
            let found = faults(&list(fields.clone(), more));
            assert!(found.iter().any(|fault| fault.contains(words)), "{fields}: {words} in {found:?}");
        }
    }
}
