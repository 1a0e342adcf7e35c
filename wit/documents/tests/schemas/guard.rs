//! What breaks compiled plugins: pure comparisons, with a table of what they see.
//!
//! WIT is compared as text. A record, a variant, a function's type: each change of any of
//! them breaks every plugin, so there is nothing that a finer comparison could allow.

use serde_json::{Map, Value};

/// Who reads a document decides what may change in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reader {
    /// Compiled plugins: what they rely on must stay.
    Plugin,
    /// The host: what plugins write must stay allowed.
    Host,
}

/// `0.1.0` as numbers, which compare as versions do.
pub(crate) fn version(text: &str) -> Vec<u64> {
    text.split('.').map(|part| part.parse().expect("should be a version, as 0.1.0")).collect()
}

/// WIT without comments and white space, and the version of its package.
fn wit(text: &str) -> (String, Vec<u64>) {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
    let package = words.iter().skip_while(|word| **word != "package").nth(1).expect("should begin with its package");
    let number = package.trim_end_matches(';').split('@').nth(1).expect("should have a version");
    (words.join(" "), version(number))
}

/// Why `now` may not come after `old`, if so.
pub(crate) fn wit_breaks(old: &str, now: &str) -> Option<String> {
    let ((old, released), (now, version)) = (wit(old), wit(now));
    match version.cmp(&released) {
        _ if old == now => None,
        std::cmp::Ordering::Less => Some("its version is older than what was released".into()),
        std::cmp::Ordering::Equal => Some(
            "it differs from what was released under this version, so compiled plugins would break; \
             give the package a new version and serve both"
                .into(),
        ),
        std::cmp::Ordering::Greater => {
            let next = match released.as_slice() {
                [0, minor, _] => vec![0, minor + 1, 0],
                [major, ..] => vec![major + 1, 0, 0],
                [] => Vec::new(),
            };
            (version != next).then(|| format!("its next version is {next:?}, not {version:?}"))
        }
    }
}

/// Everything that was said before must still be said, but for words; members may come
/// to `properties` and `$defs`.
pub(crate) fn breaks(reader: Reader, at: &str, old: &Value, now: &Value) -> Vec<String> {
    let (Some(old), Some(now)) = (old.as_object(), now.as_object()) else {
        return if old == now { Vec::new() } else { vec![format!("{at} was {old} and is {now}")] };
    };
    let keywords = old.keys().chain(now.keys().filter(|key| !old.contains_key(*key)));
    keywords.flat_map(|keyword| keyword_breaks(reader, &format!("{at}/{keyword}"), keyword, old, now)).collect()
}

type Members = Map<String, Value>;

fn keyword_breaks(reader: Reader, at: &str, keyword: &str, old: &Members, now: &Members) -> Vec<String> {
    match (keyword, old.get(keyword), now.get(keyword)) {
        ("description" | "title" | "$schema" | "default", ..) => Vec::new(),
        ("required", old, now) => required(reader, at, old, now),
        ("properties" | "$defs", Some(old), Some(now)) => {
            let members = old.as_object().into_iter().flatten();
            let member = |(name, old): (&String, &Value)| match now.get(name) {
                Some(now) => breaks(reader, &format!("{at}/{name}"), old, now),
                None => vec![format!("{at}/{name} is gone")],
            };
            members.flat_map(member).collect()
        }
        ("properties" | "$defs", None, Some(_)) => Vec::new(),
        (_, Some(old), Some(now)) => breaks(reader, at, old, now),
        (_, Some(old), None) => vec![format!("{at} was {old} and is gone")],
        (_, None, now) => vec![format!("{at} was not there and is {now:?}")],
    }
}

/// What plugins read must stay there; what plugins write must not be asked for.
fn required(reader: Reader, at: &str, old: Option<&Value>, now: Option<&Value>) -> Vec<String> {
    let names = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (old, now) = (names(old), names(now));
    let (must, of, what) = match reader {
        Reader::Plugin => (old, now, "is no longer always there"),
        Reader::Host => (now, old, "is newly required"),
    };
    must.iter().filter(|name| !of.contains(name)).map(|name| format!("{at}: {name} {what}")).collect()
}

#[test]
fn it_sees_what_breaks_in_wit() {
    const OLD: &str = "package a:b@0.1.0; /// Words.
        interface i { enum e { one, two } record r { x: u32, y: string } f: func(a: r) -> e; g: func(); }
        world w { import a:log@0.1.0; export i; }";
    assert_eq!(wit_breaks(OLD, OLD), None);
    for (what, from, to, breaks) in [
        ("a comment", "/// Words.", "/// Other words.", false),
        ("white space", "one, two", "one,\n two", false),
        ("a function that is gone", "g: func();", "", true),
        ("a function that is new", "g: func();", "g: func(); h: func();", true),
        ("another parameter", "f: func(a: r)", "f: func(a: r, b: u32)", true),
        ("another result", "-> e;", "-> option<e>;", true),
        ("another type of a field", "x: u32", "x: u64", true),
        ("a field that is new", "y: string", "y: string, z: bool", true),
        ("a field that is gone", ", y: string", "", true),
        ("fields in another order", "x: u32, y: string", "y: string, x: u32", true),
        ("a case that is new", "one, two", "one, two, three", true),
        ("a case that is gone", "one, two", "one", true),
        ("an import that is new", "export i;", "export i; import i2;", true),
        ("another version of an import", "a:log@0.1.0", "a:log@0.2.0", true),
        ("an interface that is gone", "export i;", "", true),
    ] {
        assert!(OLD.contains(from), "{what}");
        let now = OLD.replace(from, to);
        assert_eq!(wit_breaks(OLD, &now).is_some(), breaks, "{what}");
        let next = now.replace("package a:b@0.1.0", "package a:b@0.2.0");
        assert_eq!(wit_breaks(OLD, &next), None, "{what}, in a new version");
        for version in ["0.0.9", "0.1.1", "0.3.0", "1.0.0"] {
            let other = now.replace("package a:b@0.1.0", &format!("package a:b@{version}"));
            assert!(wit_breaks(OLD, &other).is_some(), "{what}, in version {version}");
        }
    }
    let one = OLD.replace("a:b@0.1.0", "a:b@1.0.0");
    assert_eq!(wit_breaks(&one, &OLD.replace("a:b@0.1.0", "a:b@2.0.0")), None);
    assert!(wit_breaks(&one, &OLD.replace("a:b@0.1.0", "a:b@1.1.0")).is_some());
}

#[test]
fn it_sees_what_breaks_in_schemas() {
    let old = serde_json::json!({
        "description": "Words.",
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/B"}, "c": {"items": {"type": "integer"}}},
        "$defs": {"B": {"enum": ["one", "two"]}},
    });
    // Pointer, what is put there (null takes it away), whom it breaks: plugin, host.
    for (what, pointer, to, plugin, host) in [
        ("other words", "/description", r#""Others.""#, false, false),
        ("a member that is new", "/properties/d", r#"{"type": "string"}"#, false, false),
        ("a definition that is new", "/$defs/C", "{}", false, false),
        ("a member that is newly required", "/required", r#"["a", "b"]"#, false, true),
        ("a member that is no longer always there", "/required", "[]", true, false),
        ("a member that is gone", "/properties/b", "null", true, true),
        ("a definition that is gone", "/$defs/B", "null", true, true),
        ("another type", "/properties/a/type", r#""integer""#, true, true),
        ("two types", "/properties/a/type", r#"["string", "null"]"#, true, true),
        ("another type inside a list", "/properties/c/items/type", r#""string""#, true, true),
        ("another definition", "/properties/b/$ref", r##""#/$defs/C""##, true, true),
        ("a word that is new", "/$defs/B/enum", r#"["one", "two", "three"]"#, true, true),
        ("a word that is gone", "/$defs/B/enum", r#"["one"]"#, true, true),
        ("a bound that is new", "/properties/a/maxLength", "3", true, true),
        ("no other members", "/additionalProperties", "false", true, true),
    ] {
        let mut now = old.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let members = now.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        match serde_json::from_str(to).unwrap() {
            Value::Null => drop(members.remove(name).expect(what)),
            value => drop(members.insert(name.into(), value)),
        }
        for (reader, broken) in [(Reader::Plugin, plugin), (Reader::Host, host)] {
            let found = breaks(reader, "x", &old, &now);
            assert_eq!(!found.is_empty(), broken, "{what}, read by {reader:?}: {found:?}");
            assert!(found.iter().all(|one| one.starts_with("x/")), "{found:?}");
        }
    }
}
