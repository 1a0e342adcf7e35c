//! An index of Python packages (PEP 503) on this machine, for pods that can reach nothing
//! outside: one package, which the test makes, at the cluster's address of this machine.

use std::io::{Cursor, Write as _};

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::door::{Door, HOST};

/// Name, version and only module of the package.
pub(crate) const PROJECT: &str = "codeflare-probe";
pub(crate) const VERSION: &str = "1.0";
pub(crate) const MODULE: &str = "codeflare_probe";

/// The index; it ends, and its port is closed, when this is dropped.
pub(crate) struct Index {
    door: Door,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// The package as it is served.
#[derive(Clone)]
struct Package {
    file: String,
    wheel: Vec<u8>,
}

impl Index {
    /// Serves the package on a free port that pods may reach.
    pub(crate) async fn start() -> Result<Index> {
        let (door, listener) = Door::open().await?;
        let package = Package { file: format!("{MODULE}-{VERSION}-py3-none-any.whl"), wheel: wheel()? };
        let routes = axum::Router::new()
            .route("/simple/{project}/", get(page))
            .route("/files/{file}", get(file))
            .with_state(package);
        let server = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Index { door, server })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{HOST}:{}/simple/", self.door.port())
    }

    /// What tells pip of it, as environment variables: pip takes no index without TLS that it
    /// was not told to trust.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        [("PIP_INDEX_URL", self.url()), ("PIP_TRUSTED_HOST", HOST.to_owned())]
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The files of a project.
async fn page(State(package): State<Package>, Path(project): Path<String>) -> Response {
    if project != PROJECT {
        return StatusCode::NOT_FOUND.into_response();
    }
    let hash: String = Sha256::digest(&package.wheel).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = &package.file;
    Html(format!("<!DOCTYPE html><html><body><a href=\"/files/{file}#sha256={hash}\">{file}</a></body></html>"))
        .into_response()
}

async fn file(State(package): State<Package>, Path(file): Path<String>) -> Response {
    if file != package.file { StatusCode::NOT_FOUND.into_response() } else { package.wheel.into_response() }
}

/// A wheel of one module, which knows its version
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
fn wheel() -> Result<Vec<u8>> {
    let info = format!("{MODULE}-{VERSION}.dist-info");
    let mut files = vec![
        (format!("{MODULE}.py"), format!("VERSION = \"{VERSION}\"\n")),
        (format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {PROJECT}\nVersion: {VERSION}\n")),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: codeflare-e2e\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
    ];
    let record = format!("{info}/RECORD");
    let names = files.iter().map(|(name, _)| name).chain([&record]);
    // Without hashes of its own: the page has that of the whole.
    let lines = names.map(|name| format!("{name},,\n")).collect();
    files.push((record, lines));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in files {
        archive.start_file(name, stored)?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}
