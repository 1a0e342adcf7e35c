//! Pods: text of users reaches the program unchanged, and the whole of a pod.

use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::support::{plan, plan_with, seen};

/// Words that shells, templates and expansions would like to change.
const AWKWARD: [&str; 40] = [
    "",
    " ",
    "  a  b ",
    "'",
    "\"",
    "`",
    "\\",
    "\\\\",
    "a'b",
    "a\"b",
    "$",
    "$$",
    "$$$",
    "$HOME",
    "${HOME}",
    "$(HOSTNAME)",
    "$$(HOSTNAME)",
    "$$$(HOSTNAME)",
    "$(",
    "$()",
    "$((1+1))",
    "$(CODEFLARE_RUN",
    "$é",
    "é$",
    "{}",
    "{{ .Values }}",
    "{\"$pod\": \"worker\"}",
    "[a]",
    "*",
    "?",
    "~",
    "!",
    "#c",
    "a;b",
    "a|b&c",
    "<>",
    "line\nline",
    "tab\t",
    "日本語 🎉",
    "%s%n",
];

/// What Kubernetes makes of a text in a command or a variable
/// (<https://github.com/kubernetes/kubernetes/blob/v1.35.0/third_party/forked/golang/expansion/expand.go>),
/// on bytes as there. Every name that it finds is known, and expands to `EXPANDED`.
fn expand(text: &str) -> Vec<u8> {
    let input = text.as_bytes();
    let (mut out, mut cursor) = (Vec::new(), 0);
    while let Some(&byte) = input.get(cursor) {
        let rest = &input[cursor + 1..];
        match (byte, rest.first()) {
            (b'$', Some(b'$')) => {
                out.push(b'$');
                cursor += 2;
            }
            (b'$', Some(b'(')) => match rest.iter().position(|byte| *byte == b')') {
                Some(end) => {
                    out.extend(b"EXPANDED");
                    cursor += end + 2;
                }
                None => {
                    out.extend(b"$(");
                    cursor += 2;
                }
            },
            // Go turns the one byte into a character: what is not ASCII is torn.
            (b'$', Some(&other)) => {
                out.push(b'$');
                out.extend(char::from(other).to_string().bytes());
                cursor += 2;
            }
            _ => {
                out.push(byte);
                cursor += 1;
            }
        }
    }
    out
}

fn expanded(value: &Value) -> String {
    String::from_utf8(expand(value.as_str().expect("should be text"))).expect("should be whole characters")
}

fn container(words: &[&str], env: &Value) -> Value {
    let options = shlex::try_join(words.iter().copied()).expect("should have no NUL");
    let seen = seen(&[("/run/spec/options", json!(options)), ("/run/spec/env", env.clone())]);
    let primary = plan(&seen).1.primary().expect("should have a primary").object.clone();
    primary.pointer("/spec/template/spec/containers/0").expect("should have a container").clone()
}

#[test]
fn awkward_text_passes_unchanged() {
    let env: Value = AWKWARD.iter().enumerate().map(|(i, text)| (format!("V{i:02}"), json!(text))).collect();
    let container = container(&AWKWARD, &env);
    let command: Vec<_> = container["command"].as_array().expect("should be there").iter().map(expanded).collect();
    assert_eq!(command[3..], AWKWARD);
    for (i, text) in AWKWARD.iter().enumerate() {
        let name = format!("V{i:02}");
        let variable = container["env"].as_array().expect("should be there").iter().find(|one| one["name"] == name);
        assert_eq!(&expanded(&variable.expect("should be there")["value"]), text);
    }
    insta::assert_yaml_snapshot!(container);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_passes_unchanged(text in "[$()a-zé{]{0,12}", more in any::<String>()) {
        let text = format!("{text}{}", more.replace('\0', ""));
        let container = container(&[&text], &json!({"V": text}));
        prop_assert_eq!(expanded(&container["command"][3]), text.clone());
        let env = container["env"].as_array().expect("should be there");
        prop_assert_eq!(expanded(&env.last().expect("should be there")["value"]), text);
    }
}

#[test]
fn a_role_can_have_words_ports_resources_and_scratch_of_its_own() {
    let seen = seen(&[
        ("/application/spec/supportsGpu", json!(true)),
        ("/run/spec/supportsGpu", json!(true)),
        ("/run/spec/env", json!({"HOME": "/elsewhere", "CODE": "run", "OWN": "run"})),
        ("/site/user", json!(2000)),
        ("/site/labels", json!({"team": "a", "codeflare.dev/run": "overwritten"})),
    ]);
    let plan = plan_with(
        &seen,
        &[
            ("/roles/0/command", json!({"argv": ["serve", "$(X)"]})),
            ("/roles/0/ports", json!([["http", 80], ["metrics", 65535]])),
            ("/roles/0/env/-", json!(["OWN", {"text": "role $(Y)"}])),
            ("/roles/0/env/-", json!(["NODE", {"field": "spec.nodeName"}])),
            (
                "/roles/0/resources",
                json!({
                    "cpuMillis": 250, "memoryBytes": 1024, "extended": {"nvidia.com/gpu": 1, "example.com/none": 0},
                }),
            ),
            ("/roles/0/more/subdomain", json!({"$name": "peers"})),
            (
                "/roles/0/more/scratch",
                json!({
                    "/dev/shm": {"sizeBytes": 1 << 20, "memory": true}, "/tmpfs": {"sizeBytes": 3},
                }),
            ),
        ],
    );
    let template = plan.expect("should be a plan").objects[0].object["spec"]["template"].clone();
    insta::assert_yaml_snapshot!(template);
}

#[test]
fn an_image_that_starts_by_itself_gets_no_command_and_the_worker_its_size() {
    let seen = seen(&[("/application/spec/supportsGpu", json!(true)), ("/run/spec/supportsGpu", json!(true))]);
    let plan = plan_with(&seen, &[("/roles/0/command", json!("image"))]).expect("should be a plan");
    let container = &plan.objects[0].object["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container.get("command"), None);
    assert_eq!(container.get("ports"), None);
    let size = json!({"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"});
    assert_eq!(container["resources"], json!({"requests": size, "limits": size}));
}
