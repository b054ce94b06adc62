//! Tests of the step order of multiple deployments, and of steps that deployments share.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::{FaultServer, Sandbox};

/// Steps of the tests. A script appends its argument to the file `log`.
const DEFINITIONS: &str = "definitions:
- &first {prefect.deployments.steps.run_shell_script: {script: sh log.sh first}}
- &other {prefect.deployments.steps.run_shell_script: {script: sh log.sh other}}
- &shared {prefect.deployments.steps.run_shell_script: {id: shared, script: sh log.sh shared}}
- &enter {prefect.deployments.steps.set_working_directory: {directory: .}}
pull: []
";

const LOG: &str = "echo $1 >> log\necho \"$(wc -l < log)\"\n";

/// Returns a deployment with the given steps.
fn deployment(name: &str, build: &str, push: &str) -> String {
    format!(
        "- {{name: {name}, entrypoint: 'flow.py:hello', build: {build}, push: {push}, work_pool: {{name: pool}}}}\n"
    )
}

/// Returns a list with a script that appends a word to the log.
fn script(word: &str) -> String {
    format!("[{{prefect.deployments.steps.run_shell_script: {{script: sh log.sh {word}}}}}]")
}

/// Returns the words of the log, separated by spaces.
fn log(sandbox: &Sandbox) -> Result<String> {
    Ok(sandbox.read("log")?.trim().replace('\n', " "))
}

/// Returns the name and the deployments of each step in a document.
fn steps(document: &Value, name: &str) -> Vec<Value> {
    let steps = document["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let short =
        |step: &Value| step[name].as_str().and_then(|name| name.rsplit('.').next()).map(str::to_owned);
    steps.iter().map(|step| json!([short(step), step["section"], step["deployments"]])).collect()
}

#[test]
fn steps_of_a_deployment_run_after_all_steps_of_the_previous_deployment() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let copy = |from: &str| {
        format!("[{{prefect.deployments.steps.run_shell_script: {{script: cp {from}.settings settings}}}}]")
    };
    let show = "[{prefect.deployments.steps.run_shell_script: {id: shown, script: cat settings}}]";
    let deployments = ["a", "b"].map(|name| deployment(name, &copy(name), "*show")).concat();
    let project = format!("definitions: {{show: &show {show}}}\npull: []\ndeployments:\n{deployments}");
    sandbox.file("prefect.yaml", project)?;
    sandbox.file("a.settings", "settings of a")?;
    sandbox.file("b.settings", "settings of b")?;
    let document = sandbox.run("steps run --build --push --all --output json")?.success()?.json()?;
    for (index, expected) in ["settings of a", "settings of b"].into_iter().enumerate() {
        let outputs = &document["deployments"][index]["outputs"];
        assert_eq!(outputs["shown"]["stdout"], expected, "{document}");
    }
    Ok(())
}

#[test]
fn steps_of_a_file_run_after_all_steps_of_the_previous_file() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for file in ["one", "two"] {
        let (build, push) = (script(&format!("build-{file}")), script(&format!("push-{file}")));
        let deployment = deployment(file, &build, &push);
        sandbox.file(&format!("{file}/log.sh"), "echo $1 >> ../log\n")?;
        sandbox.file(&format!("{file}/prefect.yaml"), format!("pull: []\ndeployments:\n{deployment}"))?;
        sandbox.file(&format!("{file}/flow.py"), crate::support::FLOWS)?;
    }
    let line = "steps run --build --push --all -f one/prefect.yaml -f two/prefect.yaml";
    sandbox.run(line)?.success()?;
    assert_eq!(log(&sandbox)?, "build-one push-one build-two push-two");
    Ok(())
}

#[test]
fn deployments_share_a_step_after_the_same_steps() -> Result<()> {
    for (a, b, expected) in [
        (("[*first, *shared]", "[]"), ("[*first, *shared]", "[]"), "first shared"),
        (("[*first]", "[*shared]"), ("[*first, *shared]", "[*other]"), "first shared other"),
        (("[*enter, *shared]", "[]"), ("[*enter, *shared]", "[]"), "shared"),
        (("[*first]", "[*shared]"), ("[*other]", "[*shared]"), "first shared other shared"),
        (("[*first, *shared]", "[]"), ("[*shared]", "[]"), "first shared shared"),
        (("[*shared]", "[*shared]"), ("[]", "[*shared]"), "shared shared"),
    ] {
        let server = FaultServer::start()?;
        let deployments = [("a", a), ("b", b)].map(|(name, (build, push))| deployment(name, build, push));
        let project = format!("{DEFINITIONS}deployments:\n{}", deployments.concat());
        let sandbox = Sandbox::for_project(&server.url(), &project)?;
        sandbox.file("log.sh", LOG)?;
        let planned = sandbox.run("plan --all --output json")?.json()?;
        let deployed = sandbox.run("deploy --all --output json")?.success()?.json()?;
        assert_eq!(log(&sandbox)?, expected, "{a:?} {b:?}");
        assert_eq!(steps(&planned, "name"), steps(&deployed, "step"), "{a:?} {b:?}");
    }
    Ok(())
}

#[test]
fn shared_step_has_the_outputs_of_each_run() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let deployments = [deployment("a", "[*first]", "[*shared]"), deployment("b", "[*other]", "[*shared]")];
    sandbox.file("prefect.yaml", format!("{DEFINITIONS}deployments:\n{}", deployments.concat()))?;
    sandbox.file("log.sh", LOG)?;
    let document = sandbox.run("steps run --build --push --all --output json")?.success()?.json()?;
    let shown = |index: usize| document["deployments"][index]["outputs"]["shared"]["stdout"].clone();
    assert_eq!([shown(0), shown(1)], ["2", "4"], "{document}");
    Ok(())
}

#[test]
fn no_step_runs_after_a_failed_step() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let deployments = ["a", "b", "c"].map(|name| {
        let (build, push) = (script(&format!("build-{name}")), script(&format!("push-{name}")));
        deployment(name, &build, &push)
    });
    sandbox.file("prefect.yaml", format!("pull: []\ndeployments:\n{}", deployments.concat()))?;
    sandbox.file("log.sh", "echo $1 >> log\ntest $1 != build-b\n")?;
    let output = sandbox.run("steps run --build --push --all")?;
    assert_eq!(output.code, 7, "{output}");
    assert_eq!(log(&sandbox)?, "build-a push-a build-b");
    Ok(())
}

#[test]
fn progress_names_the_section_of_each_step() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let deployments =
        ["a", "b"].map(|name| deployment(name, &script(name), &script(&format!("{name}-pushed"))));
    sandbox.file("prefect.yaml", format!("pull: []\ndeployments:\n{}", deployments.concat()))?;
    sandbox.file("log.sh", "echo $1\n")?;
    let output = sandbox.run("steps run --build --push --all")?.success()?;
    let is_shown = |line: &&str| line.contains("Running deployment ") || line.contains("| ");
    let lines: Vec<&str> = output.stderr.lines().filter(is_shown).filter_map(|line| line.get(21..)).collect();
    let (build, push) = ("Running deployment build steps...", "Running deployment push steps...");
    let expected = [build, "   | a", push, "   | a-pushed", build, "   | b", push, "   | b-pushed"];
    assert_eq!(lines, expected, "{output}");
    Ok(())
}

#[test]
fn a_failed_step_stops_the_steps_of_many_deployments() -> Result<()> {
    // The server accepts connections but never responds.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", silent.local_addr()?);
    let credentials = "{aws_access_key_id: k, aws_secret_access_key: s, region_name: us-east-1}";
    let slow = format!(
        "[{{prefect_aws.deployments.steps.push_to_s3: {{bucket: b, folder: f, credentials: {credentials}, \
         client_parameters: {{endpoint_url: '{endpoint}'}}}}}}]"
    );
    let failing = "[{prefect.deployments.steps.set_working_directory: {directory: missing}}]";
    let mut deployments = deployment("slow", "[]", &slow);
    (0..40).for_each(|index| deployments += &deployment(&format!("d{index}"), failing, "[]"));
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", format!("pull: []\ndeployments:\n{deployments}"))?;
    let started = std::time::Instant::now();
    let output = sandbox.run("steps run --build --push --all --quiet")?;
    assert_eq!(output.code, 7, "{output}");
    assert!(output.stderr.contains("directory 'missing' does not exist"), "{output}");
    assert!(started.elapsed().as_secs() < 20, "{output}");
    Ok(())
}
