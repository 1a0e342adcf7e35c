//! As whom the pods run: user, ServiceAccount, priority, and the Secret that their image is
//! pulled with. What is named is of the Run's namespace, wherever the Application is. Pure.

use codeflare_api::{Application, Reason};
use codeflare_documents::shared::Choice;
use serde_json::Value;

use super::{label, run_label};
use crate::seen::{PodSecurity, Seen};
use crate::stop::Problem;

/// As whom the pods run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whose token the program gets; none: no token.
    pub service_account: Option<String>,
    /// Secret with which nodes pull the Application's image.
    pub image_pull_secret: Option<String>,
    /// User of the containers, by number; none: the one that the image names.
    pub user: Option<i64>,
    /// Group that volumes belong to, by number.
    pub fs_group: i64,
    /// PriorityClass; none: the cluster's own default.
    pub priority_class: Option<String>,
}

/// As whom the pods of a Run run, and what was chosen for that.
///
/// # Errors
/// With everything that Run or Application may not ask for.
pub(super) fn identity(seen: &Seen, application: &Application) -> Result<(Identity, Vec<Choice>), Vec<Problem>> {
    let mut problems: Vec<_> = root(application, seen.site.pod_security).err().into_iter().collect();
    let service_account = service_account(seen, application).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let (priority_class, choice) = priority(seen);
    let own = application.spec.run_as_user;
    let identity = Identity {
        service_account,
        image_pull_secret: application.spec.image_pull_secret.clone(),
        user: match seen.site.pod_security {
            // Without a number nodes refuse an image whose user is a name.
            PodSecurity::Restricted => own.or(Some(seen.site.user)),
            PodSecurity::Baseline => own,
        },
        fs_group: application.spec.fs_group.unwrap_or(seen.site.user),
        priority_class,
    };
    Ok((identity, choice.into_iter().collect()))
}

/// Whether its containers may run as the user that an Application names.
///
/// # Errors
/// Where that is root, and pods are restricted.
pub(super) fn root(application: &Application, standard: PodSecurity) -> Result<(), Problem> {
    if standard != PodSecurity::Restricted || application.spec.run_as_user != Some(0) {
        return Ok(());
    }
    let message = "0 is root, and pods are restricted here; name another user, or ask the admin to set runs.podSecurity of the chart to baseline";
    Err(Problem::new(Reason::FieldInvalid, label(application), "/spec/runAsUser", message))
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

/// The PriorityClass that a Run's priority means. One that is not there is left out: pods
/// that name it would not be made.
fn priority(seen: &Seen) -> (Option<String>, Option<Choice>) {
    let Some(asked) = seen.run.spec.priority else { return (None, None) };
    let choice = |value: Value, by: String, why: String, over| {
        Some(Choice { field: "priorityClassName".to_owned(), value, by, why, over })
    };
    let left_out = |why: String| {
        let over = vec![(run_label(seen), Value::from(asked.as_str()))];
        (None, choice(Value::Null, "host".to_owned(), why, over))
    };
    match seen.site.priority_classes.get(&asked) {
        Some(class) if seen.priority_classes.contains(class) => {
            let why = format!("the installation names it for priority {}", asked.as_str());
            (Some(class.clone()), choice(class.as_str().into(), run_label(seen), why, Vec::new()))
        }
        Some(class) => left_out(format!("there is no PriorityClass {class}, which the installation names for it")),
        None => left_out("the installation names no PriorityClass for it (runs.priorityClasses)".to_owned()),
    }
}
