//! Who sees credentials: the registry that they are for, its token service, and nobody else.

use codeflare_registry::Credentials;

use crate::Wish;
use crate::artifact::Artifact;
use crate::server::{Answer, Gate, Server};

const BYTES: &[u8] = b"\0asm\x0d\0\x01\0";
/// `ann:hunter2`.
const BASIC: &str = "Basic YW5uOmh1bnRlcjI=";

async fn locked(gate: Gate) -> (Server, Artifact, Wish) {
    let server = Server::start().await;
    let artifact = Artifact::of(BYTES);
    server.put("test/plugin", "1.0", &artifact);
    server.lock(gate);
    let mut wish = Wish::new(&format!("{}/test/plugin:1.0", server.host()), &artifact.layer());
    wish.credentials = Some(Credentials::new("ann", "hunter2"));
    (server, artifact, wish)
}

async fn with_tokens() -> (Server, Server, Artifact, Wish) {
    let tokens = Server::start().await;
    tokens.tell("/token", Answer::Bytes("application/json", br#"{"token": "t0ken"}"#.to_vec()));
    let service = format!("http://{}/token?a=b", tokens.host());
    let (server, artifact, wish) = locked(Gate::Token { service, token: "t0ken".to_owned() }).await;
    (server, tokens, artifact, wish)
}

#[tokio::test]
async fn name_and_password_are_shown_once_they_are_asked_for() {
    let (server, _, wish) = locked(Gate::Basic(BASIC.to_owned())).await;
    assert_eq!(wish.pull(&[&server]).await.unwrap().bytes, BYTES);
    let shown: Vec<_> = server.seen().into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown, [None, Some(BASIC.to_owned()), Some(BASIC.to_owned())]);
}

#[tokio::test]
async fn a_token_is_fetched_for_this_repository_and_used_from_then_on() {
    let (server, tokens, _, wish) = with_tokens().await;
    assert_eq!(wish.pull(&[&server, &tokens]).await.unwrap().bytes, BYTES);
    let asked = "/token?a=b&scope=repository%3Atest%2Fplugin%3Apull&service=test";
    assert_eq!(tokens.seen(), [(asked.to_owned(), Some(BASIC.to_owned()))]);
    let bearer = Some("Bearer t0ken".to_owned());
    let shown: Vec<_> = server.seen().into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown, [None, bearer.clone(), bearer]);
}

#[tokio::test]
async fn without_a_pull_secret_the_token_is_anybodys() {
    let (server, tokens, _, mut wish) = with_tokens().await;
    wish.credentials = None;
    assert_eq!(wish.pull(&[&server, &tokens]).await.unwrap().bytes, BYTES);
    assert_eq!(tokens.seen()[0].1, None);
}

#[tokio::test]
async fn nothing_that_authorises_goes_along_a_redirect() {
    let store = Server::start().await;
    store.tell("/bytes", Answer::Bytes("application/octet-stream", BYTES.to_vec()));
    for tokens in [false, true] {
        let (server, service, artifact, wish) = with_tokens().await;
        if !tokens {
            server.lock(Gate::Basic(BASIC.to_owned()));
        }
        let path = format!("/v2/test/plugin/blobs/{}", artifact.layer());
        server.tell(path, Answer::Redirect(format!("http://{}/bytes", store.host())));
        assert_eq!(wish.pull(&[&server, &service, &store]).await.unwrap().bytes, BYTES);
    }
    let seen = store.seen();
    assert_eq!(seen, [("/bytes".to_owned(), None), ("/bytes".to_owned(), None)]);
}

#[tokio::test]
async fn a_challenge_of_somebody_else_is_not_answered() {
    let (server, tokens, artifact, wish) = with_tokens().await;
    let store = Server::start().await;
    store.lock(Gate::Basic(BASIC.to_owned()));
    let path = format!("/v2/test/plugin/blobs/{}", artifact.layer());
    server.tell(path, Answer::Redirect(format!("http://{}/v2/bytes", store.host())));
    let refused = wish.pull(&[&server, &tokens, &store]).await.unwrap_err();
    assert_eq!(refused.reason(), "RegistryRefused", "{refused}");
    assert!(refused.to_string().starts_with(&store.host()), "{refused}");
    assert_eq!(store.seen(), [("/v2/bytes".to_owned(), None)]);
}

#[tokio::test]
async fn refusals_say_what_was_shown_and_never_show_it() {
    let (server, _, mut wish) = locked(Gate::Basic("Basic other".to_owned())).await;
    let wrong = wish.pull(&[&server]).await.unwrap_err().to_string();
    assert!(wrong.contains("401 to the user of the pull secret") && !wrong.contains("hunter2"), "{wrong}");
    wish.credentials = None;
    let none = wish.pull(&[&server]).await.unwrap_err();
    assert_eq!(none.reason(), "RegistryRefused");
    assert!(none.to_string().contains("no pull secret is named"), "{none}");
}

#[tokio::test]
async fn a_token_service_is_held_to_the_same_rules() {
    let reasons = [
        (Answer::Bytes("application/json", b"{}".to_vec()), "RegistryUnreachable", "without a token"),
        (Answer::Bytes("application/json", br#"{"token": "a\r\nb: c"}"#.to_vec()), "RegistryUnreachable", "without a"),
        (Answer::Bytes("text/html", b"<html>".to_vec()), "RegistryUnreachable", "without a token"),
        (Answer::Endless, "ArtifactTooLarge", "a token is larger"),
        (Answer::Status(401), "RegistryRefused", "refuses a token with 401"),
        (Answer::Redirect("https://elsewhere.example/".to_owned()), "RegistryUnreachable", "answers 307 to a token"),
    ];
    for (answer, reason, words) in reasons {
        let (server, tokens, _, wish) = with_tokens().await;
        tokens.tell("/token", answer);
        let refused = wish.pull(&[&server, &tokens]).await.unwrap_err();
        assert_eq!(refused.reason(), reason, "{refused}");
        assert!(refused.to_string().contains(words), "{refused}");
    }
    // Without TLS it gets nothing, unless that was allowed.
    let (server, tokens, _, wish) = with_tokens().await;
    let refused = wish.pull(&[&server]).await.unwrap_err();
    assert_eq!(refused.reason(), "RegistryInsecure", "{refused}");
    assert!(tokens.seen().is_empty());
}
