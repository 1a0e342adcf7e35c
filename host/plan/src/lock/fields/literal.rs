//! Types of literals, and the spellings that Kubernetes has for names.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most characters of a requirement.
const LONGEST_REQUIREMENT: usize = 512;

/// Types of literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Literal {
    /// true or false.
    Boolean,
    /// true or false, and a control may turn it.
    Switch,
    /// A DNS label.
    Label,
    /// 1 to 65535.
    Port,
    /// Text of digits.
    Digits,
    /// Text of three numbers with dots between them.
    Version,
    /// A line of a requirements file that names a package.
    Requirement,
}

impl Literal {
    /// Whether a value is one.
    pub(crate) fn holds(self, value: &Value) -> bool {
        match self {
            Literal::Boolean | Literal::Switch => value.is_boolean(),
            Literal::Label => value.as_str().is_some_and(is_label),
            Literal::Port => value.as_u64().is_some_and(|port| (1..=65535).contains(&port)),
            Literal::Digits => value.as_str().is_some_and(are_digits),
            Literal::Version => {
                value.as_str().is_some_and(|text| text.split('.').count() == 3 && text.split('.').all(are_digits))
            }
            Literal::Requirement => value.as_str().is_some_and(is_requirement),
        }
    }

    /// How the refusal names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Literal::Boolean | Literal::Switch => "true or false",
            Literal::Label => "a DNS label",
            Literal::Port => "a port, 1 to 65535",
            Literal::Digits => "text of 1 to 19 digits",
            Literal::Version => "text such as 2.52.0",
            Literal::Requirement => {
                "a package: one line of at most 512 characters, no option of pip, without `$` and backtick"
            }
        }
    }
}

fn are_digits(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text can name a package and nothing else. An option of pip begins with a dash,
/// and pip itself overlooks white space before it. Lines end for pip where Python ends
/// them. KubeRay hands the text to a shell between double quotes, in which `$` and the
/// backtick still mean something.
fn is_requirement(text: &str) -> bool {
    let ends_or_means = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '$' | '`');
    let named = text.trim();
    !named.is_empty()
        && !named.starts_with('-')
        && !text.contains(ends_or_means)
        && text.chars().count() <= LONGEST_REQUIREMENT
}

/// Whether a text is a DNS label (RFC 1123): at most 63 lower-case letters, digits and
/// dashes, neither beginning nor ending with a dash.
pub(crate) fn is_label(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(|c| edge(c) || c == '-')
        && text.starts_with(edge)
        && text.ends_with(edge)
}

/// Whether a text can be the value of a label.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_key(text)
}

/// Whether a text can name a text of a ConfigMap: at most 63 letters, digits, dashes, dots
/// and underscores, beginning and ending with a letter or digit.
pub(crate) fn is_key(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
        && text.starts_with(edge)
        && text.ends_with(edge)
}
