//! Reasons, each with what it means and what to do.

use std::fmt::Write;

use codeflare_api::{Reason, Retry};

use crate::cures::{self, Cure, Cures};

/// Sections of `docs/cures.yaml`, and blocks of a page.
pub(super) const SECTIONS: [&str; 4] = ["runs", "pods", "launchers", "plugins"];

/// A heading for each reason, so that links lead to it.
pub(super) fn section(name: &str) -> String {
    let Cures { runs, pods, launchers, plugins } = cures::read();
    let mut out = String::new();
    match name {
        "runs" => {
            for reason in Reason::ALL {
                let cure = runs.get(reason.as_str()).map(String::as_str).unwrap_or_default();
                let means = format!("{} {}", one_line(reason.meaning()), again(reason.retry()));
                write(&mut out, reason.as_str(), &means, cure);
            }
        }
        "pods" => all(&mut out, pods),
        "launchers" => all(&mut out, launchers),
        "plugins" => {
            let of_errors = cures::of_errors();
            for (reason, Cure { means, cure }) in plugins {
                let says = of_errors.get(&reason).into_iter().flatten().map(|says| format!("`{says}`"));
                let says = says.collect::<Vec<_>>().join(" or ");
                let says = if says.is_empty() { says } else { format!(" It says: {says}.") };
                write(&mut out, &reason, &format!("{means}{says}"), &cure);
            }
        }
        _ => panic!("there is no section `{name}` in docs/cures.yaml"),
    }
    out
}

fn all(out: &mut String, cures: impl IntoIterator<Item = (String, Cure)>) {
    for (reason, Cure { means, cure }) in cures {
        write(out, &reason, &means, &cure);
    }
}

fn write(out: &mut String, reason: &str, means: &str, cure: &str) {
    writeln!(out, "### {reason}\n\n{}\n\n**Cure:** {}\n", means.trim(), cure.trim()).unwrap();
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// When the host looks again by itself.
fn again(retry: Retry) -> String {
    match retry {
        Retry::OnChange => String::new(),
        Retry::After(time) => format!("The platform looks again every {} s.", time.as_secs()),
        Retry::Backoff => "The platform tries again, after 5 s at first and every 5 minutes at last.".to_owned(),
    }
}
