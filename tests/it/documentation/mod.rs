//! Tests the documentation: the command reference matches the program, links lead to existing pages, and the
//! documented commands print what the pages show.
//!
//! The info string of a code block determines how the tests use the block:
//!
//! - `yaml prefect.yaml`: a file, written to the page's project before the commands below it run
//! - `console`: commands after `$ `, which Bash runs in that project, and their output. `...` stands for any
//!   text. A command that fails is followed by `echo $?`.
//! - `console server`: like `console`, with a server
//! - any other block is not run

#![cfg(unix)] // the commands are written for Bash

mod book;

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use crate::support::{Api, Sandbox, program, required_env};
use book::{Block, Page, book, readme};

/// The names that the pages register on the server. No other test uses them.
const FLOW: &str = "hello";
const POOLS: [&str; 2] = ["kubernetes", "process"];
/// Paths of other objects that the pages declare.
const DECLARED: [&str; 3] = [
    "/variables/name/region",
    "/variables/name/prefectl-secret-secret--warehouse-token",
    "/v2/concurrency_limits/warehouse",
];

/// Runs its arguments sequentially. Prints each exit code between two separator characters.
const RUN_ALL: &str = r#"
exec 2>&1
code=0
for command; do
  (exit "$code")
  eval "$command"
  code=$?
  printf '\036%d\036' "$code"
done
"#;

#[test]
#[ignore = "needs services: run tests/run"]
fn command_reference_matches_the_executable() -> Result<()> {
    let prefect = required_env("PREFECTL_TEST_REFERENCE")?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let written = tempfile::tempdir()?;
    let python = Path::new(&prefect).with_file_name("python");
    let status =
        Command::new(python).arg(docs.join("generate")).arg(program()).arg(written.path()).status()?;
    ensure!(status.success(), "docs/generate ended with {status}");
    let mut pages = 0;
    for page in fs::read_dir(written.path())? {
        let page = page?;
        let [now, committed] = [page.path(), docs.join("src/reference").join(page.file_name())];
        let is_same = fs::read_to_string(now)? == fs::read_to_string(&committed)?;
        assert!(is_same, "{} is not what docs/generate writes: run it", committed.display());
        pages += 1;
    }
    assert_eq!(pages, fs::read_dir(docs.join("src/reference"))?.count());
    Ok(())
}

#[test]
fn links_of_the_book_exist() -> Result<()> {
    let pages = book()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    let mut broken = Vec::new();
    for page in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://")) {
            let (path, anchor) =
                link.split_once('#').map_or((&**link, None), |(path, anchor)| (path, Some(anchor)));
            let target = page.target(path);
            if anchor.is_none() && folder.join(&target).is_file() && target.extension() != Some("md".as_ref())
            {
                continue;
            }
            let found = pages.iter().find(|page| page.path == target);
            if !found.is_some_and(|found| anchor.is_none_or(|anchor| found.anchors.contains(anchor))) {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));

    let summary = pages.iter().find(|page| page.path == Path::new("SUMMARY.md")).context("no SUMMARY.md")?;
    for page in pages.iter().filter(|page| page.path != summary.path) {
        let is_listed = summary.links.iter().any(|link| Path::new(link) == page.path);
        assert!(is_listed, "{} is not in SUMMARY.md", page.path.display());
    }
    Ok(())
}

/// mdBook does not show the info string of a code block.
#[test]
fn code_blocks_of_files_have_the_file_name_above() -> Result<()> {
    for page in book()?.into_iter().chain([readme()?]) {
        for block in page.blocks {
            let file = block.info.split_once(' ').filter(|(kind, _)| *kind != "console");
            if let Some((_, file)) = file {
                assert_eq!(block.caption.as_deref(), Some(file), "in {}", page.path.display());
            }
        }
    }
    Ok(())
}

#[test]
fn links_of_the_readme_exist() -> Result<()> {
    let readme = readme()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for link in readme.links.iter().filter(|link| !link.contains("://")) {
        let path = link.split_once('#').map_or(link.as_str(), |(path, _)| path);
        assert!(root.join(path).exists(), "README.md links to {path}, which does not exist");
    }
    Ok(())
}

#[test]
fn readme_has_at_most_130_lines() -> Result<()> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))?;
    assert!(text.lines().count() <= 130);
    Ok(())
}

#[test]
fn commands_without_a_server_print_what_the_pages_show() -> Result<()> {
    run_pages(None)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn all_commands_print_what_the_pages_show() -> Result<()> {
    let api = Api::from_env()?;
    run_pages(Some(&api))
}

/// Runs the commands of all pages. Without an API, skips blocks marked `server`.
fn run_pages(api: Option<&Api>) -> Result<()> {
    let remove_leftovers = || api.map_or(Ok(()), forget);
    let mut failures = Vec::new();
    for page in book()?.into_iter().chain([readme()?]) {
        remove_leftovers()?;
        if let Err(error) = run_page(&page, api) {
            failures.push(format!("{}: {error:?}", page.path.display()));
        }
    }
    remove_leftovers()?;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Deletes everything that the commands of a page left on the server.
fn forget(api: &Api) -> Result<()> {
    let flows = api.post("/flows/filter", &json!({"flows": {"name": {"any_": [FLOW]}}}))?;
    for flow in flows.as_array().context("a list")? {
        api.delete(&format!("/flows/{}", flow["id"].as_str().context("an id")?))?;
    }
    let automations =
        api.post("/automations/filter", &json!({"automations": {"name": {"any_": ["after-load"]}}}))?;
    for automation in automations.as_array().context("a list")? {
        api.delete(&format!("/automations/{}", automation["id"].as_str().context("an id")?))?;
    }
    let block = api.get("/block_types/slug/secret/block_documents/name/warehouse-token")?;
    if let Some(id) = block.as_ref().and_then(|block| block["id"].as_str()) {
        api.delete(&format!("/block_documents/{id}"))?;
    }
    DECLARED.iter().try_for_each(|path| api.delete(path))?;
    POOLS.iter().try_for_each(|pool| api.delete(&format!("/work_pools/{pool}")))
}

/// Writes the files and runs the commands of a page, in order.
fn run_page(page: &Page, api: Option<&Api>) -> Result<()> {
    let sandbox = Sandbox::new()?;
    fs::remove_file(sandbox.directory().join("flow.py"))?;
    for block in &page.blocks {
        match (block.info.split_once(' '), api) {
            (None, _) if block.info == "console" => run_block(&sandbox, block, None)?,
            (Some(("console", "server")), Some(api)) => run_block(&sandbox, block, Some(api))?,
            (Some(("console", "server")), None) | (None, _) => {}
            (Some((_, file)), _) => sandbox.file(file, &block.text)?,
        }
    }
    Ok(())
}

/// Runs the commands of a block and compares their output with the documented output.
fn run_block(sandbox: &Sandbox, block: &Block, api: Option<&Api>) -> Result<()> {
    let commands = block.commands()?;
    let lines: Vec<&str> = commands.iter().map(|command| &*command.line).collect();
    let mut bash = sandbox.bash(RUN_ALL, &lines)?;
    bash.envs(api.map(|api| ("PREFECT_API_URL", api.url())));
    let output = String::from_utf8(bash.output().context("cannot run bash")?.stdout)?;
    let ends: Vec<&str> = output.split('\u{1e}').collect();
    ensure!(ends.len() == 2 * commands.len() + 1, "not all commands were run:\n{output}");
    for (number, command) in commands.iter().enumerate() {
        let (printed, code) = (without_retries(ends[2 * number]), ends[2 * number + 1]);
        let is_expected = commands.get(number + 1).is_some_and(|next| next.line == "echo $?");
        ensure!(code == "0" || is_expected, "`{}` ended with {code}:\n{printed}", command.line);
        if !command.shown.is_empty() && !matches(&command.shown, printed.trim_end()) {
            bail!("`{}` shows:\n{}\n--- but printed:\n{printed}", command.line, command.shown);
        }
    }
    Ok(())
}

/// Removes messages about retries: a server on SQLite is sometimes busy.
fn without_retries(printed: &str) -> String {
    printed.split_inclusive('\n').filter(|line| !line.contains("; retrying in ")).collect()
}

/// Checks whether the output matches a pattern. `...` matches any text. On a separate line, `...` matches any
/// number of lines.
fn matches(shown: &str, printed: &str) -> bool {
    if shown.strip_suffix("\n...").is_some_and(|start| matches(start, printed)) {
        return true;
    }
    let shown = shown.replace("...\n", "...");
    let mut parts = shown.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn ellipsis_matches_any_text() {
    for (shown, printed, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a...", "ab\nc", true),
        ("...c", "ab\nc", true),
        ("a...b...c", "a-b-c", true),
        ("a...x...c", "a-b-c", false),
        ("a...c", "b-c", false),
        ("...b", "b-c", false),
        ("...\nb\n...\nc", "b\nc", true),
        ("a\n...\nc", "a\nb\nx", false),
        ("a\n...", "a", true),
        ("a\n...", "a\nb", true),
    ] {
        assert_eq!(matches(shown, printed), expected, "{shown:?} and {printed:?}");
    }
}
