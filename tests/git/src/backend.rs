//! `git http-backend`: one request each.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use axum::body::{Body, Bytes};
use axum::response::Response;

/// What a request is for git's own server.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) kind: String,
    pub(crate) encoding: String,
    pub(crate) protocol: String,
    pub(crate) body: Bytes,
}

/// Asks git's own server, on a thread for what blocks.
pub(crate) async fn ask(repos: &Path, request: Request) -> Response {
    let repos = repos.to_owned();
    tokio::task::spawn_blocking(move || run(&repos, &request)).await.unwrap()
}

fn run(repos: &Path, request: &Request) -> Response {
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", repos)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", &request.kind)
        .env("HTTP_CONTENT_ENCODING", &request.encoding)
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("GIT_PROTOCOL", &request.protocol)
        // Whoever owns them: an end-to-end test may run as another user.
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git should be there; apt-get install git");
    let (mut input, body) = (child.stdin.take().unwrap(), request.body.clone());
    // Both ends at once, since neither waits for the other.
    let feeding = std::thread::spawn(move || {
        let _ = input.write_all(&body);
    });
    let mut answer = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
    feeding.join().unwrap();
    child.wait().unwrap();
    read(&answer)
}

/// Heads of CGI, an empty line, a body.
fn read(answer: &[u8]) -> Response {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("should have heads");
    let heads = std::str::from_utf8(&answer[..end]).unwrap();
    let mut response = Response::builder();
    for line in heads.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().unwrap()),
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(answer[end + 4..].to_vec())).unwrap()
}
