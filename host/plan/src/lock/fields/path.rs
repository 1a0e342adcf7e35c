//! Paths of a list as JSON pointers into an object: `a.b[].c` is `/a/b/0/c`, `/a/b/1/c` …

use serde_json::Value;

/// Most elements of a list that are looked at; longer ones are refused as a whole.
const MOST: usize = 64;

/// A path without lists on its way as a pointer.
pub(crate) fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Every pointer that a path means in an object: one for each element of the lists on its
/// way, whether or not anything stands there. None where such a list is missing.
pub(crate) fn places(object: &Value, path: &str) -> Vec<String> {
    let mut parts = path.split("[]").map(|part| part.trim_start_matches('.'));
    let mut found = vec![pointer(parts.next().unwrap_or_default())];
    for part in parts {
        let elements = |list: &String| object.pointer(list).and_then(Value::as_array).map_or(0, Vec::len).min(MOST);
        let below = if part.is_empty() { String::new() } else { pointer(part) };
        found = found
            .iter()
            .flat_map(|list| (0..elements(list)).map(|index| format!("{list}/{index}{below}")).collect::<Vec<_>>())
            .collect();
    }
    found
}

/// The pointer of a path beside another one, whose own pointer is known: in the same
/// elements of the lists that both go through.
pub(crate) fn beside(path: &str, (other, at): (&str, &str)) -> String {
    let steps = |path: &str| path.replace("[]", ".[]").split('.').map(str::to_owned).collect::<Vec<_>>();
    let taken: Vec<&str> = at.split('/').skip(1).collect();
    let (own, other) = (steps(path), steps(other));
    let mut same = true;
    let mut pointer = String::new();
    for (index, step) in own.iter().enumerate() {
        same &= other.get(index) == Some(step);
        let taken = taken.get(index).filter(|_| same && step == "[]");
        pointer.push('/');
        pointer.push_str(taken.map_or(step.as_str(), |index| index));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_every_element() {
        let object = serde_json::json!({"a": [{"b": [1, 2]}, {"b": 3}, {"b": [4]}]});
        assert_eq!(places(&object, "a"), ["/a"]);
        assert_eq!(places(&object, "c.d"), ["/c/d"]);
        assert_eq!(places(&object, "a[].c"), ["/a/0/c", "/a/1/c", "/a/2/c"]);
        assert_eq!(places(&object, "a[].b[].c"), ["/a/0/b/0/c", "/a/0/b/1/c", "/a/2/b/0/c"]);
        assert_eq!(places(&object, "a[]"), ["/a/0", "/a/1", "/a/2"]);
        assert!(places(&object, "d[].c").is_empty());
    }

    #[test]
    fn a_neighbour_is_in_the_same_element() {
        let pod = ("a.b[].pod", "/a/b/7/pod");
        assert_eq!(beside("a.b[].c.d", pod), "/a/b/7/c/d");
        assert_eq!(beside("a.c", pod), "/a/c");
        assert_eq!(beside("c.b[].d", pod), "/c/b/[]/d");
        assert_eq!(beside("a.b[].c[].d", ("a.b[].c[].e.f", "/a/b/1/c/2/e/f")), "/a/b/1/c/2/d");
    }
}
