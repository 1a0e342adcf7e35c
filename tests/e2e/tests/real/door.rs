//! Servers of this machine that pods may reach: its address on the cluster's bridge, and a
//! port that the guard of the network lets through.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;

/// Address at which pods reach this machine (hack/cluster/README.md, Addresses and ports).
pub(crate) const HOST: &str = "10.244.255.1";
/// What the guard of the cluster's network lets pods reach: its table, and the set of ports.
const GUARD: [&str; 3] = ["inet", "codeflare-guard", "host_ports"];

/// A port that is open to pods for as long as this lives.
pub(crate) struct Door {
    port: u16,
}

impl Door {
    /// A free port, open to pods, and who listens there.
    pub(crate) async fn open() -> Result<(Door, TcpListener)> {
        let listener = TcpListener::bind((HOST, 0)).await;
        let listener = listener.with_context(|| format!("{HOST} is no address of this machine: no cluster of ours"))?;
        let door = Door { port: listener.local_addr()?.port() };
        door.turn("add")?;
        Ok((door, listener))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn turn(&self, verb: &str) -> Result<()> {
        let ports = format!("{{ {} }}", self.port);
        let done = Command::new("nft").args([verb, "element"]).args(GUARD).arg(&ports).output().context("nft")?;
        ensure!(done.status.success(), "nft {verb} element {ports}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = self.turn("delete") {
            println!("the port stays open until the cluster goes: {error:#}");
        }
    }
}
