#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::place::is_reference;
use super::*;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn addresses_are_read_in_one_way() {
    for (text, shown) in [
        ("https://git.example/org/repo", "https://git.example/org/repo"),
        ("HTTPS://Git.Example/Org/repo.git/", "https://git.example/Org/repo.git"),
        ("https://git.example:443/a", "https://git.example/a"),
        ("https://git.example:8443/a", "https://git.example:8443/a"),
        ("http://git.example:80/a", "http://git.example/a"),
        ("https://[::1]:5000/a", "https://[::1]:5000/a"),
        ("https://bücher.example/a b", ""),
        ("https://bücher.example/a%20b", "https://xn--bcher-kva.example/a%20b"),
        ("https://git.example", "https://git.example"),
        ("https://git.example/", "https://git.example"),
    ] {
        let found = Address::parse(text).map(|address| address.to_string()).unwrap_or_default();
        assert_eq!(found, shown, "{text}");
    }
    let found = address("https://git.example:8443/a%20b/c.git");
    assert_eq!(
        (found.scheme(), found.host(), found.port(), found.path()),
        ("https", "git.example", 8443, "/a%20b/c.git")
    );
    assert_eq!(
        (found.segments(), found.authority().as_str()),
        (["a b", "c.git"].map(str::to_owned).as_slice(), "git.example:8443")
    );
}

#[test]
fn what_is_no_address_is_refused_without_showing_it() {
    let canary = "hunter2";
    for (text, words) in [
        (format!("https://user:{canary}@git.example/a"), "user or a password"),
        (format!("https://{canary}@git.example/a"), "user or a password"),
        (format!("https://:{canary}@git.example/a"), "user or a password"),
        ("https://@git.example/a".to_owned(), "user or a password"),
        (format!("https://git.example/a?token={canary}"), "`?` or a `#`"),
        (format!("https://git.example/a#{canary}"), "`?` or a `#`"),
        (format!("https://user:{canary} @git.example/a"), "a space"),
        (format!("https://{canary}:{canary}/a"), "not an address"),
        (format!("git@git.example:org/{canary}.git"), "it has no scheme"),
        (format!("ssh://git@git.example/{canary}"), "scheme \"ssh\""),
        ("file:///etc/passwd".to_owned(), "scheme \"file\""),
        (format!("https:/git.example/{canary}"), "no scheme"),
        (canary.to_owned(), "no scheme"),
        (format!("{canary}?://git.example/a"), "no scheme"),
        ("https://".to_owned(), "not an address"),
        ("https:///a".to_owned(), "it has no host"),
        (format!("https://git.example/a/../{canary}"), "path with"),
        (format!("https://git.example/a/%2e%2e/{canary}"), "path with"),
        (format!("https://git.example/a%2F{canary}"), "path with"),
        (format!("https://git.example/a%00{canary}"), "path with"),
        (format!("https://git.example/a%ff{canary}"), "path with"),
        (format!("https://git.example//{canary}"), "path with"),
        ("https://evil/https://git.good".to_owned(), "path with"),
        (format!("https://git.example\\@{canary}/a"), "a backslash"),
        (format!("https://git.exam\nple/{canary}"), "control character"),
    ] {
        let said = Address::parse(&text).expect_err(&text).to_string();
        assert!(said.contains(words) && !said.contains(canary), "{text}: {said}");
    }
}

#[test]
fn places_are_git_addresses_or_pages_of_folders() {
    let named = |reference: Option<&str>, path: &str| Wanted::Named {
        reference: reference.map(str::to_owned),
        path: path.to_owned(),
    };
    let tree = |parts: &str| Wanted::Tree(parts.split(' ').map(str::to_owned).collect());
    for (repo, reference, path, address, wanted) in [
        ("https://h/org/repo", None, None, "https://h/org/repo", named(None, "")),
        ("https://h/org/repo.git", Some("v1"), Some("a/b/"), "https://h/org/repo.git", named(Some("v1"), "a/b")),
        ("https://h/repo", Some("refs/pull/1/head"), None, "https://h/repo", named(Some("refs/pull/1/head"), "")),
        ("https://h/org/repo/tree/main", None, None, "https://h/org/repo", tree("main")),
        ("https://h/org/repo/tree/a/b/c%23/d/", None, None, "https://h/org/repo", tree("a b c# d")),
        ("https://h/g/s/repo/-/tree/main/tree/x", None, None, "https://h/g/s/repo", tree("main tree x")),
        ("https://h/org/repo/tree/x/-/tree/y", None, None, "https://h/org/repo/tree/x", tree("y")),
        ("https://h/org/tree/tree/main", None, None, "https://h/org/tree", tree("main")),
        ("https://h/tree/repo", None, None, "https://h/tree/repo", named(None, "")),
        ("https://h/a/b/tree.git", None, None, "https://h/a/b/tree.git", named(None, "")),
        ("https://h/a/b/blob", None, None, "https://h/a/b/blob", named(None, "")),
    ] {
        let place = Place::parse(repo, reference, path).unwrap_or_else(|error| panic!("{repo}: {error}"));
        assert_eq!((place.address.to_string().as_str(), place.wanted), (address, wanted), "{repo}");
    }
}

#[test]
fn places_that_say_too_little_or_too_much_name_the_field() {
    for (repo, reference, path, words) in [
        ("git@h:org/repo.git", None, None, "spec.repo is not an address"),
        ("https://h", None, None, "spec.repo names a host but no repository"),
        ("https://h/org/repo/tree", None, None, "spec.repo ends in /tree"),
        ("https://h/g/repo/-/tree/", None, None, "spec.repo ends in /tree"),
        ("https://h/org/repo/blob/main/a.py", None, None, "spec.repo is the page of a file"),
        ("https://h/org/repo/tree/main", Some("main"), None, "spec.ref and the /tree/"),
        ("https://h/org/repo/tree/main", None, Some("a"), "spec.path and the /tree/"),
        ("https://h/r", Some("a b"), None, "spec.ref is not"),
        ("https://h/r", Some("a\nwant x"), None, "spec.ref is not"),
        ("https://h/r", None, Some("/a"), "spec.path is not"),
        ("https://h/r", None, Some("a/../b"), "spec.path is not"),
        ("https://h/r", None, Some("a\0"), "spec.path is not"),
        ("https://h/r", None, Some("."), "spec.path is not"),
    ] {
        let said = Place::parse(repo, reference, path).expect_err(repo).to_string();
        assert!(said.starts_with(words), "{repo}: {said}");
    }
    for bad in
        ["", "-x", "a..b", "a/", "/a", "a//b", ".a", "a/.b", "a.lock", "a.", "@", "a@{1}", "a^", "a:b", "*", "a\\b"]
    {
        assert!(!is_reference(bad), "{bad}");
    }
    for good in ["main", "feature/x.y", "refs/heads/a", "v1.0", "a@b", "é", "0123456789012345678901234567890123456789"]
    {
        assert!(is_reference(good), "{good}");
    }
}

#[test]
fn a_pattern_names_a_host_and_what_lies_below() {
    for (text, matching, other) in [
        (
            "https://git.good",
            &["https://git.good/a", "https://GIT.good:443/a/b.git"][..],
            &[
                "https://git.good.evil/a",
                "https://evil/git.good/a",
                "https://evil/https:/git.good",
                "https://evilgit.good/a",
                "https://x.git.good/a",
                "http://git.good/a",
                "https://git.good:444/a",
            ][..],
        ),
        (
            "https://git.good/org",
            &["https://git.good/org", "https://git.good/org/repo"],
            &["https://git.good/organ/repo", "https://git.good/Org/x", "https://git.good/x/org"],
        ),
        ("https://git.good/org/.*", &["https://git.good/org/repo"], &["https://git.good/organ/repo"]),
        ("^https://git\\.good/org/.+$", &["https://git.good/org/repo"], &["https://gitxgood/org/repo"]),
        ("https://git.good/org/*", &["https://git.good/org/repo/deep"], &["https://git.good/other"]),
        ("https://git.good.*", &["https://git.good/a"], &["https://git.good.evil/a"]),
        ("https://git.good/org.*", &["https://git.good/org/a"], &["https://git.good/org.evil/a"]),
        ("https://h/org/repo", &["https://h/org/repo.git"], &["https://h/org/repo2", "https://h/org/repo.git/x"]),
        ("https://h/org/repo.git", &["https://h/org/repo"], &["https://h/org/repo/x"]),
        ("https://h:8443/", &["https://h:8443/x"], &["https://h/x"]),
        ("http://[::1]:5000", &["http://[::1]:5000/x"], &["http://[::2]:5000/x"]),
        ("https://h/my%20group", &["https://h/my%20group/x", "https://h/m%79%20group/x"], &["https://h/my/group"]),
    ] {
        let pattern = pattern(text);
        for repo in matching {
            assert!(pattern.matches(&address(repo)), "{text} should match {repo}");
        }
        for repo in other {
            assert!(!pattern.matches(&address(repo)), "{text} should not match {repo}");
        }
    }
}

#[test]
fn what_could_mean_more_hosts_is_no_pattern() {
    let canary = "hunter2";
    for text in [
        "https://.*",
        "https://*.good",
        "https://.*.good/org",
        "https://git.(good|evil)",
        "https://git.goo[d]/x",
        "https://h/a|b",
        "https://h/(a)",
        ".*",
        "",
        "github.com/org",
        "https://hunter2@h/",
        "https://h/a?b=hunter2",
    ] {
        let said = Pattern::parse(text).expect_err(text).to_string();
        assert!(
            said.contains("expected https://HOST or https://HOST/PATH") && !said.contains(canary),
            "{text}: {said}"
        );
    }
}

#[test]
fn the_greatest_pattern_says_most() {
    let mut all =
        ["https://h", "https://h/a/b", "https://h/a", "https://h/a/b/c.*", "https://h/bb"].map(pattern).to_vec();
    all.sort();
    let shown: Vec<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["https://h", "https://h/a", "https://h/bb", "https://h/a/b", "https://h/a/b/c"]);
}

/// Texts that are near to addresses and patterns: most random texts are neither.
fn near() -> impl Strategy<Value = String> {
    let host = prop_oneof!["[a-c]{1,2}", Just("git.good".to_owned()), Just("git.good.evil".to_owned()), ".{0,6}"];
    let part =
        prop_oneof!["[a-c]{1,2}", Just("a.git".to_owned()), Just("tree".to_owned()), "[%.@:?#a2eEfF]{0,4}", ".{0,3}"];
    let tail = prop_oneof![Just(""), Just("/"), Just("/.*"), Just("*"), Just(".+")];
    let scheme = prop_oneof![4 => Just("https://"), 1 => Just("http://")];
    (
        scheme,
        host,
        prop_oneof![3 => Just(String::new()), 1 => Just(":444".to_owned())],
        prop::collection::vec(part, 0..4),
        tail,
    )
        .prop_map(|(scheme, host, port, parts, tail)| {
            let path: String = parts.iter().flat_map(|part| ["/", part]).collect();
            format!("{scheme}{host}{port}{path}{tail}")
        })
}

proptest! {
    #[test]
    fn an_address_reads_its_own_text(text in near()) {
        if let Ok(address) = Address::parse(&text) {
            let shown = address.to_string();
            prop_assert_eq!(Address::parse(&shown), Ok(address));
            prop_assert!(!shown.contains(['@', '?', '#', ' ', '\\']) || shown.split('/').skip(3).any(|part| part.contains('@')));
        }
    }

    /// The other way to say it: on the texts, by their beginning.
    #[test]
    fn a_match_begins_with_the_pattern(text in near(), repo in near()) {
        if let (Ok(pattern), Ok(address)) = (Pattern::parse(&text), Address::parse(&repo))
            && pattern.matches(&address)
        {
            let decoded = |text: String| percent_decode_str(&text).decode_utf8_lossy().into_owned();
            let (pattern, address) = (decoded(pattern.to_string()), decoded(address.to_string()));
            let below = format!("{address}/").starts_with(&format!("{pattern}/"));
            let same = address.strip_suffix(".git").unwrap_or(&address) == pattern.strip_suffix(".git").unwrap_or(&pattern);
            prop_assert!(below || same, "{} is not below {}", address, pattern);
        }
    }

    #[test]
    fn a_pattern_never_leaves_its_host(host in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", path in "(/[a-z]{1,4}){0,2}", evil in "[a-z]{1,8}") {
        let pattern = pattern(&format!("https://{host}{path}"));
        let own = format!("https://{host}{path}/x");
        prop_assert!(pattern.matches(&address(&own)));
        for other in [
            format!("https://{host}.{evil}{path}/x"),
            format!("https://{evil}.{host}{path}/x"),
            format!("https://{evil}{host}{path}/x"),
            format!("https://{host}{evil}{path}/x"),
            format!("https://{evil}-/{host}{path}/x"),
            format!("https://{evil}-/https:/{host}{path}/x"),
            format!("https://{evil}-/https://{host}{path}/x"),
            format!("https://{host}@{evil}-{path}/x"),
            format!("https://{host}:{evil}@{evil}-{path}/x"),
            format!("https://{host}%2f@{evil}-{path}/x"),
            format!("https://{evil}-#@{host}{path}/x"),
            format!("https://{evil}-?@{host}{path}/x"),
            format!("https://{evil}-\\@{host}{path}/x"),
            format!("https://{host}:8443{path}/x"),
            format!("http://{host}{path}/x"),
        ] {
            prop_assert!(!Address::parse(&other).is_ok_and(|address| pattern.matches(&address)), "{}", other);
        }
    }

    #[test]
    fn of_two_matches_the_greater_lies_within_the_other(one in near(), other in near(), repo in near()) {
        if let (Ok(one), Ok(other), Ok(address)) = (Pattern::parse(&one), Pattern::parse(&other), Address::parse(&repo))
            && one.matches(&address) && other.matches(&address) && one > other
        {
            let parts = |pattern: &Pattern| {
                let text = percent_decode_str(&pattern.to_string()).decode_utf8_lossy().into_owned();
                text.split('/').map(|part| plain(part).to_owned()).collect::<Vec<_>>()
            };
            prop_assert!(parts(&one).starts_with(&parts(&other)), "{} is not within {}", one, other);
        }
    }

    #[test]
    fn any_text_is_a_place_or_refused(repo in near(), reference in prop::option::of(".{0,8}"), path in prop::option::of(".{0,8}")) {
        if let Ok(place) = Place::parse(&repo, reference.as_deref(), path.as_deref()) {
            prop_assert!(!place.address.segments().is_empty());
            if let Wanted::Named { path, .. } = &place.wanted {
                prop_assert!(!path.split('/').any(|part| part == ".."));
            }
        }
    }
}
