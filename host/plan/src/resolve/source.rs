//! The source of a Run out of a repository, as far as the host has it.

use codeflare_api::{Application, Reason};

use super::label;
use crate::seen::{FetchedSource, Seen, SeenSource};
use crate::source::place;
use crate::stop::Problem;

/// What the pods of a Run are to fetch; none where the Application names no repository.
///
/// # Errors
/// Why it is not there yet. What is wrong with the Application itself is told elsewhere.
pub(super) fn source(seen: &Seen, application: &Application) -> Result<Option<FetchedSource>, Problem> {
    let Ok(Some(place)) = place(application) else { return Ok(None) };
    match &seen.source {
        Some(SeenSource::Fetched(fetched)) => Ok(Some(fetched.clone())),
        Some(SeenSource::Failed(problem)) => Err(problem.clone()),
        None | Some(SeenSource::Pending) => {
            let message = format!("{place} is being fetched");
            Err(Problem::new(Reason::FetchingSource, label(application), "/spec/repo", message))
        }
    }
}
