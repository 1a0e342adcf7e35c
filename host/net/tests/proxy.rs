//! Proxies on the loopback: what goes through them, what does not, and what they are told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codeflare_net::{Client, NetError, Proxies, Settings};
use codeflare_test_git::Proxy;
use http::Request;
use http_body_util::Full;

const SECRET: &str = "hunter2";

fn client(proxy: &Proxy, user: &str, except: &str) -> Client {
    let at = if user.is_empty() { "" } else { "@" };
    let address = format!("http://{user}{at}{}", proxy.host());
    let proxies = Proxies::Named { address, except: except.to_owned() };
    let settings = Settings { proxies, ..Settings::default() };
    assert!(!format!("{settings:?}").contains(SECRET));
    let client = Client::new(&settings).unwrap();
    assert!(!format!("{client:?}").contains(SECRET));
    client
}

/// A server that answers before it is asked, in no TLS, and counts who came.
fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::<AtomicUsize>::default();
    let counted = count.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, SeqCst);
            // What came is read before it answers: a connection that is closed with bytes
            // unread is reset.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    });
    (address, count)
}

async fn get(client: &Client, address: &str) -> Result<u16, NetError> {
    let request = Request::get(address).body(Full::default()).unwrap();
    let answer = client.send(request, "a page", Duration::from_secs(10)).await?;
    Ok(answer.status().as_u16())
}

/// That TLS is spoken to the other end shows in the failure: it is none of the proxy's.
fn is_broken_tls(said: &NetError) -> bool {
    matches!(said, NetError::Unreachable { why, .. } if why.contains("corrupt message") || why.contains("InvalidContentType"))
}

#[tokio::test]
async fn what_has_tls_goes_through_the_tunnel() {
    let proxy = Proxy::start(None);
    let (server, reached) = server();
    let client = client(&proxy, "", "");
    let said = get(&client, &format!("https://{server}/a?b=c")).await.unwrap_err();
    assert!(is_broken_tls(&said), "{said}");
    let [asked] = proxy.asked().try_into().unwrap();
    assert!(asked.starts_with(&format!("CONNECT {server} HTTP/1.1\r\n")), "{asked}");
    assert!(!asked.to_ascii_lowercase().contains("authorization") && !asked.contains("/a?b=c"), "{asked}");
    assert_eq!(reached.load(SeqCst), 1);
}

#[tokio::test]
async fn a_proxy_with_a_password_is_shown_it_and_nobody_else_is() {
    let wants = format!("Basic {}", STANDARD.encode(format!("ann:{SECRET}")));
    let proxy = Proxy::start(Some(wants.clone()));
    let (server, reached) = server();
    let address = format!("https://{server}/");
    let said = get(&client(&proxy, &format!("ann:{SECRET}"), ""), &address).await.unwrap_err();
    assert!(is_broken_tls(&said), "{said}");
    assert!(proxy.asked().iter().any(|asked| asked.contains(&wants)), "{:?}", proxy.asked());
    assert_eq!(reached.load(SeqCst), 1);

    for user in ["", "ann:wrong"] {
        let said = get(&client(&proxy, user, ""), &address).await.unwrap_err();
        assert!(matches!(said, NetError::Unreachable { .. }) && !is_broken_tls(&said), "{said}");
        assert!(!said.to_string().contains("wrong"), "{said}");
    }
    assert_eq!(reached.load(SeqCst), 1, "nothing goes past the proxy");
}

#[tokio::test]
async fn some_hosts_are_reached_without_it() {
    let proxy = Proxy::start(None);
    let (server, reached) = server();
    let port = server.rsplit_once(':').unwrap().1;
    let cases = [
        ("127.0.0.1", "127.0.0.1"),
        ("10.0.0.0/8,127.0.0.0/8", "127.0.0.1"),
        ("x,localhost", "localhost"),
        ("*", "localhost"),
    ];
    for (except, host) in cases {
        let said = get(&client(&proxy, "", except), &format!("https://{host}:{port}/")).await.unwrap_err();
        assert!(is_broken_tls(&said), "{said}");
    }
    // What has no TLS was named by the admin and is near.
    assert_eq!(get(&client(&proxy, "", ""), &format!("http://{server}/")).await.unwrap(), 200);
    assert_eq!((proxy.asked(), reached.load(SeqCst)), (Vec::new(), 5));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_none_is_told_of() {
    let (server, reached) = server();
    let nowhere = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (proxy, words) in [
        (format!("http://ann:{SECRET}@{nowhere}"), "refused"),
        (format!("https://ann:{SECRET}@{nowhere}"), "begins with http://"),
        // Answers, but opens no tunnel.
        (format!("http://ann:{SECRET}@{server}"), ""),
    ] {
        let proxies = Proxies::Named { address: proxy.clone(), except: String::new() };
        let client = Client::new(&Settings { proxies, ..Settings::default() }).unwrap();
        let said = get(&client, "https://git.example/").await.unwrap_err().to_string();
        assert!(said.starts_with("git.example cannot be reached: ") && said.to_lowercase().contains(words), "{said}");
        assert!(!said.contains(SECRET), "{said}");
    }
    assert_eq!(reached.load(SeqCst), 1);
}
