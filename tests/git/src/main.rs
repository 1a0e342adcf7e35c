//! The git server of end-to-end tests, as a process: pods reach it by the node's address.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a helper of tests: it ends by panicking")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Parser;
use codeflare_test_git::{Authority, Log, Options, Seen, Server};
use tokio::net::TcpListener;

/// Serves the bare repositories of a folder, over TLS by an authority of its own.
#[derive(Parser)]
struct Args {
    /// Address and port; port 0 is a free one
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Folder of bare repositories
    #[arg(long, value_name = "DIR")]
    repos: PathBuf,
    /// Name without which it answers 401
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Password of that name
    #[arg(long, value_name = "TEXT", requires = "user")]
    password: Option<String>,
    /// Where to write the certificate of its authority (PEM)
    #[arg(long, value_name = "FILE", required_unless_present = "plain")]
    ca_out: Option<PathBuf>,
    /// Without TLS
    #[arg(long, conflicts_with_all = ["ca_out", "host"])]
    plain: bool,
    /// Name or address of its certificate; several, or this repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1..)]
    host: Vec<String>,
    /// Where to write each request, one JSON object a line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let tls = args.ca_out.map(|path| {
        let authority = Authority::new();
        // Whole or not at all: who waits for it reads it at once.
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, authority.pem()).unwrap();
        std::fs::rename(fresh, path).unwrap();
        authority.acceptor(&args.host)
    });
    let log = args.log.map(|path| {
        let file = Mutex::new(OpenOptions::new().create(true).append(true).open(path).unwrap());
        Box::new(move |seen: &Seen| {
            let line = serde_json::to_string(seen).unwrap();
            writeln!(file.lock().unwrap(), "{line}").unwrap();
        }) as Log
    });
    let listener = TcpListener::bind(args.listen).await.unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let options = Options { repos: args.repos, password: args.user.zip(args.password), tls };
    let server = Server::on(listener, options, log);
    println!("listening on {scheme}://{}", server.host());
    server.wait().await;
}
