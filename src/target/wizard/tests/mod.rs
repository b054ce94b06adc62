//! Questions, their order, and their results.

mod code;

use serde_json::{Value as Json, json};

use crate::{
    deployment::{Options, TestContext},
    questions::script::Script,
    target::wizard::*,
    value,
};

const FLOWS: &str = "from prefect import flow\n\n@flow\ndef hello(n: int = 1): ...\n\n@flow(name=\"Good bye\")\n\
                     def bye(): ...\n";

/// A server with these work pools (name and type), and blocks of all types.
struct FakeServer {
    pools: Vec<(&'static str, &'static str)>,
    blocks: Vec<String>,
}

fn pool((name, kind): &(&str, &str)) -> WorkPool {
    let image = if *kind == "docker" { json!({"image": {"type": "string"}}) } else { json!({}) };
    let pool = json!({
        "id": "00000000-0000-0000-0000-000000000000", "name": name, "type": kind,
        "base_job_template": {"variables": {"properties": image}},
    });
    serde_json::from_value(pool).unwrap()
}

impl ServerLookup for FakeServer {
    async fn work_pools(&self) -> Result<Vec<WorkPool>, TargetError> {
        Ok(self.pools.iter().map(pool).collect())
    }

    async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, TargetError> {
        Ok(self.pools.iter().find(|(known, _)| *known == name).map(pool))
    }

    async fn new_pool(&self) -> Result<NewPool, TargetError> {
        let base_job_template = pool(&("new", "docker")).base_job_template;
        Ok(NewPool { name: "new".to_owned(), kind: "docker".to_owned(), base_job_template })
    }

    async fn blocks(&self, kind: &str) -> Result<Option<Vec<String>>, TargetError> {
        Ok((kind != "gcp-credentials").then(|| self.blocks.clone()))
    }
}

struct Outcome {
    /// Questions with defaults and answers, and other output.
    log: String,
    answers: Option<Answers>,
    /// Lines that would be added to the file, or the error.
    saved: String,
}

impl Outcome {
    fn fields(&self) -> Json {
        let picked = &self.answers.as_ref().unwrap().selection.picked;
        let fields = |deployment: &Declared| value::to_json(&deployment.fields.to_template());
        match picked.as_slice() {
            [deployment] => fields(deployment),
            several => several.iter().map(fields).collect(),
        }
    }
}

/// Runs the wizard in a project with this file. An empty string means no file.
async fn answered(file: &str, options: Options, server: FakeServer, answers: &[&str]) -> Outcome {
    answered_in(tempfile::tempdir().unwrap(), file, options, server, answers).await
}

/// Runs the wizard in the directory `project` of a temporary directory.
async fn answered_in(
    root: tempfile::TempDir,
    file: &str,
    options: Options,
    server: FakeServer,
    answers: &[&str],
) -> Outcome {
    let directory = root.path().join("project");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("flow.py"), FLOWS).unwrap();
    if !file.is_empty() {
        std::fs::write(directory.join("prefect.yaml"), file).unwrap();
    }
    let context = TestContext::new(options, &[]);
    let ctx = context.in_directory(&directory);
    let script = Script::new(answers);
    let result = crate::deploy::ask(&ctx, &script, &server).await;
    let log = script.log.borrow().join("\n");
    assert_eq!(script.rest(), Vec::<String>::new(), "not asked for:\n{log}");
    match result {
        Err(error) => Outcome { log, answers: None, saved: format!("error: {error}") },
        Ok(answers) => {
            let saved = answers.as_ref().and_then(|answers| crate::deploy::saved(answers, &ctx).unwrap());
            let saved = saved.map_or_else(|| "nothing".to_owned(), |saved| saved.added);
            let saved = saved.replace(&*directory.to_string_lossy(), "[PROJECT]");
            Outcome { log, answers, saved }
        }
    }
}

fn pools(pools: &[(&'static str, &'static str)]) -> FakeServer {
    FakeServer { pools: pools.to_vec(), blocks: Vec::new() }
}

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

#[tokio::test]
async fn asks_all_questions_in_an_empty_project() {
    let pools = pools(&[("old", "prefect-agent"), ("p", "process"), ("q", "process")]);
    let answers =
        ["hello", "", "q", "n", "", "Cron", "61 * * * *", "0 9 * * *", "Mars/Base", "Europe/London", "n", ""];
    let answered = answered("", Options::default(), pools, &answers).await;
    insta::assert_snapshot!(answered.log, @r#"
    Scanning for flows...
    Select a flow to deploy [Good bye|hello|Enter a flow entrypoint manually] hello
    Deployment name [default] 
    Which work pool would you like to deploy this flow to? [p|q|Create a new work pool] q
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] n
    Would you like to configure schedules for this deployment? [y] 
    What type of schedule would you like to use? [Interval|Cron|RRule] Cron
    Cron string [0 0 * * *] 61 * * * *
    Please enter a valid cron string (Invalid cron string: "61 * * * *": minute: 61 is not between 0 and 59)
    Cron string [0 0 * * *] 0 9 * * *
    Timezone [UTC] Mars/Base
    Please enter a valid timezone. (Invalid timezone: "Mars/Base" (specify in IANA tzdata format, for example, America/New_York))
    Timezone [UTC] Europe/London
    Would you like to activate this schedule? [y] n
    Would you like to add another schedule? [n]
    "#);
    insta::assert_snapshot!(answered.saved, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect.deployments.steps.set_working_directory:
        directory: [PROJECT]

    # One item per deployment.
    deployments:
    - name: default
      entrypoint: flow.py:hello
      work_pool:
        name: q
      schedules:
      - cron: "0 9 * * *"
        timezone: Europe/London
        active: false
    "#);
}

#[tokio::test]
async fn asks_nothing_for_a_complete_deployment() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello', work_pool: {name: p}}\n- name: b\n";
    for names in [vec!["a".to_owned()], vec!["hello/a".to_owned()]] {
        let answered =
            answered(file, options(|options| options.names = names), pools(&[("p", "process")]), &[]).await;
        assert_eq!((answered.log.as_str(), answered.saved.as_str()), ("", "nothing"));
        assert!(answered.answers.is_none());
    }
}

#[tokio::test]
async fn asks_for_missing_fields_of_a_declared_deployment() {
    let file =
        "pull: []\ndeployments:\n- {name: a, description: first}\n- {name: b, entrypoint: 'flow.py:bye'}\n";
    let answered = answered(file, Options::default(), pools(&[("p", "process")]), &["b", "p", "n"]).await;
    insta::assert_snapshot!(answered.log, @"
    Would you like to use an existing deployment configuration? [a|b|All of them|No, configure a new deployment] b
    Which work pool would you like to deploy this flow to? [p|Create a new work pool] p
    Would you like to configure schedules for this deployment? [y] n
    ");
    let expected =
        json!({"name": "b", "entrypoint": "flow.py:bye", "work_pool": {"name": "p"}, "schedules": null});
    assert_eq!(answered.fields(), expected);
    assert_eq!(answered.saved, ", \"work_pool\": {\"name\": \"p\"}, \"schedules\": null");
    assert_eq!(answered.answers.unwrap().selection.picked[0].index, Some(1));
    // The answers are added to a work pool without a name.
    let file = "deployments:\n- name: a\n  work_pool:\n    work_queue_name: q # ours\n  # more\nx: 1\n";
    let answered =
        self::answered(file, Options::default(), pools(&[("p", "process")]), &["a", "hello", "p", "n", "n"])
            .await;
    assert_eq!(answered.saved, "  entrypoint: flow.py:hello\n  schedules: null\n    name: p\n");
}

#[tokio::test]
async fn asks_which_deployment_if_several_have_the_name() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello', work_pool: {name: p}}\n\
                - {name: a, entrypoint: 'flow.py:bye', work_pool: {name: p}, description: second}\n";
    let named = options(|options| options.names = vec!["a".to_owned()]);
    let answered = answered(file, named, pools(&[("p", "process")]), &["a"]).await;
    let question = "Found multiple deployment configurations with the name a. Please select the one you would like \
                    to deploy: [a|a] a";
    assert_eq!(answered.log, question);
    assert_eq!(answered.fields()["entrypoint"], "flow.py:hello");
}

#[tokio::test]
async fn asks_for_the_name_of_an_unnamed_deployment() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello'}\n- {entrypoint: 'flow.py:bye'}\n";
    let all = || options(|options| options.all = true);
    let named = answered(file, all(), pools(&[]), &["", "a/b", "b"]).await;
    assert_eq!(named.fields()[1]["name"], "b");
    insta::assert_snapshot!(named.log, @r#"
    Discovered unnamed deployment.
    {
      "entrypoint": "flow.py:bye"
    }
    Would you like to give this deployment a name and deploy it? [y] 
    Deployment name [default] a/b
    Please enter a name without any of / % & > <
    Deployment name [default] b
    "#);
    let passed_over = answered(file, all(), pools(&[]), &["n"]).await;
    assert_eq!(passed_over.fields(), json!({"name": "a", "entrypoint": "flow.py:hello"}));
    assert!(passed_over.log.ends_with("Skipping unnamed deployment."), "{}", passed_over.log);
}

#[tokio::test]
async fn creates_a_missing_work_pool_after_all_questions() {
    let known = || {
        options(|options| {
            options.entrypoint = Some("flow.py:hello".to_owned());
            options.names = vec!["x".to_owned()];
        })
    };
    let file = "pull: []\nname: p\n";
    let made = answered(file, known(), pools(&[("old", "prefect-agent")]), &["", "n", "n"]).await;
    let answers = made.answers.unwrap();
    assert_eq!(answers.pool.unwrap().name, "new");
    let refused = answered(file, known(), pools(&[]), &["n"]).await;
    assert!(
        refused.saved.starts_with("error: A work pool is required to deploy this flow."),
        "{}",
        refused.saved
    );
}

#[tokio::test]
async fn asks_for_schedules_until_they_are_valid() {
    let known = || {
        options(|options| {
            options.entrypoint = Some("flow.py:hello".to_owned());
            options.names = vec!["x".to_owned()];
            options.pool = Some("p".to_owned());
        })
    };
    let file = "pull: []\nname: p\n";
    let server = || pools(&[("p", "process")]);
    let answers = ["", "Interval", "soon", "0", "", "n", "y", "RRule", "FREQ=NEVER", "", "", "", ""];
    let answered = answered(file, known(), server(), &answers).await;
    insta::assert_snapshot!(answered.log, @r#"
    Would you like to configure schedules for this deployment? [y] 
    What type of schedule would you like to use? [Interval|Cron|RRule] Interval
    Seconds between scheduled runs [3600] soon
    Please enter a valid interval denoted in seconds
    Seconds between scheduled runs [3600] 0
    Interval must be greater than 0
    Seconds between scheduled runs [3600] 
    Would you like to activate this schedule? [y] n
    Would you like to add another schedule? [n] y
    What type of schedule would you like to use? [Interval|Cron|RRule] RRule
    RRule string [RRULE:FREQ=DAILY;INTERVAL=1] FREQ=NEVER
    Please enter a valid RRule string (Invalid RRule string "FREQ=NEVER": invalid 'FREQ': NEVER)
    RRule string [RRULE:FREQ=DAILY;INTERVAL=1] 
    Timezone [UTC] 
    Would you like to activate this schedule? [y] 
    Would you like to add another schedule? [n]
    "#);
    let expected = json!([
        {"interval": 3600, "active": false},
        {"rrule": "RRULE:FREQ=DAILY;INTERVAL=1", "timezone": "UTC"},
    ]);
    assert_eq!(answered.fields()["schedules"], expected);
}

#[tokio::test]
async fn does_not_ask_for_schedules_given_as_options() {
    let known = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("p".to_owned());
        options.interval = vec![60];
        options.tags = Some(vec!["t".to_owned()]);
        options.param = vec!["n=null".to_owned()];
    });
    let answered = answered("pull: []\nname: p\n", known, pools(&[("p", "process")]), &[]).await;
    assert_eq!(answered.log, "");
    insta::assert_snapshot!(answered.saved, @r#"
    deployments:
    - name: x
      tags:
      - t
      entrypoint: flow.py:hello
      parameters:
        "n": null
      work_pool:
        name: p
      schedules:
      - interval: 60
    "#);
}

#[tokio::test]
async fn interrupt_ends_the_wizard() {
    let answered = answered("", Options::default(), pools(&[]), &["hello", "!"]).await;
    assert_eq!(answered.saved, "error: the question was not answered");
}

#[tokio::test]
async fn accepts_an_entrypoint_entered_by_the_user() {
    let known = options(|options| options.names = vec!["x".to_owned()]);
    let answers = ["Enter a flow entrypoint manually", "flow", "flow.py:helo", "flow.py:bye", "p", "n"];
    let answered = answered("pull: []\nname: p\n", known, pools(&[("p", "process")]), &answers).await;
    insta::assert_snapshot!(answered.log, @"
    Scanning for flows...
    Select a flow to deploy [Good bye|hello|Enter a flow entrypoint manually] Enter a flow entrypoint manually
    Flow entrypoint (expected format path/to/file.py:function_name) [] flow
    Please enter a valid flow entrypoint.
    Flow entrypoint (expected format path/to/file.py:function_name) [] flow.py:helo
    Failed to load flow from entrypoint 'flow.py:helo'. Please enter a valid flow entrypoint. (Flow function with name 'helo' not found in 'flow.py'. ; did you mean 'hello'?)
    Flow entrypoint (expected format path/to/file.py:function_name) [] flow.py:bye
    Which work pool would you like to deploy this flow to? [p|Create a new work pool] p
    Would you like to configure schedules for this deployment? [y] n
    ");
}

#[tokio::test]
async fn all_declared_deployments_can_be_chosen() {
    let file =
        "deployments:\n- {name: a, entrypoint: 'flow.py:hello'}\n- {name: b, entrypoint: 'flow.py:bye'}\n";
    let answered = answered(file, Options::default(), pools(&[]), &["All of them"]).await;
    let selection = answered.answers.unwrap().selection;
    assert_eq!((selection.picked.len(), selection.single), (2, false));
    assert_eq!(answered.saved, "nothing");
}

#[tokio::test]
async fn a_work_pool_for_agents_is_replaced() {
    let file = "pull: []\ndeployments:\n- {name: x, work_pool: {name: old}}\n";
    let server = pools(&[("old", "prefect-agent"), ("p", "process")]);
    let answered = answered(file, Options::default(), server, &["x", "hello", "p", "n"]).await;
    let message = "You've chosen a work pool with type 'prefect-agent'";
    assert!(answered.log.contains(message), "{}", answered.log);
    assert_eq!(answered.fields()["work_pool"]["name"], "p");
}
