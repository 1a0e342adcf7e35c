//! TLS by an authority of one's own, and a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codeflare_net::{Client, Proxies, Settings};
use codeflare_source::Credentials;
use codeflare_test_git::{Authority, Options, Proxy, Server};

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
    assert_eq!(said.reason().as_str(), "RepoCredentialsRefused", "{said}");
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
    assert_eq!(said.reason().as_str(), "RepoCertificateUnknown", "{said}");
    assert!(said.to_string().contains("UnknownIssuer") && said.to_string().contains("network.caConfigMap"), "{said}");

    let mut other = self::scene(&authority, "git.example").await;
    other.credentials = Some(Credentials::new("ann", "right"));
    let said = other.resolve(&at(&other), None, None).await.unwrap_err();
    assert_eq!(said.reason().as_str(), "RepoCertificateUnknown", "{said}");
    assert_eq!(scene.server.seen().len() + other.server.seen().len(), 0, "nothing was sent to either");
}

#[tokio::test]
async fn a_proxy_with_a_password_sees_neither_source_nor_its_credentials() {
    let authority = Authority::new();
    let mut scene = scene(&authority, "127.0.0.1").await;
    scene.credentials = Some(Credentials::new("ann", "right"));
    let wants = format!("Basic {}", STANDARD.encode("gate:open"));
    let proxy = Proxy::start(Some(wants.clone()));
    let through = |user: &str| {
        let proxies = Proxies::Named { address: format!("http://{user}@{}", proxy.host()), except: String::new() };
        let settings = Settings { authorities: Some(authority.pem().into()), proxies, ..Settings::default() };
        Client::new(&settings).unwrap()
    };
    scene.client = through("gate:shut");
    let said = scene.resolve(&at(&scene), None, None).await.unwrap_err();
    assert_eq!(said.reason().as_str(), "RepoUnreachable", "{said}");
    assert!(scene.server.seen().is_empty());

    scene.client = through("gate:open");
    let resolved = scene.resolve(&at(&scene), None, None).await.unwrap();
    assert_eq!(scene.fetch(&resolved).await.unwrap().files, 1);
    assert_eq!((scene.server.count("ls-refs"), scene.server.count("fetch")), (1, 1));
    let asked = proxy.asked().concat();
    assert!(asked.contains(&format!("CONNECT {} HTTP/1.1", scene.server.host())) && asked.contains(&wants), "{asked}");
    assert!(!asked.contains(NAME) && !asked.contains(&STANDARD.encode("ann:right")), "{asked}");
    assert!(scene.server.seen().iter().all(|seen| seen.user.as_deref() == Some("ann")));
}
