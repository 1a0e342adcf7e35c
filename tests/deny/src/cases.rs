//! Cases against a draft: a field of a schema, put into an object that is otherwise let
//! through.

use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, PLUGIN, drafts_of};
use crate::lists::{List, Stands};
use crate::schema;

/// What came of a schema's fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Drafts that were refused, each by plugin, object and field.
    pub cases: usize,
    /// Fields that were tried.
    pub fields: usize,
    /// Fields that are on the list, or lead to one.
    pub listed: usize,
    /// Fields that the schema declares at least.
    pub declared: usize,
}

/// Puts every field of a schema that is not on the list into every draft that has the kind.
///
/// # Panics
/// Where a draft is let through, or refused without the plugin, the object and the field.
pub fn refuse_all(list: &List, schema: &Value) -> Tally {
    let cluster = Cluster::new();
    let fields = schema::fields(schema);
    let mut tally = Tally { declared: schema::declared(schema), ..Tally::default() };
    let drafts = drafts_of(&list.kind);
    assert!(!drafts.is_empty(), "no draft has a {}; add one", list.kind);
    for (path, value) in &fields {
        if list.stands(path) != Stands::Out {
            tally.listed += 1;
            continue;
        }
        tally.fields += 1;
        for (name, draft, manifest) in &drafts {
            for value in [value.clone(), json!({"$pod": draft["roles"][0]["name"]})] {
                let place = format!("{name}, {} {path}: {value}", list.kind);
                let mut draft = draft.clone();
                let object = &mut draft["manifests"][*manifest]["object"];
                let named = put(object, list, path, value);
                let problems = match cluster.judge_json(&draft) {
                    Err(problems) => problems,
                    Ok(_) => panic!("{place} was let through"),
                };
                let says = |at: &String| {
                    let words = format!("{PLUGIN}: manifest {manifest} ({}) {at}: ", list.kind);
                    problems.iter().any(|problem| problem.starts_with(&words))
                };
                assert!(named.iter().any(says), "{place} is refused without its field: {problems:#?}");
                tally.cases += 1;
            }
        }
    }
    let found = fields.len();
    assert_eq!(found, tally.fields + tally.listed);
    assert!(
        found >= tally.declared,
        "{}: {found} fields were found; the schema declares {}",
        list.kind,
        tally.declared
    );
    tally
}

/// Lays a value over what an object has at a path. Answers the pointers by which a refusal
/// may name the field: its own, and those above it that are on the list or off it, but not
/// those that only lead somewhere.
fn put(object: &mut Value, list: &List, path: &str, value: Value) -> Vec<String> {
    let (mut named, mut pointer, mut so_far) = (Vec::new(), String::new(), String::new());
    let mut here = object;
    let steps: Vec<String> = path.replace("[]", ".[]").split('.').map(str::to_owned).collect();
    for step in &steps {
        if step == "[]" {
            if !here.is_array() {
                *here = json!([]);
            }
            let elements = here.as_array_mut().unwrap_or_else(|| panic!("it was made"));
            if elements.is_empty() {
                elements.push(Value::Null);
            }
            pointer.push_str("/0");
            so_far.push_str("[]");
            here = &mut elements[0];
        } else {
            if !here.is_object() {
                *here = Value::Object(Map::new());
            }
            pointer.push('/');
            pointer.push_str(step);
            if !so_far.is_empty() {
                so_far.push('.');
            }
            so_far.push_str(step);
            let members = here.as_object_mut().unwrap_or_else(|| panic!("it was made"));
            here = members.entry(step.clone()).or_insert(Value::Null);
        }
        if list.stands(&so_far) != Stands::Leads {
            named.push(pointer.clone());
        }
    }
    *here = value;
    named
}
