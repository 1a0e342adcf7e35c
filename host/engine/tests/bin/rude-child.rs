//! A child that breaks the rules of the socket, for the tests of what the host does then:
//! `rude-child HOW DIR THREADS MEMORY`. It behaves as `HOW` says in its first life; in
//! later ones (a file in DIR says so) it is the real child.

use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [how, folder, threads, memory] = words.as_slice() else { return ExitCode::FAILURE };
    let lived = std::path::Path::new(folder).join("lived");
    if lived.exists() {
        let (threads, memory) = (threads.parse().unwrap_or(1), memory.parse().unwrap_or(1 << 30));
        return codeflare_engine::engine_main(threads, memory).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    if std::fs::write(lived, "").is_err() {
        return ExitCode::FAILURE;
    }
    misbehave(how).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn misbehave(how: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut say = |id: u64, bytes: u32, body: &[u8]| {
        out.write_all(&[&bytes.to_le_bytes()[..], &id.to_le_bytes(), body].concat())?;
        out.flush()
    };
    if how == "garbage-first" {
        say(0, 3, &[9, 9, 9])?;
    } else {
        say(0, 1, &[1])?;
        // The first question has come; what follows answers it, or what nobody asked.
        std::io::stdin().lock().read_exact(&mut [0; 12])?;
    }
    match how {
        "unknown-id" => say(77, 1, &[0])?,
        "huge" => say(1, u32::MAX, &[0; 64])?,
        "garbage" => say(1, 5, &[0xff; 5])?,
        "garbage-first" => {}
        "cut-off" => return say(1, 100, &[0; 5]),
        _ => return Ok(()),
    }
    // Until the host closes the socket or kills it: whatever comes is not answered.
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).map(drop)
}
