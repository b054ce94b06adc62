//! Tests of resources that several project files declare.

use anyhow::Result;

use crate::support::Sandbox;

const PROJECT: &str = "\
prefectl:
  work_pools: [{name: shared, type: process, queues: [{name: high}]}]
  variables: {region: eu}
";

const OTHER: &str = "\
prefectl:
  variables: {region: us}
  work_pools:
  - {name: shared, type: process, queues: [{name: high}]}
";

#[test]
fn names_both_files_of_a_duplicate() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("services/a/prefect.yaml", PROJECT)?;
    sandbox.file("services/b/prefect.yaml", OTHER)?;
    let output = sandbox.run("check services/a/prefect.yaml services/b/prefect.yaml --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    for line in [
        "error[duplicate-resource]: work pool 'shared' is already declared at services/a/prefect.yaml:2",
        " --> services/b/prefect.yaml:4:5",
        "error[duplicate-resource]: work queue 'shared/high' is already declared at services/a/prefect.yaml:2",
        " --> services/b/prefect.yaml:4:44",
        "error[duplicate-resource]: variable 'region' is already declared at services/a/prefect.yaml:3",
        " --> services/b/prefect.yaml:2:23",
    ] {
        assert!(output.stderr.contains(line), "{line}: {output}");
    }
    Ok(())
}
