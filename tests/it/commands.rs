//! The commands around a deploy, on a real server: what they print and what they leave there.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

const PROJECT: &str = "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
- name: b
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
- name: c
  entrypoint: flow.py:goodbye
  work_pool: {name: pool-UNIQUE}
";

fn deployed(api: &Api) -> Result<Sandbox> {
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    Ok(sandbox)
}

fn succeed(sandbox: &Sandbox, line: &str) -> Result<Output> {
    sandbox.run(line)?.success()
}

fn document(sandbox: &Sandbox, line: &str) -> Result<Value> {
    succeed(sandbox, &format!("{line} --output json"))?.json()
}

#[test]
fn deployments_are_listed_shown_and_deleted() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?;
    let listed = document(&sandbox, "deployment ls hello-UNIQUE goodbye-UNIQUE")?;
    let listed = listed.as_array().context("a list")?;
    let names: Vec<_> = listed.iter().map(|one| (&one["flow_name"], &one["name"])).collect();
    let (hello, goodbye) = (json!(sandbox.unique("hello-UNIQUE")), json!(sandbox.unique("goodbye-UNIQUE")));
    assert_eq!(names, [(&goodbye, &json!("c")), (&hello, &json!("a")), (&hello, &json!("b"))]);
    let table = succeed(&sandbox, "deployment ls hello-UNIQUE")?.stdout;
    assert!(table.contains(&sandbox.unique("hello-UNIQUE/b")) && !table.contains("goodbye"), "{table}");

    let shown = document(&sandbox, "deployment inspect hello-UNIQUE/a")?;
    assert_eq!((&shown["entrypoint"], &shown["automations"]), (&json!("flow.py:hello"), &json!([])));
    assert!(
        succeed(&sandbox, "deployment inspect hello-UNIQUE/a")?
            .stdout
            .contains("entrypoint: flow.py:hello\n")
    );

    let output = sandbox.run("deployment delete hello-UNIQUE/a")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    error: Are you sure you want to delete deployment with name 'hello-UNIQUE/a'? There is no terminal to ask on.
    help: add --yes to do it without asking
    ");
    assert!(api.deployment(&sandbox, "hello-UNIQUE/a")?.is_some());
    let output = sandbox.run("deployment delete hello-UNIQUE/a --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted deployment 'hello-UNIQUE/a'.
    ");
    let output = sandbox.run("deployment delete hello-UNIQUE/a --yes")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Deployment 'hello-UNIQUE/a' not found!
    ");
    let deleted = document(&sandbox, "deployment delete *-UNIQUE/* --yes")?;
    assert_eq!(
        (&deleted["action"], deleted["deployments"].as_array().map(Vec::len)),
        (&json!("deleted"), Some(2))
    );
    assert!(api.deployment(&sandbox, "goodbye-UNIQUE/c")?.is_none());
    for (line, message) in [
        ("deployment delete --yes", "Must provide a deployment name or id"),
        (
            "deployment delete a/b --all --yes",
            "Cannot provide a deployment name or id when deleting all deployments.",
        ),
        ("deployment inspect hello", "Invalid deployment name format: 'hello'"),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == 2 && output.stderr.contains(message), "{line}: {}", output.stderr);
    }
    Ok(())
}

#[test]
fn schedules_are_made_switched_and_removed() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?;
    let schedules =
        || -> Result<Value> { Ok(api.existing(&sandbox, "hello-UNIQUE/a")?["schedules"].clone()) };
    let create = ["deployment", "schedule", "create", "hello-UNIQUE/a"];
    let made =
        sandbox.run_words(&[&create[..], &["--cron", "0 9 * * *", "--timezone", "Europe/Rome"]].concat())?;
    assert_output!(made, @r"
    exit 0
    --- stdout
    Created deployment schedule!
    ");
    let cron = json!({"cron": "0 9 * * *", "timezone": "Europe/Rome", "day_or": true});
    assert_eq!((&schedules()?[0]["schedule"], &schedules()?[0]["active"]), (&cron, &json!(true)));
    let id = schedules()?[0]["id"].as_str().context("an id")?.to_owned();

    let listed = document(&sandbox, "deployment schedule ls hello-UNIQUE/a")?;
    assert_eq!(listed[0]["schedule"], cron);
    assert!(succeed(&sandbox, "deployment schedule ls hello-UNIQUE/a")?.stdout.contains("cron: 0 9 * * *"));

    let pause = format!("deployment schedule pause hello-UNIQUE/a {id}");
    let output = sandbox.run(&pause)?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Paused schedule cron='0 9 * * *' timezone='Europe/Rome' day_or=True for deployment hello-UNIQUE/a
    ");
    assert_eq!(schedules()?[0]["active"], false);
    assert_eq!(document(&sandbox, &pause)?["changed"], false);
    succeed(&sandbox, &format!("deployment schedule resume hello-UNIQUE/a {id}"))?;
    assert_eq!(schedules()?[0]["active"], true);

    let output = sandbox
        .run("deployment schedule create hello-UNIQUE/a --interval 3600 --no-active --replace --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Replaced existing deployment schedule with new schedule!
    ");
    let now = schedules()?;
    assert_eq!(now.as_array().map(Vec::len), Some(1));
    assert_eq!((&now[0]["schedule"]["interval"], &now[0]["active"]), (&json!(3600.0), &json!(false)));

    for (line, message) in [
        ("create hello-UNIQUE/a", "Exactly one of `--interval`, `--rrule`, or `--cron` must be provided."),
        ("create hello-UNIQUE/a --cron x --interval 5", "Exactly one of"),
        ("create hello-UNIQUE/a --cron x", "cron"),
        ("create hello-UNIQUE/a --interval -5", "interval"),
        ("create hello-UNIQUE/a --interval 5 --timezone Mars/Base", "Invalid timezone"),
        (
            "create hello-UNIQUE/a --interval 5 --anchor-date soon",
            "The anchor date must be a valid date string.",
        ),
        ("create hello-UNIQUE/a --rrule DTSTART;TZID=x", "TZID"),
        ("pause", "Must provide deployment name and schedule ID, or use --all"),
        ("pause hello-UNIQUE/a --all", "Cannot specify deployment name or schedule ID with --all"),
    ] {
        let output = sandbox.run(&format!("deployment schedule {line}"))?;
        assert!(
            output.code == 2 && output.stderr.contains(message),
            "{line}: {} {}",
            output.code,
            output.stderr
        );
    }
    assert_eq!(schedules()?, now);
    let missing =
        sandbox.run("deployment schedule delete hello-UNIQUE/a 00000000-0000-0000-0000-000000000009 -y")?;
    assert!(missing.code == 1 && missing.stderr.contains("Deployment schedule not found!"));
    succeed(&sandbox, "deployment schedule clear hello-UNIQUE/a -y")?;
    assert_eq!(schedules()?, json!([]));
    Ok(())
}

#[test]
fn runs_of_a_pattern_are_made_listed_and_cancelled() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?;
    let wrong = sandbox.run("deployment run hello-UNIQUE/* --param times=many")?;
    assert!(
        wrong.code == 2 && wrong.stderr.contains("Validation failed for field 'times'"),
        "{}",
        wrong.stderr
    );
    assert_eq!(document(&sandbox, "flow-run ls --deployment hello-UNIQUE/a")?, json!([]));

    let made =
        document(&sandbox, "deployment run hello-UNIQUE/* --param times=2 --flow-run-name r-UNIQUE-{times}")?;
    let runs = made["runs"].as_array().context("runs")?;
    let names: Vec<_> = runs.iter().map(|run| run["deployment"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, [sandbox.unique("hello-UNIQUE/a"), sandbox.unique("hello-UNIQUE/b")]);
    assert_eq!(runs[0]["parameters"], json!({"times": 2}));

    let listed = document(&sandbox, "flow-run ls --flow-name hello-UNIQUE --state-type scheduled")?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let table = succeed(&sandbox, "flow-run ls --flow-name hello-UNIQUE --limit 1")?.stdout;
    assert_eq!(table.matches(&sandbox.unique("r-UNIQUE-2")).count(), 1);
    let ambiguous = sandbox.run("flow-run inspect r-UNIQUE-2")?;
    assert!(ambiguous.code == 1 && ambiguous.stderr.contains("Multiple flow runs found with name"));

    let id = runs[0]["id"].as_str().context("an id")?;
    let waiting = document(&sandbox, "work-pool preview pool-UNIQUE")?;
    assert_eq!(waiting.as_array().map(Vec::len), Some(2));
    let timed_out = sandbox.run(&format!("flow-run watch {id} --watch-timeout 0.3 --watch-interval 0.1"))?;
    assert_eq!(timed_out.code, 23);
    let cancelled = document(&sandbox, &format!("flow-run cancel {id}"))?;
    assert_eq!((&cancelled["action"], &cancelled["id"]), (&json!("cancelled"), &json!(id)));
    let shown = document(&sandbox, &format!("flow-run inspect {id}"))?;
    assert_eq!(shown["state_type"], "CANCELLED");
    let watched = sandbox.run(&format!("flow-run watch {id}"))?;
    assert!(watched.code == 22 && watched.stdout.contains("Flow run finished in state 'Cancelled'."));

    let again = document(&sandbox, "work-pool clear pool-UNIQUE --yes")?;
    assert_eq!(again["flow_runs"], json!([runs[1]["id"]]));
    Ok(())
}

#[test]
fn the_log_of_a_run_is_read_from_either_end() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?;
    let run = document(&sandbox, "deployment run hello-UNIQUE/a")?;
    let id = run["id"].as_str().context("an id")?;
    let line = |n: usize| {
        json!({
            "name": "prefect.flow_runs", "level": 20, "message": format!("line [{n}] :rocket:"), "flow_run_id": id,
            "timestamp": format!("2026-01-01T00:{:02}:{:02}Z", n / 60, n % 60),
        })
    };
    for start in [0, 150] {
        api.post("/logs/", &(start..start + 150).map(line).collect())?;
    }
    let logs = |options: &str| -> Result<Vec<String>> {
        let logs = document(&sandbox, &format!("flow-run logs {id} {options}"))?;
        let lines = logs.as_array().context("a list")?.iter();
        Ok(lines.map(|line| line["message"].as_str().unwrap_or_default().replace(" :rocket:", "")).collect())
    };
    assert_eq!(logs("")?.len(), 300);
    assert_eq!(logs("--head -n 2")?, ["line [0]", "line [1]"]);
    assert_eq!(logs("--tail -n 2")?, ["line [298]", "line [299]"]);
    assert_eq!(logs("--tail -n 2 --reverse")?, ["line [299]", "line [298]"]);
    assert_eq!(logs("--tail")?.len(), 20);
    let text = succeed(&sandbox, &format!("flow-run logs {id} -n 1"))?.stdout;
    assert!(text.starts_with("2026-01-01 00:00:00.000 | INFO    | Flow run '"), "{text}");
    assert!(text.ends_with("' - line [0] :rocket:\n"), "{text}");
    Ok(())
}

#[test]
fn work_pools_are_changed_only_where_asked() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox(PROJECT)?;
    let create = "work-pool create k-UNIQUE --type kubernetes --set namespace=prefect --set image_pull_policy=IfNotPresent \
                  --set finished_job_ttl=60 --set pod_watch_timeout_seconds=300 --add-variable cpu_request:string=500m \
                  --add-variable node_selector:object";
    let made = document(&sandbox, create)?;
    assert_eq!((&made["action"], &made["type"]), (&json!("created"), &json!("kubernetes")));
    let pool = || document(&sandbox, "work-pool inspect k-UNIQUE");
    succeed(&sandbox, "work-pool create k-UNIQUE --overwrite --set-as-default")?;
    let default = succeed(&sandbox, "config view")?.stdout;
    let expected = sandbox.unique("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME='k-UNIQUE' (from profile)");
    assert!(default.contains(&expected), "{default}");
    let before = pool()?;
    let variables = &before["base_job_template"]["variables"]["properties"];
    assert_eq!(variables["namespace"]["default"], "prefect");
    assert_eq!(variables["finished_job_ttl"]["default"], 60);
    assert_eq!(variables["cpu_request"]["default"], "500m");
    let pod = &before["base_job_template"]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"], "{{ node_selector }}");

    let differences = document(&sandbox, "work-pool diff-template k-UNIQUE")?;
    let paths =
        differences["differences"].as_array().context("a list")?.iter().map(|one| one["path"].clone());
    assert!(paths.collect::<Vec<_>>().contains(&json!("variables.properties.cpu_request.default")));
    assert!(
        succeed(&sandbox, "work-pool diff-template pool-UNIQUE")?.stdout.contains("the default of its type")
    );

    succeed(&sandbox, "work-pool set-concurrency-limit k-UNIQUE 7")?;
    sandbox.run_words(&["work-pool", "update", "k-UNIQUE", "--description", "For k8s"])?.success()?;
    succeed(&sandbox, "work-pool pause k-UNIQUE")?;
    succeed(&sandbox, "work-pool create k-UNIQUE --type kubernetes --overwrite --set namespace=other")?;
    let after = pool()?;
    assert_eq!((&after["concurrency_limit"], &after["is_paused"]), (&json!(7), &json!(true)));
    assert_eq!(after["description"], "For k8s");
    assert_eq!(after["base_job_template"]["variables"]["properties"]["namespace"]["default"], "other");
    succeed(&sandbox, "work-pool update k-UNIQUE --concurrency-limit 0 --description=")?;
    assert_eq!((&pool()?["concurrency_limit"], &pool()?["description"]), (&json!(0), &json!("")));
    succeed(&sandbox, "work-pool clear-concurrency-limit k-UNIQUE")?;
    succeed(&sandbox, "work-pool resume k-UNIQUE")?;
    assert_eq!((&pool()?["concurrency_limit"], &pool()?["is_paused"]), (&Value::Null, &json!(false)));

    let refused = sandbox.run("work-pool update k-UNIQUE --set namespce=x")?;
    assert!(refused.code == 2 && refused.stderr.contains("did you mean 'namespace'?"), "{}", refused.stderr);
    let output = sandbox.run("work-pool delete k-UNIQUE -y")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted work pool 'k-UNIQUE'
    ");
    let output = sandbox.run("work-pool delete k-UNIQUE -y")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool 'k-UNIQUE' does not exist.
    ");
    let output = sandbox.run("work-pool pause k-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool 'k-UNIQUE' not found!
    ");
    Ok(())
}

#[test]
fn templates_are_known_without_a_server() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let template = succeed(&sandbox, "work-pool get-default-base-job-template --type process")?.json()?;
    assert!(template["job_configuration"].is_object());
    Ok(())
}

#[test]
fn queues_and_workers_of_a_pool_are_seen() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox(PROJECT)?;
    let made = document(&sandbox, "work-queue create fast -p pool-UNIQUE -l 3 -q 1")?;
    assert_eq!(made["action"], "created");
    let queue = || -> Result<Value> {
        let queues = document(&sandbox, "work-queue ls -p pool-UNIQUE --match fa")?;
        Ok(queues[0].clone())
    };
    assert_eq!((&queue()?["name"], &queue()?["concurrency_limit"]), (&json!("fast"), &json!(3)));
    succeed(&sandbox, "work-queue pause fast -p pool-UNIQUE")?;
    assert_eq!(queue()?["is_paused"], true);
    succeed(&sandbox, "work-queue resume fast -p pool-UNIQUE")?;
    assert_eq!(queue()?["is_paused"], false);
    let again = sandbox.run("work-queue create fast -p pool-UNIQUE")?;
    assert!(again.code == 1 && again.stderr.contains("Work queue with name: 'fast' already exists."));

    api.post(&sandbox.unique("/work_pools/pool-UNIQUE/workers/heartbeat"), &json!({"name": "w1"}))?;
    let workers = document(&sandbox, "worker ls -p pool-UNIQUE")?;
    assert_eq!((&workers[0]["name"], &workers[0]["status"]), (&json!("w1"), &json!("ONLINE")));
    let values = succeed(&sandbox, "worker values -p pool-UNIQUE --api-url http://prefect.example/api")?;
    assert!(values.stdout.contains("apiUrl: http://prefect.example/api"), "{}", values.stdout);
    assert!(values.stdout.contains(&sandbox.unique("workPool: pool-UNIQUE")), "{}", values.stdout);
    assert!(values.stderr.contains("is of type 'process'"), "{}", values.stderr);
    Ok(())
}

#[test]
fn variables_keep_their_types_and_tags() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox(PROJECT)?;
    let output = sandbox.run("variable set v_UNIQUE {\"a\":[1,\"[bold]\"]} --tag t")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Set variable 'v_UNIQUE'.
    ");
    let output = sandbox.run("variable set v_UNIQUE 2")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Variable 'v_UNIQUE' already exists. Use `--overwrite` to update it.
    ");
    let output = sandbox.run("variable get v_UNIQUE")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    {"a":[1,"[bold]"]}
    "#);
    assert_eq!(document(&sandbox, "variable set v_UNIQUE text --overwrite")?["action"], "updated");
    let shown = document(&sandbox, "variable inspect v_UNIQUE")?;
    assert_eq!((&shown["value"], &shown["tags"]), (&json!("text"), &json!(["t"])));
    assert!(succeed(&sandbox, "variable ls")?.stdout.contains(&sandbox.unique("v_UNIQUE")));
    assert_eq!(sandbox.run("variable unset v_UNIQUE")?.code, 4);
    succeed(&sandbox, "variable unset v_UNIQUE --yes")?;
    let output = sandbox.run("variable get v_UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Variable 'v_UNIQUE' not found.
    ");
    Ok(())
}

#[test]
fn blocks_are_shown_without_their_secrets() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox(PROJECT)?;
    let types = document(&sandbox, "block type ls")?;
    let kind = types.as_array().and_then(|types| types.iter().find(|kind| kind["slug"] == "secret"));
    let kind = &kind.context("the type of secrets")?["id"];
    let filter = json!({"block_schemas": {"block_type_id": {"any_": [kind]}}, "limit": 1});
    let schema = &api.post("/block_schemas/filter", &filter)?[0]["id"];
    let block = json!({
        "name": sandbox.unique("s-UNIQUE"), "data": {"value": "hunter2-secret"},
        "block_schema_id": schema, "block_type_id": kind,
    });
    api.post("/block_documents/", &block)?;
    for line in [
        "block inspect secret/s-UNIQUE",
        "block inspect secret/s-UNIQUE -o json",
        "block ls",
        "block ls -o json",
    ] {
        let output = succeed(&sandbox, line)?;
        assert!(output.stdout.contains(&sandbox.unique("s-UNIQUE")), "{line}: {}", output.stdout);
        assert!(!output.stdout.contains("hunter2"), "{line}: {}", output.stdout);
    }
    let output = sandbox.run("block inspect secret/no-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Block 'secret/no-UNIQUE' not found!
    ");
    Ok(())
}

#[test]
fn automations_are_paused_resumed_and_deleted() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox(PROJECT)?;
    let automation = json!({
        "name": sandbox.unique("auto UNIQUE"), "actions": [{"type": "do-nothing"}],
        "trigger": {"type": "event", "posture": "Reactive", "expect": ["x.happened"], "threshold": 1, "within": 0},
    });
    api.post("/automations/", &automation)?;
    let name = "auto UNIQUE";
    let shown = || sandbox.run_words(&["automation", "inspect", name, "-o", "json"])?.success()?.json();
    assert_eq!(shown()?["enabled"], true);
    assert!(succeed(&sandbox, "automation ls")?.stdout.contains("event: x.happened"));
    sandbox.run_words(&["automation", "pause", name])?.success()?;
    assert_eq!(shown()?["enabled"], false);
    sandbox.run_words(&["automation", "resume", name])?.success()?;
    assert_eq!(shown()?["enabled"], true);
    let output = sandbox.run_words(&["automation", "delete", name, "--yes"])?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted automation with name 'auto UNIQUE'
    ");
    let gone = sandbox.run_words(&["automation", "inspect", name])?;
    assert!(gone.code == 1 && gone.stderr.contains("Automation 'auto "), "{}", gone.stderr);
    Ok(())
}

#[test]
fn the_job_of_a_run_is_shown_before_there_is_one() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?;
    let job = document(&sandbox, "job preview hello-UNIQUE/a --job-variable env={\"A\":1}")?;
    assert_eq!((&job["command"], &job["env"]["A"]), (&json!("python -m prefect.engine"), &json!("1")));
    assert_eq!(job["labels"]["prefect.io/flow-name"], json!(sandbox.unique("hello-UNIQUE")));
    let text = succeed(&sandbox, "job preview hello-UNIQUE/a")?.stdout;
    assert!(
        text.starts_with("# A run of ") && text.contains("\ncommand: python -m prefect.engine\n"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_new_project_passes_check_whatever_its_recipe() -> Result<()> {
    for recipe in ["local", "git", "docker", "docker-git", "s3", "gcs", "azure", "kubernetes"] {
        let sandbox = Sandbox::new()?;
        sandbox.file("requirements.txt", "prefect\n")?;
        let made = document(&sandbox, &format!("init --recipe {recipe}"))?;
        assert_eq!((&made["recipe"], &made["flows"]), (&json!(recipe), &json!(2)));
        let text = sandbox.read("prefect.yaml")?;
        assert!(text.contains("entrypoint: flow.py:hello") && text.starts_with("# How the flows"), "{text}");
        let steps = succeed(&sandbox, "steps ls")?.stdout;
        let is_known = |line: &str| steps.contains(line.trim_start_matches("- ").trim_end_matches(':'));
        let mut used = text.lines().filter(|line| line.starts_with("- prefect"));
        if !used.all(is_known) {
            continue; // the storage of a cloud, whose steps Python runs
        }
        let checked = sandbox.run("check")?;
        assert_eq!(checked.code, 0, "{recipe}: {}{}\n{text}", checked.stdout, checked.stderr);
        let again = sandbox.run("init --recipe local")?;
        assert!(again.code == 1 && again.stderr.contains("it is left as it is"), "{}", again.stderr);
        assert_eq!(sandbox.read("prefect.yaml")?, text);
    }
    let sandbox = Sandbox::new()?;
    for (line, message) in [
        ("init --recipe loca", "there is no recipe 'loca'; recipes are local, git, docker"),
        ("init --recipe s3 --field buckt=x", "the recipe 's3' has no field 'buckt'; it has bucket, folder"),
        ("init --recipe s3 --field bucket", "`--field bucket` is not of the form KEY=VALUE"),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == 2 && output.stderr.contains(message), "{line}: {}", output.stderr);
    }
    Ok(())
}

#[test]
fn shells_complete_commands_and_names() -> Result<()> {
    let offline = Sandbox::new()?;
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = succeed(&offline, &format!("completions {shell}"))?.stdout;
        assert!(script.contains("PREFECTL_COMPLETE"), "{shell}: {script}");
    }
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = deployed(&api)?.variable("PREFECTL_COMPLETE", "fish");
    let complete = |line: &str| -> Result<String> {
        let words: Vec<&str> = ["--", "prefectl"].into_iter().chain(line.split(' ')).collect();
        Ok(sandbox.run_words(&words)?.success()?.stdout)
    };
    assert!(complete("work-p")?.contains("work-pool"));
    assert!(complete("deployment run hello-")?.contains(&sandbox.unique("hello-UNIQUE/a")));
    assert!(complete("work-pool inspect pool-")?.contains(&sandbox.unique("pool-UNIQUE")));
    Ok(())
}

#[test]
fn words_of_the_reference_alone_are_said_to_be_so() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("PREFECTL_PYTHON", "/nonexistent/python");
    let output = sandbox.run("work-pool storage inspect x")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: `prefect work-pool storage` is a command of the Python Prefect that prefectl does not have
    help: `prefectl --python-cli work-pool storage` runs it where the Python Prefect is installed
    ");
    let output = sandbox.run("--python-cli version")?;
    assert!(output.code == 2 && output.stderr.contains("pip install prefect"), "{}", output.stderr);
    if let Some(reference) = crate::support::needed("PREFECTL_TEST_REFERENCE")? {
        let python = std::path::Path::new(&reference).with_file_name("python");
        let sandbox = Sandbox::new()?.variable("PREFECTL_PYTHON", python);
        let output = succeed(&sandbox, "--python-cli --version")?;
        assert_eq!(output.stdout.trim(), "3.8.4");
    }
    Ok(())
}
