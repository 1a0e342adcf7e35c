//! Servers and repositories that must be refused, each in time and with its reason.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use codeflare_source::{FetchError, Limits, Pack};
use codeflare_test_git::{Answer, Repository};

use crate::{NAME, Scene};

const INFO: &str = "/org/repo.git/info/refs";
const POST: &str = "/org/repo.git/git-upload-pack";
const GREETING: &str = "application/x-git-upload-pack-advertisement";
const RESULT: &str = "application/x-git-upload-pack-result";

struct Row {
    case: &'static str,
    /// Does the evil, and says what is asked for behind the name of the repository.
    evil: fn(&mut Scene) -> &'static str,
    reason: &'static str,
    /// Said in the message.
    words: &'static str,
}

/// A good repository to begin with.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.repository.file("src/main.py", "text").link("src/link", "main.py").file("large", vec![b'x'; 100_000]);
    scene.repository.commit("main");
    scene
}

fn row(case: &'static str, reason: &'static str, words: &'static str, evil: fn(&mut Scene) -> &'static str) -> Row {
    Row { case, evil, reason, words }
}

/// Where time is what stops it.
fn hurried(scene: &mut Scene) {
    scene.limits.stall = Duration::from_millis(400);
    scene.limits.total = Duration::from_millis(1500);
}

fn line(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}

fn table() -> Vec<Row> {
    vec![
        // Who may not read, and what is not there.
        row("a status of 401", "RepoCredentialsRefused", "with 401; no credentials were shown", |scene| {
            scene.server.tell(INFO, Answer::Bytes(401, "text/html", b"no".into()));
            ""
        }),
        row("a status of 403 to the pack", "RepoCredentialsRefused", "with 403", |scene| {
            scene.server.tell(POST, Answer::Bytes(403, "text/html", b"no".into()));
            ""
        }),
        row("no repository", "RepoNotFound", "no repository of the name in spec.repo", |scene| {
            std::fs::rename(scene.repository.bare(), scene.folder.path().join("gone")).unwrap();
            ""
        }),
        row("no branch", "RefNotFound", "branch or tag with which \"nothing/src\" begins", |_| "/tree/nothing/src"),
        row("an empty repository", "RefNotFound", "no commit yet", |scene| {
            let repos = scene.folder.path().join("repos");
            std::fs::remove_dir_all(scene.repository.bare()).unwrap();
            scene.repository = Repository::create(&repos, NAME, &scene.folder.path().join("empty"));
            ""
        }),
        row(
            "no commit",
            "RefNotFound",
            "commit 0123456789012345678901234567890123456789",
            |_| "/tree/0123456789012345678901234567890123456789",
        ),
        row(
            "an id of another length",
            "RefNotFound",
            "ids of another length",
            |_| "/tree/0123456789012345678901234567890123456789012345678901234567890123",
        ),
        row("a tag that is no commit", "RefNotFound", "is no commit", |scene| {
            let tree = scene.repository.git(&["rev-parse", "HEAD^{tree}"]);
            scene.repository.git(&["tag", "tree", &tree]);
            scene.repository.git(&["push", "--quiet", "origin", "refs/tags/tree"]);
            "/tree/tree"
        }),
        row("no folder", "DirectoryNotFound", "\"lib\" in \"src\" is not there", |_| "/tree/main/src/lib/x"),
        row(
            "a file for a folder",
            "DirectoryNotFound",
            "\"main.py\" in \"src\" is a file",
            |_| "/tree/main/src/main.py",
        ),
        row("a link for a folder", "DirectoryNotFound", "is a link", |_| "/tree/main/src/link"),
        // What leads elsewhere.
        row("a link to a file of the system", "SourceLinkOutside", "\"src/evil\" leads to \"/etc/passwd\"", |scene| {
            scene.repository.link("src/evil", "/etc/passwd").commit("main");
            ""
        }),
        row("a link above the repository", "SourceLinkOutside", "\"../../x\"", |scene| {
            scene.repository.link("src/evil", "../../x").commit("main");
            ""
        }),
        row("a link above the folder", "SourceLinkOutside", "\"evil\" leads to \"../large\"", |scene| {
            scene.repository.link("src/evil", "../large").commit("main");
            "/tree/main/src"
        }),
        row("a link through a link", "SourceLinkOutside", "\"b\" leads to \"a/../x\"", |scene| {
            scene.repository.link("a", ".").link("b", "a/../x").commit("main");
            ""
        }),
        row("a redirect to another host", "RepoRedirected", "redirects to http://169.254.169.254", |scene| {
            let to = "http://169.254.169.254/latest/info/refs?service=git-upload-pack".to_owned();
            scene.server.tell(INFO, Answer::Redirect(302, to));
            ""
        }),
        row("a redirect to another port", "RepoRedirected", "redirects to http://127.0.0.1:1", |scene| {
            scene.server.tell(INFO, Answer::Redirect(307, "//127.0.0.1:1/x/info/refs".to_owned()));
            ""
        }),
        row("a redirect to TLS", "RepoRedirected", "redirects to https://127.0.0.1", |scene| {
            let to = format!("https://{}/x/info/refs", scene.server.host());
            scene.server.tell(INFO, Answer::Redirect(301, to));
            ""
        }),
        row("a redirect of the pack", "RepoRedirected", "redirects to http://evil.example", |scene| {
            scene.server.tell(POST, Answer::Redirect(307, "http://evil.example/".to_owned()));
            ""
        }),
        row("a redirect round and round", "RepoProtocol", "again and again", |scene| {
            scene.server.tell(INFO, Answer::Redirect(302, format!("{INFO}?again")));
            ""
        }),
        row("a redirect to a page for signing in", "RepoProtocol", "redirects to a page", |scene| {
            scene.server.tell(INFO, Answer::Redirect(302, "/users/sign_in".to_owned()));
            ""
        }),
        row("no TLS, and nobody allowed it", "RepoInsecure", "network.plainHttp", |scene| {
            scene.client = crate::client(&[]);
            ""
        }),
        // What is too large.
        row("more than may be received", "SourceTooLarge", "1000 bytes are the most", |scene| {
            scene.repository.file(
                "noise",
                (0..50_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>(),
            );
            scene.repository.commit("main");
            scene.limits.received = 1000;
            ""
        }),
        row("more than may be unpacked", "SourceTooLarge", "the folder is too large, and 99999 bytes", |scene| {
            scene.limits.unpacked = 99_999;
            ""
        }),
        row(
            "a commit far larger than may be unpacked",
            "SourceTooLarge",
            "the commit is too large, and 40000 bytes",
            |scene| {
                scene.limits.unpacked = 10_000;
                "/tree/main/src"
            },
        ),
        row("a file larger than one may be", "SourceTooLarge", "99999 bytes for one file", |scene| {
            scene.limits.file = 99_999;
            ""
        }),
        row("more files than there may be", "SourceTooLarge", "3 files and folders", |scene| {
            scene.limits.files = 3;
            ""
        }),
        row("far more objects than there may be files", "SourceTooLarge", "4 objects", |scene| {
            scene.limits.files = 1;
            "/tree/main/src"
        }),
        row("a few folders, each of them many times", "SourceTooLarge", "1000 files and folders", |scene| {
            for number in 0..4096 {
                let [a, b, c, d] = [number >> 9, (number >> 6) & 7, (number >> 3) & 7, number & 7];
                scene.repository.file(&format!("{a}/{b}/{c}/{d}"), "x");
            }
            scene.repository.commit("main");
            scene.limits.files = 1000;
            ""
        }),
        row("one file many times", "SourceTooLarge", "the folder is too large, and 1000000 bytes", |scene| {
            for number in 0..12 {
                scene.repository.file(&format!("again/{number}"), vec![b'x'; 100_000]);
            }
            scene.repository.commit("main");
            scene.limits.unpacked = 1_000_000;
            ""
        }),
        row("an endless greeting", "SourceTooLarge", "what it can goes on and on", |scene| {
            scene.server.tell(INFO, Answer::Endless(GREETING, line("more\n").repeat(1000)));
            ""
        }),
        row("an endless list of references", "SourceTooLarge", "the list of references goes on and on", |scene| {
            let one = line(&format!("{} refs/heads/x\n", "a".repeat(40)));
            scene.server.tell(POST, Answer::Endless(RESULT, one.repeat(1000)));
            ""
        }),
        // What takes too long, or breaks.
        row("no answer", "RepoTooSlow", "did not come within", |scene| {
            hurried(scene);
            scene.server.tell(INFO, Answer::Never);
            ""
        }),
        row("a greeting that stops", "RepoTooSlow", "more of what it can did not come", |scene| {
            hurried(scene);
            scene.server.tell(INFO, Answer::Stalls(40));
            ""
        }),
        row("a greeting byte by byte", "RepoTooSlow", "the list of references did not come within 1.5 s", |scene| {
            hurried(scene);
            scene.server.tell(INFO, Answer::Drips(Duration::from_millis(50)));
            ""
        }),
        row("a pack that breaks off", "RepoUnreachable", "cannot be reached", |scene| {
            scene.server.tell(POST, Answer::Breaks(300));
            ""
        }),
        row("a server that fails", "RepoUnreachable", "it answers 503", |scene| {
            scene.server.tell(INFO, Answer::Bytes(503, "text/html", b"no".into()));
            ""
        }),
        row("a server that wants less", "RepoUnreachable", "it answers 429", |scene| {
            scene.server.tell(INFO, Answer::Bytes(429, "text/html", b"no".into()));
            ""
        }),
        // What is no git.
        row("a web page", "RepoProtocol", "answers with a page", |scene| {
            scene.server.tell(INFO, Answer::Bytes(200, "text/html; charset=utf-8", b"<html>".into()));
            ""
        }),
        row("a status that means nothing", "RepoProtocol", "it answers 418", |scene| {
            scene.server.tell(INFO, Answer::Bytes(418, "text/html", b"no".into()));
            ""
        }),
        row("an old server", "RepoProtocol", "version 2 of git's protocol", |scene| {
            let mut said = line("# service=git-upload-pack\n");
            said.extend(b"0000");
            said.extend(line(&format!("{} HEAD\0multi_ack symref=HEAD:refs/heads/main\n", "a".repeat(40))));
            said.extend(b"0000");
            scene.server.tell(INFO, Answer::Bytes(200, GREETING, said));
            ""
        }),
        row("a greeting of other bytes", "RepoProtocol", "a line begins with no length", |scene| {
            scene.server.tell(INFO, Answer::Bytes(200, GREETING, b"<html>not git</html>".into()));
            ""
        }),
        row("a greeting that ends in a line", "RepoProtocol", "in the middle of a line", |scene| {
            scene.server.tell(INFO, Answer::Bytes(200, GREETING, b"0020# serv".into()));
            ""
        }),
        row("a list that ends early", "RepoProtocol", "before the end of a message", |scene| {
            scene.server.tell(POST, Answer::Bytes(200, RESULT, Vec::new()));
            ""
        }),
        row("references that have no ids", "RepoProtocol", "has no id", |scene| {
            let mut said = line("../../etc/passwd HEAD\n");
            said.extend(b"0000");
            scene.server.tell(POST, Answer::Bytes(200, RESULT, said));
            ""
        }),
    ]
}

async fn attempt(scene: &Scene, behind: &str) -> Result<Pack, FetchError> {
    let limit = scene.limits.total * 2 + Duration::from_secs(10);
    tokio::time::timeout(limit, scene.pack(behind)).await.expect("should end by itself")
}

#[tokio::test]
async fn all_are_refused_in_time_and_with_their_reason() {
    let mut reasons = BTreeSet::new();
    for Row { case, evil, reason, words } in table() {
        let mut scene = scene().await;
        let behind = evil(&mut scene);
        let began = Instant::now();
        let said = attempt(&scene, behind).await.expect_err(case);
        println!("{case}: {}: {said}", said.reason().as_str());
        assert_eq!(said.reason().as_str(), reason, "{case}: {said}");
        assert!(said.to_string().contains(words), "{case}: {said}");
        assert!(began.elapsed() < Duration::from_secs(20), "{case}");
        scene.nothing_is_left(case).await;
        reasons.insert(reason);
        // The evil is over: another try is a good one.
        scene.server.mend();
    }
    println!("{reasons:?}");
}

#[tokio::test]
async fn a_pack_byte_by_byte_ends_with_the_time_for_all_of_it() {
    let mut scene = scene().await;
    let resolved = scene.resolve(&scene.at(NAME), None, None).await.unwrap();
    hurried(&mut scene);
    scene.server.tell(POST, Answer::Drips(Duration::from_millis(20)));
    let said = scene.fetch(&resolved).await.unwrap_err();
    assert_eq!(said.to_string(), "the commit did not come within 1.5 s");
    scene.nothing_is_left("a pack byte by byte").await;
}

/// The pack itself, in ways that only a server in the middle could bring about.
#[tokio::test]
async fn a_pack_that_was_tampered_with_is_refused() {
    let scene = scene().await;
    let resolved = scene.resolve(&scene.at(NAME), None, None).await.unwrap();
    let mut scene = scene;
    hurried(&mut scene);
    scene.server.tell(POST, Answer::Stalls(300));
    let said = scene.fetch(&resolved).await.unwrap_err();
    assert_eq!(said.reason().as_str(), "RepoTooSlow", "{said}");

    scene.limits = Limits::default();
    let pack = |bytes: &[u8]| {
        let mut said = line("packfile\n");
        let mut band = vec![1];
        band.extend_from_slice(bytes);
        said.extend(format!("{:04x}", band.len() + 4).into_bytes());
        said.extend(band);
        said.extend(b"0000");
        Answer::Bytes(200, RESULT, said)
    };
    for (answer, reason, words) in [
        (pack(b""), "RepoProtocol", "no head"),
        (pack(b"PACK\0\0\0\x02\0\0\0\0 and no objects"), "RepoProtocol", "another commit"),
        (pack(b"PACK\0\0\0\x02\xff\xff\xff\xff"), "SourceTooLarge", "objects"),
        (pack(b"PACK\0\0\0\x09\0\0\0\x01"), "RepoProtocol", "a head that is none"),
        (pack(b"PACK\0\0\0\x02\0\0\0\x01\xbf\xff\xff\xff\xff\xff\x7f"), "SourceTooLarge", "one file"),
        (Answer::Bytes(200, RESULT, [line("shallow-info\n"), b"0000".to_vec()].concat()), "RepoProtocol", "no pack"),
        (Answer::Bytes(200, RESULT, line("ERR no such thing\n")), "RefNotFound", "is not there, or the server"),
        (
            Answer::Bytes(200, RESULT, [line("packfile\n"), line("\u{3}fatal\n")].concat()),
            "RefNotFound",
            "is not there, or the server",
        ),
        (Answer::Bytes(200, RESULT, line("packfile\n")), "RepoUnreachable", "broke off"),
    ] {
        scene.server.tell(POST, answer);
        let said = scene.fetch(&resolved).await.unwrap_err();
        assert_eq!(said.reason().as_str(), reason, "{said}");
        assert!(said.to_string().contains(words), "{said}");
        scene.nothing_is_left(words).await;
    }
    scene.server.mend();
    assert_eq!(scene.fetch(&resolved).await.unwrap().files, 4);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_of() {
    let scene = scene().await;
    let resolved = scene.resolve(&scene.at(NAME), None, None).await.unwrap();
    scene.server.stop().await;
    for said in [scene.fetch(&resolved).await.unwrap_err(), scene.pack("").await.unwrap_err()] {
        assert_eq!(said.reason().as_str(), "RepoUnreachable", "{said}");
        assert!(said.to_string().contains("refused") || said.to_string().contains("closed"), "{said}");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_told_of() {
    let scene = scene().await;
    let resolved = scene.resolve(&scene.at(NAME), None, None).await.unwrap();
    std::fs::remove_dir(scene.folder.path().join("cache")).unwrap();
    let said = scene.fetch(&resolved).await.unwrap_err();
    assert_eq!(said.reason().as_str(), "SourceNotKept", "{said}");
    assert!(said.to_string().contains("source.cacheSize"), "{said}");
}
