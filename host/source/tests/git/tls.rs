//! TLS by an authority of one's own, and a password.

use codeflare_net::{Client, Settings};
use codeflare_source::Credentials;
use codeflare_test_git::{Authority, Options, Server};

use crate::{NAME, Scene};

async fn scene(authority: &Authority, name: &str) -> Scene {
    let mut scene = Scene::new().await;
    scene.repository.file("a", "b").commit("main");
    let repos = scene.folder.path().join("repos");
    let password = Some(("ann".to_owned(), "right".to_owned()));
    let tls = Some(authority.acceptor(&[name.to_owned()]));
    scene.server = Server::start(Options { repos, password, tls }).await;
    let settings = Settings { authorities: Some(authority.pem().into()), ..Settings::default() };
    scene.client = Client::new(&settings).unwrap();
    scene
}

fn at(scene: &Scene) -> String {
    format!("https://{}/{NAME}", scene.server.host())
}

#[tokio::test]
async fn a_repository_behind_tls_and_a_password_is_read() {
    let mut scene = scene(&Authority::new(), "127.0.0.1").await;
    let said = scene.resolve(&at(&scene), None, None).await.unwrap_err();
    assert_eq!(said.reason(), "RepoCredentialsRefused", "{said}");
    assert!(said.to_string().contains("401; no credentials were shown"), "{said}");

    scene.credentials = Some(Credentials::new("ann", "wrong"));
    let said = scene.resolve(&at(&scene), None, None).await.unwrap_err();
    assert!(said.to_string().ends_with("401; credentials were shown"), "{said}");

    scene.credentials = Some(Credentials::new("ann", "right"));
    let resolved = scene.resolve(&at(&scene), None, None).await.unwrap();
    assert_eq!(scene.fetch(&resolved).await.unwrap().files, 1);
    let seen = scene.server.seen();
    assert_eq!(seen.len(), 1 + 1 + 2 + 2, "{seen:?}");
    assert!(seen[2..].iter().all(|seen| seen.authorized && seen.user.as_deref() == Some("ann")), "{seen:?}");
}

#[tokio::test]
async fn an_unknown_authority_and_another_name_are_not_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let mut scene = scene(&authority, "127.0.0.1").await;
    scene.credentials = Some(Credentials::new("ann", "right"));
    let settings = Settings { authorities: Some(stranger.pem().into()), ..Settings::default() };
    scene.client = Client::new(&settings).unwrap();
    let said = scene.resolve(&at(&scene), None, None).await.unwrap_err();
    assert_eq!(said.reason(), "RepoCertificateUnknown", "{said}");
    assert!(said.to_string().contains("UnknownIssuer") && said.to_string().contains("network.caConfigMap"), "{said}");

    let mut other = self::scene(&authority, "git.example").await;
    other.credentials = Some(Credentials::new("ann", "right"));
    let said = other.resolve(&at(&other), None, None).await.unwrap_err();
    assert_eq!(said.reason(), "RepoCertificateUnknown", "{said}");
    assert_eq!(scene.server.seen().len() + other.server.seen().len(), 0, "nothing was sent to either");
}
