//! Formats a plan as Markdown for a pull request comment or a job summary on GitHub.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::text::{ignored_lines, lines, sign, summary, word};
use crate::{
    escape,
    flow::Grade,
    names,
    plan::{Action, Plan, PlannedChange, PlannedDeployment, PlannedKept, PlannedResource, PlannedStep},
};

/// Size limits of the text in bytes. If the text exceeds a limit, no more table rows, kept resources, steps or
/// findings are added. Each limit leaves space for the following sections. GitHub limits comments to 65,536
/// characters.
const MAX_TABLE_SIZE: usize = 48_000;
const MAX_KEPT_SIZE: usize = 51_000;
const MAX_STEPS_SIZE: usize = 54_000;
const MAX_FINDINGS_SIZE: usize = 58_000;
/// Maximum size of a finding's message in bytes.
const MAX_MESSAGE_SIZE: usize = 2_000;

pub(super) fn plan(plan: &Plan) -> String {
    let changed: Vec<&PlannedDeployment> =
        plan.deployments.iter().filter(|planned| planned.action != Action::Unchanged).collect();
    let resources: Vec<&PlannedResource> =
        plan.resources.iter().filter(|planned| planned.action != Action::Unchanged).collect();
    let mut text = format!("### {}\n", summary(plan));
    if !resources.is_empty() {
        text.push_str("\n| | Resource | Change |\n|---|---|---|\n");
        let row = |planned: &&PlannedResource| row(&code(&planned.title()), planned.action, &planned.changes);
        rows(resources.iter().map(row), MAX_TABLE_SIZE / 2, &mut text);
    }
    if !changed.is_empty() {
        text.push_str("\n| | Deployment | Change |\n|---|---|---|\n");
        let row = |planned: &&PlannedDeployment| row(&titled(planned), planned.action, &planned.changes);
        rows(changed.iter().map(row), MAX_TABLE_SIZE, &mut text);
    }
    let explained: Vec<&PlannedDeployment> = plan
        .deployments
        .iter()
        .filter(|planned| planned.action == Action::Unchanged && !planned.selected_by.is_empty())
        .collect();
    if !changed.is_empty() || !resources.is_empty() || !explained.is_empty() {
        let before = text.len();
        text.push_str("\n<details><summary>Details</summary>\n");
        for planned in resources {
            differences(&code(&planned.title()), planned.action, &planned.changes, &mut text);
            for note in &planned.notes {
                let _ = writeln!(text, "\nNote: {}", escaped(note));
            }
        }
        changed.iter().for_each(|planned| details(planned, &mut text));
        for planned in explained {
            let _ = writeln!(text, "\n{} {}", code(&sign(planned.action).to_string()), titled(planned));
            reasons(planned, &mut text);
        }
        text.push_str("\n</details>\n");
        if text.len() > MAX_TABLE_SIZE {
            text.truncate(before);
            text.push_str("\nThe details are too long for a comment. Run `prefectl plan` to see them.\n");
        }
    }
    lists(plan, &mut text);
    text.truncate(text.trim_end().len());
    text
}

/// Appends the resources that `--prune` keeps, the steps and the findings of a plan.
fn lists(plan: &Plan, text: &mut String) {
    if !plan.kept.is_empty() {
        text.push_str("\nKept although no longer declared:\n\n");
        let item = |kept: &PlannedKept| {
            format!("- {}: {}\n", code(&format!("{} {}", kept.kind.name(), kept.name)), escaped(&kept.reason))
        };
        rows(plan.kept.iter().map(item), MAX_KEPT_SIZE, text);
    }
    if !plan.steps.is_empty() {
        text.push_str("\nSteps to run:\n\n");
        rows(plan.steps.iter().map(step), MAX_STEPS_SIZE, text);
    }
    if !plan.findings.is_empty() {
        text.push_str("\nFindings:\n\n");
        rows(plan.findings.iter().map(finding), MAX_FINDINGS_SIZE, text);
    }
}

/// Formats a step as a list item.
fn step(step: &PlannedStep) -> String {
    let place = step.place.as_ref().map(|place| format!(" ({})", code(place))).unwrap_or_default();
    let users: Vec<String> = step.deployments.iter().map(|name| code(name)).collect();
    let users = names::first_of(&users, names::SHOWN);
    format!("- {} {}{place} for {users}\n", step.section, code(&step.name))
}

/// Formats a finding as a list item.
fn finding(finding: &Json) -> String {
    let part = |key: &str| finding.get(key).and_then(Json::as_str).unwrap_or_default();
    let line = finding.get("line").and_then(Json::as_u64);
    let place = line.map(|line| format!(" ({})", code(&format!("{}:{line}", part("file")))));
    let message = part("message");
    let end = message.floor_char_boundary(MAX_MESSAGE_SIZE);
    let omitted = if end < message.len() { "..." } else { "" };
    let message = escaped(&message[..end]);
    format!("- {}: {message}{omitted}{}\n", part("severity"), place.unwrap_or_default())
}

/// Appends table rows or list items until the text exceeds `max_size` bytes. If rows are omitted, also appends their
/// number.
pub(in crate::commands) fn rows(
    mut rows: impl ExactSizeIterator<Item = String>,
    max_size: usize,
    text: &mut String,
) {
    while text.len() < max_size {
        let Some(row) = rows.next() else { return };
        text.push_str(&row);
    }
    if rows.len() > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\nand {} more", rows.len());
    }
}

fn row(title: &str, action: Action, changes: &[PlannedChange]) -> String {
    let mut fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
    fields.dedup();
    let what = match action {
        Action::Update => fields.into_iter().map(code).collect::<Vec<_>>().join(", "),
        action => word(action).to_owned(),
    };
    format!("| {} | {title} | {what} |\n", code(&sign(action).to_string()))
}

/// Appends the differences of a deployment or resource. `title` is already formatted as Markdown.
fn differences(title: &str, action: Action, changes: &[PlannedChange], text: &mut String) {
    let lines: Vec<String> = changes.iter().flat_map(lines).collect();
    let longest_row = lines.iter().map(|line| longest_row(line, '`')).max().unwrap_or_default();
    let fence = "`".repeat(longest_row.max(2) + 1);
    let _ = writeln!(text, "\n{} {title}\n\n{fence}diff", code(&sign(action).to_string()));
    for line in lines {
        // GitHub highlights lines that start with `!` as changed.
        let line = line.strip_prefix('~').map_or_else(|| line.clone(), |rest| format!("!{rest}"));
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{fence}");
}

/// Appends the reasons for selecting a deployment.
fn reasons(planned: &PlannedDeployment, text: &mut String) {
    for reason in &planned.selected_by {
        let _ = writeln!(text, "\nSelected by {}", escaped(&reason.to_string()));
    }
}

fn details(planned: &PlannedDeployment, text: &mut String) {
    differences(&titled(planned), planned.action, &planned.changes, text);
    reasons(planned, text);
    for retained in &planned.retained {
        let _ = writeln!(text, "\nKept: {}: {}", code(&retained.field), escaped(&retained.reason));
    }
    for line in planned.ignored.iter().flat_map(ignored_lines) {
        let _ = writeln!(text, "\n{}", escaped(&line.replacen("ignored", "Ignored", 1)));
    }
    if let Some(flow) = planned.flow.as_ref().filter(|flow| flow.grade != Grade::Exact) {
        let _ = writeln!(
            text,
            "\nThe parameter schema of the flow is {}: {}",
            flow.grade.name(),
            escaped(&flow.reasons.join("; "))
        );
    }
}

/// Returns the name of a deployment, followed by its file if the command has multiple project files.
fn titled(planned: &PlannedDeployment) -> String {
    let file = planned.file.as_ref().map(|file| format!(" in {}", code(file)));
    code(&planned.name) + &file.unwrap_or_default()
}

/// Formats a string as inline code. `|` is escaped because it would end a table cell.
pub(in crate::commands) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_row(text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", escape::line(text).replace('|', "\\|"))
}

/// Formats a link. `title` is already formatted as Markdown.
pub(in crate::commands) fn link(title: &str, url: &str) -> String {
    let target: String = url.chars().filter(|character| !character.is_control()).collect();
    format!("[{title}](<{}>)", target.replace('<', "%3C").replace('>', "%3E").replace('|', "%7C"))
}

/// Escapes a string for Markdown, so that it is shown literally on one line. An HTML comment separates
/// characters that would otherwise start a link or mention a person.
pub(in crate::commands) fn escaped(text: &str) -> String {
    const SEPARATOR: &str = "<!-- -->";
    let text = escape::line(text);
    let mut escaped = String::new();
    let mut previous = None;
    for (index, character) in text.char_indices() {
        if "\\`*_{}[]<>#|!~&".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        let rest = &text[index + character.len_utf8()..];
        let starts_mention = character == '@' && !previous.is_some_and(char::is_alphanumeric);
        let starts_link = (character == ':' && rest.starts_with("//"))
            || (rest.starts_with('.') && ends_with_www(&escaped));
        if starts_mention || starts_link {
            escaped.push_str(SEPARATOR);
        }
        previous = Some(character);
    }
    escaped
}

fn ends_with_www(text: &str) -> bool {
    text.len()
        .checked_sub(3)
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// Escapes a multi-line message as the content of a list item.
pub(in crate::commands) fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n  ")
}

fn longest_row(text: &str, character: char) -> usize {
    text.split(|other| other != character).map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::{Plan, PlannedDeployment};

    fn updated(new: &str) -> Plan {
        let deployment: PlannedDeployment = serde_json::from_value(json!({
            "name": "hello/a|b", "action": "update", "id": null, "kept": [], "flow": null,
            "changes": [{"field": "description", "old": "old", "new": new}],
            "fingerprint": {"live": "", "desired": ""},
        }))
        .unwrap();
        let document = json!({
            "schema": 1, "api_url": "", "selection": {"entrypoint": null, "all": true, "names": [], "prefect_file": null}, "deployments": [deployment], "findings": [],
            "steps": [{"name": "a.b.build", "id": null, "section": "build", "inputs": {}, "place": "prefect.yaml:3",
                       "deployments": ["hello/a|b"]}],
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn limits_the_size_for_many_deployments() {
        let mut many = updated("new");
        many.deployments = vec![many.deployments[0].clone(); 10_000];
        many.steps = vec![many.steps[0].clone(); 10_000];
        many.steps[0].deployments = vec!["hello/a".to_owned(); 10_000];
        let finding =
            json!({"severity": "warning", "message": "m ".repeat(5_000), "file": "prefect.yaml", "line": 3});
        many.findings = vec![finding; 10_000];
        let text = plan(&many);
        assert!(text.len() < 65_000, "{}", text.len());
        for expected in [
            "\nand 8771 more\n",
            "The details are too long",
            "`hello/a` and 9980 more",
            "\n- warning: m m",
            "m ... (`prefect.yaml:3`)\n",
        ] {
            assert!(text.contains(expected), "{expected}: {}...{}", &text[..200], &text[text.len() - 600..]);
        }
    }

    #[test]
    fn renders_table_and_details() {
        insta::assert_snapshot!(plan(&updated("a ```` b")), @r#"
        ### Plan: 1 to update, 1 step.

        | | Deployment | Change |
        |---|---|---|
        | `~` | `hello/a\|b` | `description` |

        <details><summary>Details</summary>

        `~` `hello/a\|b`

        `````diff
        ! description: "old" -> "a ```` b"
        `````

        </details>

        Steps to run:

        - build `a.b.build` (`prefect.yaml:3`) for `hello/a\|b`
        "#);
    }

    #[test]
    fn shows_the_reasons_of_the_selection() {
        let mut explained = updated("new");
        let reasons = json!([{"option": "--select", "value": "tag:a_*", "details": ["tag 'a_b'"]}]);
        explained.deployments[0].selected_by = serde_json::from_value(reasons).unwrap();
        explained.deployments.push(explained.deployments[0].clone());
        explained.deployments[1].action = Action::Unchanged;
        explained.deployments[1].name = "hello/same".to_owned();
        let text = plan(&explained);
        assert_eq!(text.matches(r"Selected by --select tag:a\_\* (tag 'a\_b')").count(), 2, "{text}");
        assert!(text.contains("\n`=` `hello/same`\n"), "{text}");
    }

    #[test]
    fn drops_details_that_are_too_long() {
        let text = plan(&updated(&"x ".repeat(40_000)));
        assert!(text.len() < MAX_FINDINGS_SIZE && text.contains("description"), "values are cut");
        let mut long = updated("x");
        long.deployments = vec![long.deployments[0].clone(); 1_000];
        let text = plan(&long);
        assert!(text.contains("too long for a comment") && !text.contains("<details>"));
    }

    #[test]
    fn escapes_markdown() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a\r\n```\nb|"), r"````a\r\n```\nb\|````");
        for (text, expected) in [
            ("<b>*x*", r"\<b\>\*x\*"),
            ("a\n# b", r"a\\n\# b"),
            ("tag:a app@sha256:x", "tag:a app@sha256:x"),
            (
                "@octocat (@a/b) http://h www.h",
                "@<!-- -->octocat (@<!-- -->a/b) http:<!-- -->//h www<!-- -->.h",
            ),
            ("new.x w.y", "new.x w.y"),
            ("[a](b) ![c](d) &amp;", r"\[a\](b) \!\[c\](d) \&amp;"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        assert_eq!(link("`a`", "http://h/>)|\n![x](y)"), "[`a`](<http://h/%3E)%7C![x](y)>)");
    }
}
