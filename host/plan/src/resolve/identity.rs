//! As whom the pods run: their ServiceAccount and the Secret that their image is pulled
//! with. Both are of the Run's namespace, wherever the Application is. Pure.

use codeflare_api::{Application, Reason};

use super::{label, run_label};
use crate::seen::Seen;
use crate::stop::Problem;

/// As whom the pods run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whose token the program gets; none: no token.
    pub service_account: Option<String>,
    /// Secret with which nodes pull the Application's image.
    pub image_pull_secret: Option<String>,
}

/// As whom the pods of a Run run.
///
/// # Errors
/// With everything that the Run may not ask for.
pub(super) fn identity(seen: &Seen, application: &Application) -> Result<Identity, Vec<Problem>> {
    let mut problems = Vec::new();
    let service_account = service_account(seen, application).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let image_pull_secret = application.spec.image_pull_secret.clone();
    if problems.is_empty() { Ok(Identity { service_account, image_pull_secret }) } else { Err(problems) }
}

fn service_account(seen: &Seen, application: &Application) -> Result<Option<String>, Problem> {
    let Some(asked) = &seen.run.spec.service_account_name else { return Ok(None) };
    let listed = &application.spec.service_account_names;
    if listed.contains(asked) {
        return Ok(Some(asked.clone()));
    }
    let of = label(application);
    let known = match listed.as_slice() {
        [] => format!("{of} lists none"),
        listed => format!("{of} lists {}", listed.join(", ")),
    };
    let message = format!(
        "`{asked}` is no ServiceAccount that a Run may choose: {known}; name one of these, or let its owner add it to spec.serviceAccountNames"
    );
    Err(Problem::new(Reason::ServiceAccountNotAllowed, run_label(seen), "/spec/serviceAccountName", message))
}
