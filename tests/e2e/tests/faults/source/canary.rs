//! A password that was used is nowhere but in its Secret.

use anyhow::Result;
use codeflare_e2e::canary::Search;

use super::scene::{Scene, get};
use crate::world::World;

impl Scene {
    /// Looks for the password in every object but Secrets, in records, in the host's log,
    /// metrics and files, and in argv and environment of every process.
    pub(super) async fn nowhere(&self, world: &World, namespace: &str) -> Result<()> {
        let mut search = Search::new("ann", &self.canary);
        search.add("the host's log", world.host.log());
        let metrics = format!("http://{}/metrics", world.host.admin());
        search.add("metrics", get(&metrics, None).await?.1);
        search.objects(&world.client).await?;
        search.files(&self.cache())?;
        search.processes()?;
        println!("{namespace}: {}", search.nowhere()?);
        Ok(())
    }
}
