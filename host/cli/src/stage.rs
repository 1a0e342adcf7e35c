//! `codeflare stage`: what the init step of a pod does.

use codeflare_source::stage;

use crate::args::StageArgs;
use crate::{Failure, output};

/// Stages, and tells of each thing that is done.
pub(crate) fn run(args: &StageArgs) -> Result<(), Failure> {
    let document = stage::read(&args.from).map_err(Failure::one)?;
    let tell = |done: stage::Done| output::progress(&done);
    if let Some(workdir) = &args.workdir {
        document
            .fetch_source(workdir, &stage::Patience::default(), |line| output::progress(&line))
            .map_err(Failure::one)?;
        document.write_files(workdir, tell).map_err(Failure::one)?;
    }
    if let Some(into) = &args.into {
        document.write_exec(&args.shim, into, tell).map_err(Failure::one)?;
    }
    Ok(())
}
