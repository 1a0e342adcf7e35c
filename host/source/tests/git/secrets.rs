//! A password is in no message and no log, and goes to the host that it is for alone.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codeflare_source::Credentials;
use codeflare_test_git::{Answer, Server};
use tracing_subscriber::fmt::MakeWriter;

use crate::{NAME, Scene, client};

const CANARY: &str = "canary-4f1d";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

fn is_told(text: &str) -> bool {
    let encoded = STANDARD.encode(format!("ann:{CANARY}"));
    text.contains(CANARY) || text.contains(&encoded) || text.contains(&format!("{:?}", CANARY.as_bytes()))
}

#[tokio::test]
async fn a_password_is_in_no_message_and_no_log() {
    let log = Log::default();
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    // Of this thread, on which the runtime of this test runs everything that is not blocking.
    let _guard = tracing::subscriber::set_default(lines);
    let mut scene = Scene::with(Some(("ann", CANARY))).await;
    scene.credentials = Some(Credentials::new("ann", CANARY));
    scene.repository.file("a", "b").link("out", "/etc").commit("main");
    scene.repository.git(&["rm", "--quiet", "out"]);
    scene.repository.commit("good");
    tracing::info!("the log is read");

    let pack = scene.pack("/tree/good").await.unwrap();
    let mut told = vec![format!("{pack:?} {:?} {:?}", scene.credentials, scene.client)];
    told.push(scene.credentials.as_ref().map(ToString::to_string).unwrap_or_default());
    let (info, post) = (format!("/{NAME}/info/refs"), format!("/{NAME}/git-upload-pack"));
    for (path, answer) in [
        (&info, Answer::Bytes(401, "text/html", CANARY.into())),
        (&info, Answer::Bytes(404, "text/html", CANARY.into())),
        (&info, Answer::Bytes(500, "text/html", CANARY.into())),
        (&info, Answer::Bytes(200, "text/html", CANARY.into())),
        (&info, Answer::Redirect(302, format!("http://ann:{CANARY}@evil.example/{CANARY}/info/refs"))),
        (&info, Answer::Redirect(302, format!("/{CANARY}"))),
        (&info, Answer::Bytes(200, "application/x-git-upload-pack-advertisement", format!("zzzz{CANARY}").into())),
        (&post, Answer::Bytes(403, "text/html", CANARY.into())),
        (&post, Answer::Bytes(200, "application/x-git-upload-pack-result", format!("0013ERR {CANARY}").into())),
        (&post, Answer::Breaks(100)),
        (&format!("/{CANARY}"), Answer::Never),
    ] {
        scene.server.mend();
        scene.server.tell(path, answer);
        let said = scene.pack("/tree/main").await.unwrap_err();
        told.push(format!("{said} {said:?}"));
    }
    assert_eq!(told.len(), 13);
    for text in told {
        assert!(!is_told(&text), "{text}");
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("the log is read"));
    assert!(!is_told(&logged), "{logged}");
    assert!(scene.server.seen().iter().all(|seen| seen.user.as_deref() == Some("ann") && seen.authorized));
}

#[tokio::test]
async fn a_password_goes_to_its_host_alone() {
    let mut scene = Scene::with(Some(("ann", CANARY))).await;
    scene.credentials = Some(Credentials::new("ann", CANARY));
    scene.repository.file("a", "b").commit("main");
    let repos = scene.folder.path().join("repos");
    let evil = Server::start(codeflare_test_git::Options { repos, ..Default::default() }).await;
    // It may be read, and it would answer well.
    scene.client = client(&[&scene.server, &evil]);
    let info = format!("/{NAME}/info/refs");
    for status in [301, 302, 303, 307, 308] {
        let to = format!("http://{}{info}?service=git-upload-pack", evil.host());
        scene.server.tell(&info, Answer::Redirect(status, to));
        let said = scene.pack("").await.unwrap_err();
        assert_eq!(said.reason().as_str(), "RepoRedirected", "{said}");
        assert!(said.to_string().contains(&evil.host()), "{said}");
    }
    scene.server.mend();
    scene.server.tell(format!("/{NAME}/git-upload-pack"), Answer::Redirect(307, format!("http://{}/x", evil.host())));
    assert_eq!(scene.pack("").await.unwrap_err().reason().as_str(), "RepoRedirected");
    assert_eq!(evil.seen(), [], "it is not even asked");
}
