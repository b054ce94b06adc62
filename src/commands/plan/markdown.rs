//! A plan for the comment of a pull request, and for the summary of a job on GitHub.

use std::fmt::Write as _;

use super::text::{lines, sign, summary, word};
use crate::{
    names,
    plan::{Action, Plan, PlannedDeployment},
};

/// GitHub takes comments of 65,536 characters; what is longer loses its details.
const LONGEST: usize = 60_000;
/// This leaves room for steps and findings after the table.
const LONGEST_TABLE: usize = 50_000;

pub(super) fn plan(plan: &Plan) -> String {
    let changed: Vec<&PlannedDeployment> =
        plan.deployments.iter().filter(|one| one.action != Action::Unchanged).collect();
    let mut text = format!("### {}\n", summary(plan));
    if !changed.is_empty() {
        text.push_str("\n| | Deployment | What |\n|---|---|---|\n");
        rows(changed.iter().map(|one| row(one)), LONGEST_TABLE, &mut text);
        let before = text.len();
        text.push_str("\n<details><summary>Details</summary>\n");
        changed.iter().for_each(|one| details(one, &mut text));
        text.push_str("\n</details>\n");
        if text.len() > LONGEST {
            text.truncate(before);
            text.push_str("\nThe details are too long for a comment; `prefectl plan` shows them.\n");
        }
    }
    if !plan.steps.is_empty() {
        text.push_str("\nSteps that would run:\n\n");
        for step in &plan.steps {
            let place = step.place.as_ref().map(|place| format!(" ({})", code(place))).unwrap_or_default();
            let users: Vec<String> = step.deployments.iter().map(|name| code(name)).collect();
            // A `String` takes everything.
            let _ = writeln!(
                text,
                "- {} {}{place} for {}",
                step.section,
                code(&step.name),
                names::first_of(&users, names::SHOWN)
            );
        }
    }
    if !plan.findings.is_empty() {
        text.push_str("\nFindings:\n\n");
        for finding in &plan.findings {
            let part = |key: &str| finding.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
            let line = finding.get("line").and_then(serde_json::Value::as_u64);
            let place = line.map(|line| format!(" ({})", code(&format!("{}:{line}", part("file")))));
            let message = part("message").replace('\n', " ");
            let _ =
                writeln!(text, "- {}: {}{}", part("severity"), escaped(&message), place.unwrap_or_default());
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The rows of a table, until the text is longer than `longest`, and how many more there are.
pub(in crate::commands) fn rows(
    mut rows: impl ExactSizeIterator<Item = String>,
    longest: usize,
    text: &mut String,
) {
    while text.len() < longest {
        let Some(row) = rows.next() else { return };
        text.push_str(&row);
    }
    if rows.len() > 0 {
        // A `String` takes everything.
        let _ = writeln!(text, "\nand {} more", rows.len());
    }
}

fn row(one: &PlannedDeployment) -> String {
    let mut fields: Vec<&str> = one.changes.iter().map(|change| change.field.as_str()).collect();
    fields.dedup();
    let what = match one.action {
        Action::Update => fields.into_iter().map(code).collect::<Vec<_>>().join(", "),
        action => word(action).to_owned(),
    };
    format!("| {} | {} | {} |\n", code(&sign(one.action).to_string()), code(&one.name), what)
}

fn details(one: &PlannedDeployment, text: &mut String) {
    let lines: Vec<String> = one.changes.iter().flat_map(lines).map(|line| line.replace('\n', " ")).collect();
    let longest_row = lines.iter().map(|line| longest_row(line, '`')).max().unwrap_or_default();
    let fence = "`".repeat(longest_row.max(2) + 1);
    let _ = writeln!(text, "\n{} {}\n\n{fence}diff", code(&sign(one.action).to_string()), code(&one.name));
    for line in lines {
        // `!` is what GitHub colours as a change.
        let line = line.strip_prefix('~').map_or_else(|| line.clone(), |rest| format!("!{rest}"));
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{fence}");
    for retained in &one.retained {
        let _ = writeln!(text, "\nKept: {}: {}", code(&retained.field), escaped(&retained.reason));
    }
    if let Some(flow) = one.flow.as_ref().filter(|flow| flow.grade != "exact") {
        let _ = writeln!(
            text,
            "\nThe flow's parameters are {}: {}",
            flow.grade,
            escaped(&flow.reasons.join("; "))
        );
    }
}

/// A text as code, whatever is in it; a bar would end a cell of a table even there.
pub(in crate::commands) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_row(text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace('\n', " "))
}

/// A sentence with nothing in it that Markdown would act on.
pub(in crate::commands) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if "\\`*_{}[]<>#|!~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
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
    fn a_monorepo_fits_in_a_comment() {
        let mut many = updated("new");
        many.deployments = vec![many.deployments[0].clone(); 10_000];
        many.steps[0].deployments = vec!["hello/a".to_owned(); 10_000];
        let text = plan(&many);
        assert!(text.len() < LONGEST, "{}", text.len());
        for expected in ["\nand 8719 more\n", "The details are too long", "`hello/a` and 9980 more"] {
            assert!(text.contains(expected), "{expected}: {}...{}", &text[..200], &text[text.len() - 600..]);
        }
    }

    #[test]
    fn a_comment_has_a_table_and_the_details() {
        insta::assert_snapshot!(plan(&updated("a ```` b")), @r#"
        ### Plan: 1 to update, 1 step.

        | | Deployment | What |
        |---|---|---|
        | `~` | `hello/a\|b` | `description` |

        <details><summary>Details</summary>

        `~` `hello/a\|b`

        `````diff
        ! description: "old" -> "a ```` b"
        `````

        </details>

        Steps that would run:

        - build `a.b.build` (`prefect.yaml:3`) for `hello/a\|b`
        "#);
    }

    #[test]
    fn too_long_a_comment_loses_its_details() {
        let text = plan(&updated(&"x ".repeat(40_000)));
        assert!(text.len() < LONGEST && text.contains("description"), "a value is cut");
        let mut long = updated("x");
        long.deployments = vec![long.deployments[0].clone(); 1_000];
        let text = plan(&long);
        assert!(text.contains("too long for a comment") && !text.contains("<details>"));
    }

    #[test]
    fn nothing_of_a_value_is_markup() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(escaped("<b>*x*"), r"\<b\>\*x\*");
    }
}
