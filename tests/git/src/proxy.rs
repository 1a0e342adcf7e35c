//! A proxy of a company: it opens tunnels to those who may, and notes what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that opens tunnels, if it is shown what it wants, and notes what it was asked.
pub struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// On a free port of the loopback. `wants` is the header `Proxy-Authorization` without which
    /// it answers 407.
    pub fn start(wants: Option<String>) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let notes = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (notes, wants) = (notes.clone(), wants.clone());
                thread::spawn(move || tunnel(stream.unwrap(), &notes, wants));
            }
        });
        Proxy { address, asked }
    }

    /// The head of every request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.address
    }
}

fn tunnel(mut client: TcpStream, asked: &Mutex<Vec<String>>, wants: Option<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    asked.lock().unwrap().push(head.clone());
    let to = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
    let shown = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.to_owned())
    });
    let Some(to) = to.filter(|_| wants.is_none() || shown == wants) else {
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").unwrap();
        return;
    };
    let mut server = TcpStream::connect(to).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from, &mut into));
    let _ = std::io::copy(&mut server, &mut client);
}
