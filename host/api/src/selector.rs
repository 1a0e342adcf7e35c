//! Label selectors, judged as Kubernetes judges them. Pure.
//!
//! In: a selector as it stands in an object, and labels. What Kubernetes would refuse
//! (an operator that there is none of, values where none belong) is an error here too:
//! whoever asks must not take it for "does not fit".

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

/// Why a selector means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("matchExpressions/{index}: {why}")]
pub struct BadSelector {
    /// Which expression, counted from 0.
    pub index: usize,
    /// What is wrong with it, and what was expected.
    pub why: String,
}

/// Whether labels fit a selector; one that says nothing fits all.
///
/// # Errors
/// [`BadSelector`].
pub fn fits(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> Result<bool, BadSelector> {
    read(selector).map(|selector| selector.matches(labels))
}

/// A selector as people write it for `kubectl -l`: `team=ml,stage in (a,b)`.
///
/// # Errors
/// [`BadSelector`].
pub fn write(selector: &LabelSelector) -> Result<String, BadSelector> {
    read(selector).map(|selector| selector.to_string())
}

fn read(selector: &LabelSelector) -> Result<Selector, BadSelector> {
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let values = expression.values.as_ref().is_some_and(|values| !values.is_empty());
        let why = match (expression.operator.as_str(), values) {
            ("In" | "NotIn", true) | ("Exists" | "DoesNotExist", false) => continue,
            (operator @ ("In" | "NotIn"), false) => format!("{operator} needs values"),
            (operator @ ("Exists" | "DoesNotExist"), true) => format!("{operator} takes no values"),
            (operator, _) => {
                format!("operator `{operator}` is unknown; expected In, NotIn, Exists or DoesNotExist")
            }
        };
        return Err(BadSelector { index, why });
    }
    Selector::try_from(selector.clone()).map_err(|error| BadSelector { index: 0, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selector(value: serde_json::Value) -> LabelSelector {
        serde_json::from_value(value).unwrap()
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> serde_json::Value {
        json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
    }

    #[test]
    fn labels_fit_as_kubernetes_says() {
        let labels = BTreeMap::from([("team", "ml"), ("stage", "prod")].map(|(key, value)| (key.into(), value.into())));
        for (said, fit) in [
            (json!({}), true),
            (json!({"matchLabels": {}, "matchExpressions": []}), true),
            (json!({"matchLabels": {"team": "ml"}}), true),
            (json!({"matchLabels": {"team": "ml", "stage": "test"}}), false),
            (json!({"matchLabels": {"other": ""}}), false),
            (expression("team", "In", &["web", "ml"]), true),
            (expression("team", "In", &["web"]), false),
            (expression("other", "In", &["web"]), false),
            (expression("team", "NotIn", &["web"]), true),
            (expression("team", "NotIn", &["web", "ml"]), false),
            // Without the label nothing is in the list.
            (expression("other", "NotIn", &["web"]), true),
            (expression("team", "Exists", &[]), true),
            (expression("other", "Exists", &[]), false),
            (expression("team", "DoesNotExist", &[]), false),
            (expression("other", "DoesNotExist", &[]), true),
            // Everything that is said must hold.
            (
                json!({"matchLabels": {"team": "ml"}, "matchExpressions": [{"key": "stage", "operator": "In", "values": ["test"]}]}),
                false,
            ),
        ] {
            assert_eq!(fits(&selector(said.clone()), &labels), Ok(fit), "{said}");
        }
    }

    #[test]
    fn what_kubernetes_would_refuse_is_no_selector() {
        for (said, why) in [
            (expression("a", "In", &[]), "matchExpressions/0: In needs values"),
            (expression("a", "NotIn", &[]), "matchExpressions/0: NotIn needs values"),
            (expression("a", "Exists", &["x"]), "matchExpressions/0: Exists takes no values"),
            (
                expression("a", "in", &["x"]),
                "matchExpressions/0: operator `in` is unknown; expected In, NotIn, Exists or DoesNotExist",
            ),
        ] {
            let error = fits(&selector(said), &BTreeMap::new()).unwrap_err();
            assert_eq!(error.to_string(), why);
        }
    }

    #[test]
    fn a_selector_is_written_as_for_kubectl() {
        let said = json!({
            "matchLabels": {"team": "ml"},
            "matchExpressions": [
                {"key": "stage", "operator": "NotIn", "values": ["b", "a"]}, {"key": "gpu", "operator": "Exists"},
            ],
        });
        assert_eq!(write(&selector(said)).unwrap(), "team=ml,stage notin (a,b),gpu");
    }
}
