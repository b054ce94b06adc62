//! Tests of the HTML plan in a real browser.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::support::{MockApi, Output, Sandbox, required_env};

/// Markup that changes the title of the page if the browser interprets it.
const HOSTILE: &str =
    "</script></style></title><img src=x onerror=document.title=1><script>document.title=1</script>";

/// Returns a project with `count` deployments of two flows. Some deployments share two steps, and one description
/// contains the [`HOSTILE`] markup.
fn project(count: usize, version: usize) -> String {
    let mut text = "build:\n- prefect.deployments.steps.run_shell_script: {id: hash, script: echo v1}\n\
                    - prefect.deployments.steps.run_shell_script: {id: stamp, script: date}\n\
                    pull: []\ndeployments:\n"
        .to_owned();
    for number in 0..count {
        let flow = if number % 2 == 0 { "hello" } else { "goodbye" };
        let version = if number % 3 == 0 { 0 } else { version };
        let _ = write!(
            text,
            "- name: region-{number}\n  entrypoint: flow.py:{flow}\n  version: 'v{version}'\n  \
             description: |-\n    Loads the data of region {number}.\n    {}\n  \
             work_pool: {{name: pool, job_variables: {{env: {{STAGE: 'v{version}', API_TOKEN: 'do-not-show-{version}'}}}}}}\n  \
             tags: [nightly, '{}']\n",
            if number == 1 { HOSTILE } else { "Every night." },
            if number % 5 == 0 { "{{ hash.stdout }}" } else { "fixed" },
        );
        if number % 5 > 1 {
            text.push_str("  build: null\n");
        }
    }
    text
}

/// Returns the HTML plan for deployments that are partly new, changed and unchanged.
fn page(count: usize) -> Result<String> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), &project(count - count / 4, 0))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    sandbox.file("prefect.yaml", project(count, 1))?;
    Ok(sandbox.run("plan --all --output html --quiet")?.success()?.stdout)
}

struct Browser {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser at the path in `PREFECTL_TEST_CHROMIUM`.
    fn from_env() -> Result<Self> {
        let program = required_env("PREFECTL_TEST_CHROMIUM")?;
        Ok(Self { program: program.into(), folder: tempfile::tempdir()? })
    }

    /// Opens a page and returns the browser's output.
    fn open(&self, page: &str, arguments: &[&str]) -> Result<String> {
        let file = self.folder.path().join("plan.html");
        fs::write(&file, page)?;
        let profile = tempfile::tempdir_in(self.folder.path())?;
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments)
            .arg(format!("file://{}", file.display()))
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Returns the document after the scripts of the page have run.
    fn document(&self, page: &str) -> Result<String> {
        self.open(page, &["--dump-dom", "--virtual-time-budget=2000"])
    }
}

/// Appends a script to the page and removes the content security policy that would forbid it.
fn doing(page: &str, script: &str) -> Result<String> {
    let start = page.find("<meta http-equiv").context("a policy")?;
    let end = start + page[start..].find('>').context("an end")? + 1;
    let page = format!("{}{}", &page[..start], &page[end..]);
    Ok(page.replace("</body>", &format!("<script>{script}</script></body>")))
}

/// Returns the numbers of visible and hidden deployments in a document.
fn shown(document: &str) -> (usize, usize) {
    let starts = document.match_indices("<details class=\"deployment").map(|(at, _)| &document[at..]);
    let tags = starts.filter_map(|rest| rest.split('>').next());
    let (hidden, shown): (Vec<_>, Vec<_>) = tags.partition(|tag| tag.contains("hidden"));
    (shown.len(), hidden.len())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn page_lists_and_filters_deployments() -> Result<()> {
    let browser = Browser::from_env()?;
    let page = page(40)?;
    let document = browser.document(&page)?;
    assert_eq!(shown(&document), (40, 0));
    assert!(
        document.contains("<title>Plan: 10 to create, 22 to update, 8 unchanged, 2 steps.</title>"),
        "{document}"
    );
    assert!(!document.contains("do-not-show"));
    let network = ["src=\"", "url(", "@import", "<link"];
    assert!(network.iter().all(|word| !page.contains(word)), "nothing is loaded");

    let search = |words: &str| {
        let script = format!("search.value = '{words}'; search.dispatchEvent(new Event('input'));");
        anyhow::Ok(shown(&browser.document(&doing(&page, &script)?)?))
    };
    assert_eq!(search("Region-7")?, (1, 39));
    assert_eq!(search("hello version")?, (15, 25), "all words, in names and fields");
    assert_eq!(search("no such thing")?, (0, 40));
    let without_updates = "document.querySelector('button.update').click();";
    assert_eq!(shown(&browser.document(&doing(&page, without_updates)?)?), (18, 22));
    let open = "document.getElementById('open').click();";
    let opened = browser.document(&doing(&page, open)?)?;
    assert_eq!(opened.matches(" open=\"\"").count(), 40);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn page_never_interprets_values_as_markup() -> Result<()> {
    let browser = Browser::from_env()?;
    let page = page(8)?;
    let untouched =
        |document: &str| document.contains("<title>Plan: ") && document.contains("<p id=\"tools\">");
    let document = browser.document(&page)?;
    assert!(untouched(&document) && !document.contains("<img"), "{document}");
    // The content security policy blocks unescaped markup in the page.
    let broken = page.replace("<main>", &format!("<main><div title='{HOSTILE}'></div>{HOSTILE}"));
    let document = browser.document(&broken)?;
    assert!(untouched(&document) && document.contains("<img"), "{document}");
    // Without the policy, the browser interprets the same markup. This proves that the test can fail.
    let document = browser.document(&doing(&broken, "")?)?;
    assert!(!untouched(&document), "{document}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn page_renders_without_errors() -> Result<()> {
    let browser = Browser::from_env()?;
    let page = page(40)?;
    for (name, arguments) in [
        ("plan-light.png", vec!["--window-size=1200,1600"]),
        (
            "plan-dark.png",
            vec!["--window-size=1200,1600", "--force-dark-mode", "--blink-settings=preferredColorScheme=0"],
        ),
        ("plan-narrow.png", vec!["--window-size=500,1200"]),
    ] {
        let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let screenshot = format!("--screenshot={}", picture.display());
        browser.open(&page, &[&[screenshot.as_str()], arguments.as_slice()].concat())?;
        let picture = fs::read(picture)?;
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 30_000, "{name}: {} bytes", picture.len());
    }
    Ok(())
}
