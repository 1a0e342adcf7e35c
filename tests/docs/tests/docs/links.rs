//! Links of the files beside `docs/` lead to files, and to headings that are there.

use pulldown_cmark::{Event, Parser, Tag};

use crate::{markdown, read, root};

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut wrong = Vec::new();
    for page in markdown() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        let text = read(&page);
        for event in Parser::new(&text) {
            let Event::Start(Tag::Link { dest_url: link, .. }) = event else { continue };
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = link.split_once('#').map_or((&*link, None), |(path, heading)| (path, Some(heading)));
            let target = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            let there = match heading {
                _ if !target.exists() => false,
                None => true,
                Some(heading) => headings(&std::fs::read_to_string(&target).unwrap()).contains(&heading.to_owned()),
            };
            if !there {
                wrong.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these links lead nowhere:\n{}", wrong.join("\n"));
}

/// Names of headings, as sites make them: lower case, dashes for spaces, nothing else.
fn headings(markdown: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<String>);
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(open) = &mut open {
                    open.push_str(&text);
                }
            }
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => found.extend(open.take().map(|text| slug(&text))),
            _ => {}
        }
    }
    found
}

fn slug(text: &str) -> String {
    let kept = text.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}
