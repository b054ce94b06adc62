//! Tests, with the real Python and Prefect, of flows that must be imported because their source does not determine the
//! schema.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, required_env};

/// A flow with a parameter type that is computed at import.
const COMPUTED: &str = r#"from typing import Literal

from prefect import flow

Word = Literal[tuple(sorted(word.upper() for word in open(__file__).readline().split()[:2]))]


@flow
def computed(word: Word = "FROM"):
    """Says a word."""
    print("what a flow prints while it is imported is no result")
"#;

#[test]
#[ignore = "needs services: run tests/run"]
fn import_supplies_what_the_source_does_not_determine() -> Result<()> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let python = std::path::Path::new(&reference).with_file_name("python").display().to_string();
    let sandbox = Sandbox::new()?;
    sandbox.file("computed.py", format!("{COMPUTED}\n\nprint('noise')\n"))?;
    let inspect = |entrypoint: &str, flags: &[&str]| -> Result<Value> {
        let words = [&["flow", "inspect", entrypoint, "--output", "json"], flags].concat();
        sandbox.run_words(&words)?.success()?.json()
    };
    let word = |document: &Value| document["parameter_openapi_schema"]["properties"]["word"].clone();

    let asked = inspect("computed.py:computed", &["--python", &python])?;
    assert_eq!((&asked["grade"], &asked["reasons"]), (&json!("exact"), &json!([])));
    let expected = json!({"enum": ["FROM", "TYPING"], "type": "string", "title": "word", "position": 0, "default": "FROM"});
    assert_eq!(word(&asked), expected);

    for flags in [&["--no-python"][..], &["--python", &python, "--python-schema", "never"]] {
        let read = inspect("computed.py:computed", flags)?;
        assert_eq!(read["grade"], json!("approximate"), "{flags:?}");
        assert_eq!(word(&read)["enum"], Value::Null, "{flags:?}");
        assert_eq!(read["description"], asked["description"]);
    }

    // If static analysis succeeds, the import has the same result.
    let always = inspect("flow.py:hello", &["--python", &python, "--python-schema", "always"])?;
    assert_eq!(always, inspect("flow.py:hello", &["--no-python"])?);
    let missing = ["flow", "inspect", "computed.py:computed", "--python", "missing/python"];
    let missing = sandbox.run_words(&missing)?.success()?;
    let why = "[PROJECT]/missing/python (--python): cannot be started: no such file or directory";
    assert!(missing.to_string().contains(why), "{missing}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploy_imports_flows_whose_source_is_not_sufficient() -> Result<()> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let api = Api::from_env()?;
    let python = std::path::Path::new(&reference).with_file_name("python").display().to_string();
    let sandbox = api.sandbox(
        "deployments: [{name: one, entrypoint: 'computed.py:computed', work_pool: {name: pool-UNIQUE}}]\n",
    )?;
    sandbox.file("computed.py", COMPUTED.replace("@flow", "@flow(name=\"computed-UNIQUE\")"))?;
    let words = |flags: &[&str]| -> Result<Value> {
        sandbox.run_words(&[&["deploy", "-n", "one"], flags].concat()).and_then(Output::success)?;
        let deployed = api.existing(&sandbox, "computed-UNIQUE/one")?;
        Ok(deployed["parameter_openapi_schema"]["properties"]["word"]["enum"].clone())
    };
    let (unknown, known) = (Value::Null, json!(["FROM", "TYPING"]));
    assert_eq!(words(&["--no-python"])?, unknown);
    assert_eq!(words(&["--python", &python])?, known);
    assert_eq!(words(&["--python", &python, "--python-schema", "never"])?, unknown);
    assert_eq!(words(&["--python", &python, "--python-schema", "always"])?, known);
    Ok(())
}

/// A flow whose module cannot be imported, and whose decorator is computed.
const UNIMPORTABLE: &str = r#"import operator

import absent_vendor_lib
from prefect import flow

make = operator.itemgetter(0)([flow])(name="vendor-UNIQUE")


@make
def vendor(limit: int = 3):
    """Loads orders."""
    absent_vendor_lib.load(limit)
"#;

#[test]
#[ignore = "needs services: run tests/run"]
fn reads_flows_that_cannot_be_imported_like_prefect() -> Result<()> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let python = std::path::Path::new(&reference).with_file_name("python").display().to_string();
    let sandbox = Sandbox::new()?;
    sandbox.file("vendor.py", UNIMPORTABLE)?;
    let words = ["flow", "inspect", "vendor.py:vendor", "--output", "json", "--python", &python];
    let output = sandbox.run_words(&words)?.success()?;
    assert!(output.stderr.contains("No module named 'absent_vendor_lib'"), "{output}");
    let document = output.json()?;
    assert_eq!(document["flow_name"], json!(sandbox.unique("vendor-UNIQUE")));
    let limit = json!({"type": "integer", "default": 3, "title": "limit", "position": 0});
    assert_eq!(document["parameter_openapi_schema"]["properties"]["limit"], limit);
    Ok(())
}
