//! Tests of previews that coexist with other previews, projects and deployments.

use super::*;

/// The copies of two projects have different records, although the previews have the same name.
#[test]
#[ignore = "needs services: run tests/run"]
fn previews_of_projects_are_separate() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let other = [("PREFECTL_PROJECT", sandbox.unique("other-UNIQUE"))];
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run_with(&other, "deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let listed = sandbox.run_with(&other, "preview ls --output json")?.success()?.json()?;
    assert_eq!(listed["previews"].as_array().map(Vec::len), Some(1), "{listed}");
    let name = &listed["previews"][0]["deployments"][0]["name"];
    assert_eq!(name, &json!(sandbox.unique("goodbye-UNIQUE/leave--pr-UNIQUE")));
    sandbox.run_with(&other, "preview prune --older-than 0d --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn previews_require_a_project_id() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    insta::allow_duplicates! {
    for command in [
        "deploy --all --preview pr-UNIQUE",
        "plan --all --preview pr-UNIQUE",
        "preview ls",
        "preview delete pr-UNIQUE --yes --ignore-missing",
        "preview prune --older-than 1d --yes",
    ] {
        let output = sandbox.run(command)?;
        assert_output!(output, @r"
        exit 2
        --- stderr
        error: a preview requires a project ID
        help: set the ID with --project, PREFECTL_PROJECT, or `prefectl.project` in prefect.toml
        ");
    }
    anyhow::Ok(())
    }?;
    sandbox.run("plan --all --preview pr-UNIQUE --project own-UNIQUE --out plan.json --quiet")?.success()?;
    assert_eq!(sandbox.run("deploy --plan plan.json")?.code, 2);
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

/// A deployment that has the name of a copy, but not the tag, is neither overwritten nor deleted.
#[test]
#[ignore = "needs services: run tests/run"]
fn previews_keep_deployments_that_are_not_copies() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.file("other.yaml", PROJECT.replace("daily\n", "daily--pr-UNIQUE\n"))?;
    sandbox.run("deploy -n daily* --prefect-file other.yaml --quiet").and_then(Output::success)?;
    insta::allow_duplicates! {
    for command in ["deploy", "plan"] {
        let output = sandbox.run(&format!("{command} --all --preview pr-UNIQUE --quiet"))?;
        assert_output!(output, @r"
        exit 1
        --- stderr
        error: deployment 'hello-UNIQUE/daily--pr-UNIQUE' already exists and does not have the tag 'preview:pr-UNIQUE'
        help: nothing was registered; choose a different name for the preview, or rename the deployment
        ");
    }
    anyhow::Ok(())
    }?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let mut value = api.get(&record(&sandbox))?.context("no record")?["value"].take();
    let names = value["deployments"].as_array_mut().context("a list")?;
    assert_eq!(names, &[json!(sandbox.unique("goodbye-UNIQUE/leave--pr-UNIQUE"))]);
    names.push(json!(sandbox.unique("hello-UNIQUE/daily--pr-UNIQUE")));
    api.patch(&record(&sandbox), &json!({"value": value}))?;
    let output = sandbox.run("preview delete pr-UNIQUE --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted 1 preview with 1 deployment.
    --- stderr
    deployment 'hello-UNIQUE/daily--pr-UNIQUE' is kept: it does not have the tag 'preview:pr-UNIQUE'
    To be deleted: pr-UNIQUE
      goodbye-UNIQUE/leave--pr-UNIQUE
    ");
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    Ok(())
}

/// A damaged record stops the deploy of its preview before any write, but does not affect other previews.
#[test]
#[ignore = "needs services: run tests/run"]
fn damaged_preview_record_affects_only_its_preview() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    api.patch(&record(&sandbox), &json!({"value": "hello"}))?;
    insta::allow_duplicates! {
    for command in [
        "deploy --all --preview pr-UNIQUE --quiet",
        "plan --all --preview pr-UNIQUE --quiet",
        "preview delete pr-UNIQUE --yes",
    ] {
        let output = sandbox.run(command)?;
        assert_output!(output, @r"
        exit 1
        --- stderr
        error: the record of preview 'pr-UNIQUE' in variable 'prefectl-preview-own-UNIQUE--pr-UNIQUE' is damaged
        help: correct the variable, or delete it with `prefectl variable delete prefectl-preview-own-UNIQUE--pr-UNIQUE` and deploy the preview again to record its deployments
        ");
    }
    anyhow::Ok(())
    }?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("deploy -n leave --preview other-UNIQUE --quiet").and_then(Output::success)?;
    let output = sandbox.run("preview prune --older-than 0d --yes")?.success()?;
    assert!(output.stderr.contains("is damaged; correct the variable"), "{output}");
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    // The record can be restored, although the deployment is unchanged.
    api.delete(&record(&sandbox))?;
    sandbox.run("deploy --all --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn concurrent_deploys_of_a_preview_are_all_recorded() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let deploys = ["daily", "leave"]
        .map(|name| sandbox.start(&format!("deploy -n {name} --preview pr-UNIQUE --quiet")));
    for deploy in deploys {
        assert!(deploy?.wait()?.success());
    }
    assert_eq!(deployments(&api, &sandbox)?.len(), 2);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

/// A copy does not overwrite a different deployment that the project declares.
#[test]
#[ignore = "needs services: run tests/run"]
fn declared_name_of_a_copy_is_a_located_error() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let project = PROJECT.replace("- name: leave", "- name: daily--pr").replace("goodbye", "hello");
    sandbox.file("prefect.yaml", &project)?;
    for command in ["deploy -n daily", "plan --all"] {
        let output = sandbox.run(&format!("{command} --preview pr --quiet"))?;
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains("error[preview-name]: deployment 'hello-"), "{output}");
        assert!(output.stderr.contains("--> prefect.yaml:12:9"), "{output}");
    }
    // The same name with a different flow is not a conflict.
    sandbox.file("prefect.yaml", PROJECT.replace("- name: leave", "- name: daily--pr"))?;
    sandbox.run("plan -n daily --preview pr --quiet").and_then(Output::success)?;
    Ok(())
}

/// Another project that has the same flow and deployment does not overwrite or delete the copy.
#[test]
#[ignore = "needs services: run tests/run"]
fn copies_of_another_project_are_not_overwritten() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let other = [("PREFECTL_PROJECT", sandbox.unique("other-UNIQUE"))];
    insta::allow_duplicates! {
    for command in ["deploy", "plan"] {
        let output = sandbox.run_with(&other, &format!("{command} --all --preview pr-UNIQUE --quiet"))?;
        assert_output!(output, @r"
        exit 1
        --- stderr
        error: deployment 'hello-UNIQUE/daily--pr-UNIQUE' belongs to preview 'pr-UNIQUE' of project 'own-UNIQUE'
        help: nothing was registered; choose a different name for the preview, or delete the other preview with `prefectl preview delete pr-UNIQUE --project own-UNIQUE`
        ");
    }
    anyhow::Ok(())
    }?;
    sandbox.run_with(&other, "preview delete pr-UNIQUE --yes --ignore-missing").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    Ok(())
}

/// A copy that cannot be deployed is reported before the first step runs.
#[test]
#[ignore = "needs services: run tests/run"]
fn steps_do_not_run_if_a_copy_cannot_be_deployed() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let step = "build:\n- prefect.deployments.steps.run_shell_script: {id: s, script: touch ran}\n";
    let with_step = format!("{step}{PROJECT}");
    let ran = sandbox.directory().join("ran");
    let fails = |variables: &[(&str, String)], message: &str| -> Result<()> {
        let output = sandbox.run_with(variables, "deploy --all --preview pr-UNIQUE --quiet")?;
        assert_eq!(output.code, 1, "{output}");
        assert!(output.stderr.contains(message) && !ran.exists(), "{output}");
        Ok(())
    };
    sandbox.file("prefect.yaml", PROJECT.replace("daily\n", "daily--pr-UNIQUE\n"))?;
    sandbox.run("deploy -n daily* --quiet").and_then(Output::success)?;
    sandbox.file("prefect.yaml", &with_step)?;
    fails(&[], "already exists and does not have the tag")?;
    sandbox.run("deployment delete hello-UNIQUE/daily--pr-UNIQUE --yes")?.success()?;

    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    std::fs::remove_file(&ran)?;
    fails(&[("PREFECTL_PROJECT", sandbox.unique("other-UNIQUE"))], "belongs to preview")?;
    api.patch(&record(&sandbox), &json!({"value": "hello"}))?;
    fails(&[], "is damaged")?;
    Ok(())
}
