//! What holds of every plan that is let through, whatever the launcher answered.

use codeflare_plan::plan::Plan;
use serde_json::Value;

use crate::restricted::violations;

/// Holds a plan to what no launcher may decide.
///
/// # Panics
/// Where it is not so, with the plan.
pub fn hold(plan: &Plan) {
    let problem = problem(plan);
    assert_eq!(problem, None, "{}", serde_json::to_string_pretty(plan).unwrap_or_default());
}

fn problem(plan: &Plan) -> Option<String> {
    let primaries: Vec<_> = plan.objects.iter().map(|object| object.primary).collect();
    if primaries.iter().filter(|primary| **primary).count() != 1 || primaries.last() != Some(&true) {
        return Some("not one primary, and it last".to_owned());
    }
    let known = codeflare_plan::lock::kinds();
    let mut pods = Vec::new();
    for object in &plan.objects {
        let meta = &object.object["metadata"];
        let owners = meta["ownerReferences"].as_array().map_or(0, Vec::len);
        let name = meta["name"].as_str().unwrap_or_default();
        if !known.contains(&object.kind) {
            return Some(format!("{} is on no list", object.kind.kind));
        }
        if meta["namespace"] != plan.namespace.as_str() || owners != 1 || !name.starts_with(&plan.name) {
            return Some(format!("{name} is not this Run's"));
        }
        if let Err(hole) = walk(&object.object, &mut pods) {
            return Some(format!("{name} has {hole} left"));
        }
    }
    of_pods(plan, &pods)
}

/// Every pod is one that the host built, and each role has its own.
fn of_pods(plan: &Plan, pods: &[&Value]) -> Option<String> {
    let mut roles: Vec<_> =
        pods.iter().map(|pod| pod["metadata"]["labels"]["codeflare.dev/role"].as_str().unwrap_or_default()).collect();
    let mut wanted: Vec<_> = plan.roles.iter().map(|role| role.name.as_str()).collect();
    roles.sort_unstable();
    wanted.sort_unstable();
    if roles != wanted {
        return Some(format!("pods of {roles:?}, roles {wanted:?}"));
    }
    let broken = pods.iter().map(|pod| violations(pod)).find(|found| !found.is_empty());
    broken.map(|found| format!("a pod breaks {found:?}"))
}

/// Finds pods: whatever has containers.
///
/// # Errors
/// With a hole that nobody filled.
pub fn walk<'a>(value: &'a Value, pods: &mut Vec<&'a Value>) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            if members.get("spec").is_some_and(|spec| spec.get("containers").is_some()) {
                pods.push(value);
            }
            for (name, member) in members {
                if name.starts_with('$') {
                    return Err(name.clone());
                }
                walk(member, pods)?;
            }
            Ok(())
        }
        Value::Array(elements) => elements.iter().try_for_each(|element| walk(element, pods)),
        _ => Ok(()),
    }
}
