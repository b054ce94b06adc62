//! Questions, their order, and their results.

use serde_json::{Value as Json, json};

use crate::{
    clock::Clock,
    deployment::Options,
    progress::Silent,
    questions::script::Script,
    secret::Redactor,
    target::wizard::*,
    value::{self, Value},
};

const FLOWS: &str = "from prefect import flow\n\n@flow\ndef hello(n: int = 1): ...\n\n@flow(name=\"Good bye\")\n\
                     def bye(): ...\n";

/// A server with these work pools (name and type), and blocks of all types.
struct Fake {
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

impl ServerLookup for Fake {
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

struct Held {
    /// Questions with defaults and answers, and other output.
    log: String,
    answers: Option<Answers>,
    /// Lines that would be added to the file, or the error.
    saved: String,
}

impl Held {
    fn fields(&self) -> Json {
        let picked = &self.answers.as_ref().unwrap().selection.picked;
        let fields =
            |deployment: &Declared| value::to_json(&Value::Mapping(deployment.fields.as_ref().clone()));
        match picked.as_slice() {
            [deployment] => fields(deployment),
            several => several.iter().map(fields).collect(),
        }
    }
}

/// Runs the wizard in a project with this file. An empty string means no file.
async fn held(file: &str, options: Options, world: Fake, answers: &[&str]) -> Held {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("project");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("flow.py"), FLOWS).unwrap();
    if !file.is_empty() {
        std::fs::write(directory.join("prefect.yaml"), file).unwrap();
    }
    let (environment, clock, redactor) = (Environment::default(), Clock::system(), Redactor::default());
    let ctx = DeployContext {
        options: &options,
        directory: &directory,
        environment: &environment,
        clock: &clock,
        progress: &Silent,
        redactor: &redactor,
        answers: None,
        default_work_pool: None,
        keeps_schedules_on_empty: false,
        docker_namespace: None,
    };
    let script = Script::new(answers);
    let result = crate::deploy::ask(&ctx, &script, &world).await;
    let log = script.log.borrow().join("\n");
    assert_eq!(script.rest(), Vec::<String>::new(), "not asked for:\n{log}");
    match result {
        Err(error) => Held { log, answers: None, saved: format!("error: {error}") },
        Ok(answers) => {
            let saved = answers.as_ref().and_then(|answers| crate::deploy::saved(answers, &ctx).unwrap());
            let saved = saved.map_or_else(|| "nothing".to_owned(), |saved| saved.added);
            let saved = saved.replace(&*directory.to_string_lossy(), "[PROJECT]");
            Held { log, answers, saved }
        }
    }
}

fn pools(pools: &[(&'static str, &'static str)]) -> Fake {
    Fake { pools: pools.to_vec(), blocks: Vec::new() }
}

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

#[tokio::test]
async fn all_is_asked_where_nothing_is_known() {
    let pools = pools(&[("old", "prefect-agent"), ("p", "process"), ("q", "process")]);
    let answers =
        ["hello", "", "q", "n", "", "Cron", "61 * * * *", "0 9 * * *", "Mars/Base", "Europe/London", "n", ""];
    let held = held("", Options::default(), pools, &answers).await;
    insta::assert_snapshot!(held.log, @r#"
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
    insta::assert_snapshot!(held.saved, @r#"
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
async fn a_deployment_that_is_declared_in_full_asks_nothing() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello', work_pool: {name: p}}\n- name: b\n";
    for names in [vec!["a".to_owned()], vec!["hello/a".to_owned()]] {
        let held =
            held(file, options(|options| options.names = names), pools(&[("p", "process")]), &[]).await;
        assert_eq!((held.log.as_str(), held.saved.as_str()), ("", "nothing"));
        assert!(held.answers.is_none());
    }
}

#[tokio::test]
async fn a_declared_deployment_is_asked_for_what_it_lacks() {
    let file =
        "pull: []\ndeployments:\n- {name: a, description: first}\n- {name: b, entrypoint: 'flow.py:bye'}\n";
    let held = held(file, Options::default(), pools(&[("p", "process")]), &["b", "p", "n"]).await;
    insta::assert_snapshot!(held.log, @"
    Would you like to use an existing deployment configuration? [a|b|No, configure a new deployment] b
    Which work pool would you like to deploy this flow to? [p|Create a new work pool] p
    Would you like to configure schedules for this deployment? [y] n
    ");
    let expected =
        json!({"name": "b", "entrypoint": "flow.py:bye", "work_pool": {"name": "p"}, "schedules": null});
    assert_eq!(held.fields(), expected);
    assert_eq!(held.saved, ", \"work_pool\": {\"name\": \"p\"}, \"schedules\": null");
    assert_eq!(held.answers.unwrap().selection.picked[0].index, Some(1));
    // The answers are added to a work pool without a name.
    let file = "deployments:\n- name: a\n  work_pool:\n    work_queue_name: q # ours\n  # more\nx: 1\n";
    let held =
        self::held(file, Options::default(), pools(&[("p", "process")]), &["a", "hello", "p", "n", "n"])
            .await;
    assert_eq!(held.saved, "  entrypoint: flow.py:hello\n  schedules: null\n    name: p\n");
}

#[tokio::test]
async fn a_name_of_several_deployments_is_asked_about() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello', work_pool: {name: p}}\n\
                - {name: a, entrypoint: 'flow.py:bye', work_pool: {name: p}, description: second}\n";
    let named = options(|options| options.names = vec!["a".to_owned()]);
    let held = held(file, named, pools(&[("p", "process")]), &["a"]).await;
    let question = "Found multiple deployment configurations with the name a. Please select the one you would like \
                    to deploy: [a|a] a";
    assert_eq!(held.log, question);
    assert_eq!(held.fields()["entrypoint"], "flow.py:hello");
}

#[tokio::test]
async fn one_of_several_that_has_no_name_gets_one() {
    let file = "deployments:\n- {name: a, entrypoint: 'flow.py:hello'}\n- {entrypoint: 'flow.py:bye'}\n";
    let all = || options(|options| options.all = true);
    let named = held(file, all(), pools(&[]), &["", "a/b", "b"]).await;
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
    let passed_over = held(file, all(), pools(&[]), &["n"]).await;
    assert_eq!(passed_over.fields()[1], json!({"entrypoint": "flow.py:bye"}));
}

#[tokio::test]
async fn an_image_is_built_and_pushed_for_pools_that_take_one() {
    let flow = || options(|options| options.entrypoint = Some("flow.py:hello".to_owned()));
    let mut world = pools(&[("d", "docker")]);
    world.blocks = vec!["team".to_owned()];
    // Answers without schedules; the image contains the code.
    let answers = ["x", "d", "y", "me", "flows", "1", "y", "https://r.example.com/", "y", "y", "team", "n"];
    let pushed = held("", flow(), world, &answers).await;
    insta::assert_snapshot!(pushed.log, @"
    Deployment name [default] x
    Which work pool would you like to deploy this flow to? [d|Create a new work pool] d
    Would you like to build a custom Docker image for this deployment? [n] y
    Repository name (e.g. your Docker Hub username) [] me
    Image name [x] flows
    Image tag [latest] 1
    Image me/flows:1 will be built.
    Would you like to push this image to a remote registry? [n] y
    Registry URL [docker.io] https://r.example.com/
    Is this a private registry? [] y
    Would you like use prefect-docker to manage Docker registry credentials? [n] y
    Select from your existing Docker Registry Credentials blocks [team|Create a new credentials block] team
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(pushed.saved, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Build steps: run once before anything is deployed.
    build:
    - prefect_docker.deployments.steps.build_docker_image:
        requires: "prefect-docker>=0.3.1"
        id: build-image
        dockerfile: auto
        image_name: r.example.com/me/flows
        tag: "1"

    # Push steps: upload images or code.
    push:
    - prefect_docker.deployments.steps.push_docker_image:
        requires: "prefect-docker>=0.3.1"
        image_name: "{{ build-image.image_name }}"
        tag: "{{ build-image.tag }}"
        credentials: "{{ prefect.blocks.docker-registry-credentials.team }}"

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect.deployments.steps.set_working_directory:
        directory: /opt/prefect/project

    # One item per deployment.
    deployments:
    - name: x
      entrypoint: flow.py:hello
      work_pool:
        name: d
        job_variables:
          image: "{{ build-image.image }}"
      schedules: null
    "#);
    // An image of the user contains the code, and no repository is remote.
    let file = "# mine\nname: p\n";
    let own = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("d".to_owned());
        options.job_variables = vec!["image=mine".to_owned()];
    });
    let own = held(file, own, pools(&[("d", "docker")]), &["n", "n", "", "n"]).await;
    insta::assert_snapshot!(own.log, @"
    Would you like to build a custom Docker image for this deployment? [n] n
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] n
    What is the working directory in your Docker image where your flow code lives? [/opt/prefect/project] 
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(own.saved, @"
    deployments:
    - name: x
      entrypoint: flow.py:hello
      pull:
      - prefect.deployments.steps.set_working_directory:
          directory: /opt/prefect/project
      work_pool:
        name: d
        job_variables:
          image: mine
      schedules: null
    ");
}

/// Runs the wizard with only storage and schedules missing. The server has a block `keys` of each type.
async fn held_about_storage(answers: &[&str]) -> Held {
    let known = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("p".to_owned());
    });
    let world = Fake { blocks: vec!["keys".to_owned()], ..pools(&[("p", "process")]) };
    held("", known, world, answers).await
}

#[tokio::test]
async fn code_in_a_bucket_is_pushed_and_pulled() {
    let answers = ["", "Azure Blob Storage", "code", "flows", "keys", "n"];
    let held = held_about_storage(&answers).await;
    insta::assert_snapshot!(held.log, @"
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] 
    Please select a remote code storage option. [S3|Azure Blob Storage] Azure Blob Storage
    Bucket name [] code
    Folder name [] flows
    Select from your existing Azure Blob Storage credential blocks [keys|Create a new credentials block|None: use what the machine that pulls has] keys
    Would you like to configure schedules for this deployment? [y] n
    ");
    insta::assert_snapshot!(held.saved, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Push steps: upload images or code.
    push:
    - prefect_azure.deployments.steps.push_to_azure_blob_storage:
        requires: "prefect-azure>=0.2.8"
        container: code
        folder: flows
        credentials: "{{ prefect.blocks.azure-blob-storage-credentials.keys }}"

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect_azure.deployments.steps.pull_from_azure_blob_storage:
        requires: "prefect-azure>=0.2.8"
        container: code
        folder: flows
        credentials: "{{ prefect.blocks.azure-blob-storage-credentials.keys }}"

    # One item per deployment.
    deployments:
    - name: x
      entrypoint: flow.py:hello
      work_pool:
        name: p
      schedules: null
    "#);
}

#[tokio::test]
async fn credentials_of_a_bucket_are_made_on_the_way() {
    let answers =
        ["", "S3", "code", "flows", "Create a new credentials block", "AKIA", "hidden", "keys", "Mine", "n"];
    let held = held_about_storage(&answers).await;
    insta::assert_snapshot!(held.log, @"
    Your Prefect workers will need access to this flow's code in order to run it. Would you like your workers to pull your flow code from a remote storage location when running this flow? [y] 
    Please select a remote code storage option. [S3|Azure Blob Storage] S3
    Bucket name [] code
    Folder name [] flows
    Select from your existing S3 credential blocks [keys|Create a new credentials block|None: use what the machine that pulls has] Create a new credentials block
    aws_access_key_id [] AKIA
    aws_secret_access_key [hidden] hidden
    Give a name to your new credentials block [s3-storage-credentials] keys
    The block name 'keys' is invalid or already in use.
    Give a name to your new credentials block [] Mine
    Would you like to configure schedules for this deployment? [y] n
    ");
    assert!(held.saved.contains("{{ prefect.blocks.aws-credentials.mine }}"), "{}", held.saved);
    let blocks = held.answers.unwrap().blocks;
    let data = [("aws_access_key_id", "AKIA"), ("aws_secret_access_key", "hidden")]
        .map(|(field, value)| (field, Secret::new(value)));
    assert_eq!(blocks, [NewBlock { kind: "aws-credentials", name: "mine".to_owned(), data: data.into() }]);
}

#[tokio::test]
async fn a_work_pool_that_is_missing_is_made_after_all_questions() {
    let known = || {
        options(|options| {
            options.entrypoint = Some("flow.py:hello".to_owned());
            options.names = vec!["x".to_owned()];
        })
    };
    let file = "pull: []\nname: p\n";
    let made = held(file, known(), pools(&[("old", "prefect-agent")]), &["", "n", "n"]).await;
    let answers = made.answers.unwrap();
    assert_eq!(answers.pool.unwrap().name, "new");
    let refused = held(file, known(), pools(&[]), &["n"]).await;
    assert!(
        refused.saved.starts_with("error: A work pool is required to deploy this flow."),
        "{}",
        refused.saved
    );
}

#[tokio::test]
async fn schedules_are_asked_for_until_they_fit() {
    let known = || {
        options(|options| {
            options.entrypoint = Some("flow.py:hello".to_owned());
            options.names = vec!["x".to_owned()];
            options.pool = Some("p".to_owned());
        })
    };
    let file = "pull: []\nname: p\n";
    let world = || pools(&[("p", "process")]);
    let answers = ["", "Interval", "soon", "0", "", "n", "y", "RRule", "FREQ=NEVER", "", "", "", ""];
    let held = held(file, known(), world(), &answers).await;
    insta::assert_snapshot!(held.log, @r#"
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
    Please enter a valid rrule string (Invalid RRule string "FREQ=NEVER": invalid 'FREQ': NEVER)
    RRule string [RRULE:FREQ=DAILY;INTERVAL=1] 
    Timezone [UTC] 
    Would you like to activate this schedule? [y] 
    Would you like to add another schedule? [n]
    "#);
    let expected = json!([
        {"interval": 3600, "active": false},
        {"rrule": "RRULE:FREQ=DAILY;INTERVAL=1", "timezone": "UTC"},
    ]);
    assert_eq!(held.fields()["schedules"], expected);
}

#[tokio::test]
async fn options_that_say_when_are_not_asked_again() {
    let known = options(|options| {
        options.entrypoint = Some("flow.py:hello".to_owned());
        options.names = vec!["x".to_owned()];
        options.pool = Some("p".to_owned());
        options.interval = vec![60];
        options.tags = Some(vec!["t".to_owned()]);
        options.param = vec!["n=null".to_owned()];
    });
    let held = held("pull: []\nname: p\n", known, pools(&[("p", "process")]), &[]).await;
    assert_eq!(held.log, "");
    insta::assert_snapshot!(held.saved, @r#"
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
async fn an_interrupt_ends_the_interview() {
    let held = held("", Options::default(), pools(&[]), &["hello", "!"]).await;
    assert_eq!(held.saved, "error: the question was not answered");
}

#[tokio::test]
async fn a_flow_can_be_named_by_hand() {
    let known = options(|options| options.names = vec!["x".to_owned()]);
    let answers = ["Enter a flow entrypoint manually", "flow", "flow.py:helo", "flow.py:bye", "p", "n"];
    let held = held("pull: []\nname: p\n", known, pools(&[("p", "process")]), &answers).await;
    insta::assert_snapshot!(held.log, @"
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
