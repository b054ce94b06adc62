use std::path::Path;

use crate::{
    deployment::{Options, PullSteps, StepSections, TestContext},
    flow::Inspector,
    project::{self, StepList},
    resolve::{self, Inspection, expressions::*},
    secret::Redactor,
    target,
    template::{Lookup, LookupFuture},
    validate,
    value::to_json,
};

/// A server with one variable, `region`.
struct OneVariable;

impl Lookup for OneVariable {
    fn block<'a>(&'a self, _: &'a str, _: &'a str) -> LookupFuture<'a> {
        Box::pin(async { Ok(None) })
    }

    fn block_by_id<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
        Box::pin(async { Ok(None) })
    }

    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a> {
        Box::pin(async move { Ok((name == "region").then(|| "eu".into())) })
    }
}

const FLOW: &str =
    "from prefect import flow\n\n@flow(name=\"Hello\")\ndef hello_flow(n: int = 1):\n    pass\n";

/// Creates a repository with `flow.py` and the given project file.
fn repository(yaml: &str) -> tempfile::TempDir {
    let (directory, _) = git::testing::repository("first", None);
    std::fs::write(directory.path().join("flow.py"), FLOW).unwrap();
    std::fs::write(directory.path().join("prefect.yaml"), yaml).unwrap();
    directory
}

/// Resolves a project file's deployment. Returns its fields before and after the steps, its first step's inputs, its
/// pull steps, and the findings.
async fn run(yaml: &str, outputs: &str, resolver: &Resolver<'_>) -> (Option<[Value; 4]>, Vec<String>) {
    let directory = repository(yaml);
    let options = Options { all: true, ..Options::default() };
    let context = TestContext::new(options, &[("STAGE", "prod"), ("ENTRY", "flow.py")]);
    let ctx = context.in_directory(directory.path());
    let (project, _) = project::load(Path::new("prefect.yaml"), directory.path(), None).unwrap();
    let mut findings = Findings::new(project.document.as_ref());
    let selection = target::select(&project, ctx.options, |_| None).unwrap();
    let specs = target::specs(selection, &ctx, &mut findings).unwrap();
    let templates: Vec<Value> = specs.iter().map(|spec| spec.fields.to_template()).collect();
    let steps = [&project.build, &project.pull].into_iter().flat_map(StepList::steps);
    let names = Names::used_in(templates.iter().chain(steps), &ctx, resolver).await.unwrap();
    let inspector = Inspector::new();
    let inspection = Inspection { project: &project, ctx: &ctx, resolver, inspector: &inspector };
    let spec = specs.into_iter().next().unwrap();
    let resolved = resolve::resolve(&inspection, &names, spec, &mut findings).await.unwrap().unwrap();
    let sections = StepSections::of(&project, &resolved, directory.path());
    validate::check_expressions(&resolved, &sections, &names, &mut findings);
    let found = findings.take();
    let found = found
        .iter()
        .map(|resolved| format!("{} {}: {}", resolved.severity.name(), resolved.code, resolved.message))
        .collect();
    let outputs: Mapping = serde_yaml::from_str(outputs).unwrap();
    let after = after_steps(&resolved, &outputs).ok();
    let input = sections.build.first().map(|listed| {
        let inputs = Value::Mapping(listed.item().unwrap().all_inputs.clone());
        expression::evaluate(&inputs, &resolved.scope, &BTreeSet::new()).unwrap_or_default()
    });
    let PullSteps::Listed(steps) = &sections.pull else { return (None, found) };
    let pull = pull_steps(steps, &resolved, &outputs).unwrap_or_default();
    let values = after
        .map(|after| [resolved.fields.to_template(), after.to_template(), input.unwrap_or_default(), pull]);
    (values, found)
}

const PROJECT: &str = r#"
build:
- prefect.deployments.steps.run_shell_script:
    id: build-it
    script: echo << git.branch >> << deployment.name >> << flow.name >>
pull:
- prefect.deployments.steps.set_working_directory:
    directory: /opt/<< build-it.stdout >>/<< env.STAGE >>/{{ later.directory }}
deployments:
- name: << env.STAGE >>-<< flow.function | slugify >>
  entrypoint: "{{ $ENTRY }}:hello_flow"
  version: << git.sha[:4] ~ build-it.stdout >>
  description: << deployment.name >> of << flow.name >> in << flow.file >> {{ $STAGE }}
  tags: [<< build-it.stdout >>, << variables.region >>, "{{ build-it.stdout }}"]
  parameters: {n: << 1 + 1 >>}
  schedules: [{cron: "0 6 * * *", slug: << variables.nothing | default("s") >>}]
  triggers: [{expect: [x], parameters: {run: "<< deployment.name >>-{{ event.id }}"}}]
  work_pool: {name: local, job_variables: {image: "<< build-it.stdout >>:{{ $STAGE }}"}}
"#;

#[tokio::test]
async fn names_depend_on_the_stage() {
    let lookup = OneVariable;
    let resolver = Resolver::new(&lookup, Redactor::default());
    let (values, found) = run(PROJECT, "{build-it: {stdout: out}, stdout: out}", &resolver).await;
    assert_eq!(found, [""; 0]);
    let [before, after, input, pull] = values.unwrap();
    let before = to_json(&before);
    assert_eq!(before["name"], "prod-hello-flow");
    assert_eq!(before["entrypoint"], "flow.py:hello_flow");
    assert_eq!(before["description"], "prod-hello-flow of Hello in flow.py prod");
    assert_eq!(before["tags"].to_string(), r#"["<< build-it.stdout >>","eu","{{ build-it.stdout }}"]"#);
    assert_eq!(before["parameters"]["n"], 2);
    assert_eq!(before["schedules"][0]["slug"], "s");
    assert_eq!(before["triggers"][0]["parameters"]["run"], "prod-hello-flow-{{ event.id }}");
    let after = to_json(&after);
    assert_eq!(after["tags"][0], "out");
    assert_eq!(after["work_pool"]["job_variables"]["image"], "out:prod");
    let version = after["version"].as_str().unwrap();
    assert!(version.len() == 7 && version.ends_with("out"), "{version}");
    assert_eq!(to_json(&input)["script"], "echo main prod-hello-flow Hello");
    let pull = to_json(&pull);
    let directory = &pull[0]["prefect.deployments.steps.set_working_directory"]["directory"];
    assert_eq!(directory, "/opt/out/prod/{{ later.directory }}");
}

#[tokio::test]
async fn reports_errors_before_anything_runs() {
    let lookup = OneVariable;
    let resolver = Resolver::new(&lookup, Redactor::default());
    let yaml = r#"
build:
- prefect.deployments.steps.run_shell_script: {id: one, script: echo << two.stdout >> << env.NOPE >>}
- prefect.deployments.steps.run_shell_script: {id: two, script: echo << one.stdot >> << one.stdout | lowr >>}
pull:
- prefect.deployments.steps.set_working_directory: {directory: << on.stdout >>}
deployments:
- name: default
  entrypoint: flow.py:hello_flow
  version: << git.brnch >>
  tags: [<< two.stdot >>, << variables.regoin >>, << 1 + >>, << two.nothing | default("x") >>]
  work_pool: {name: local}
"#;
    let (_, found) = run(yaml, "{}", &resolver).await;
    assert_eq!(
        found,
        [
            "error expression: invalid expression `1 +`: unexpected end of input, expected expression",
            "error expression: `git.brnch` is not defined",
            "error expression: `variables.regoin` is not defined",
            "error expression: `two` is not defined",
            "error expression: `env.NOPE` is not defined",
            "error unknown-output: step 'one' has no output 'stdot'",
            "error expression: unknown filter `lowr`",
            "error unknown-output: step 'two' has no output 'stdot'",
            "error expression: `on` is not defined",
        ]
    );
}

#[tokio::test]
async fn offline_evaluation_keeps_unknown_values() {
    let resolver = Resolver::offline(Redactor::default());
    let yaml = r#"
deployments:
- name: << variables.name >>
  entrypoint: flow.py:hello_flow
  version: << env.CI_COMMIT >>
  description: "{{ prefect.blocks.secret.a }} << deployment.name >>"
  work_pool: {name: "{{ prefect.variables.pool }}"}
"#;
    let (_, found) = run(yaml, "{}", &resolver).await;
    assert_eq!(found, ["warning unset-environment: `env.CI_COMMIT` is not defined"]);
}

#[tokio::test]
async fn does_not_evaluate_inserted_values() {
    struct Secretive;
    impl Lookup for Secretive {
        fn block<'a>(&'a self, _: &'a str, _: &'a str) -> LookupFuture<'a> {
            Box::pin(async { Ok(Some(serde_json::json!({"value": "a<< b >>c"}))) })
        }
        fn block_by_id<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
            Box::pin(async { Ok(None) })
        }
        fn variable<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
            Box::pin(async { Ok(None) })
        }
    }
    let resolver = Resolver::new(&Secretive, Redactor::default());
    let yaml = r#"
pull: [{prefect.deployments.steps.set_working_directory: {directory: /opt}}]
deployments:
- name: default
  entrypoint: flow.py:hello_flow
  description: "{{ prefect.blocks.secret.x }}"
  work_pool: {name: local}
"#;
    let (values, _) = run(yaml, "{}", &resolver).await;
    assert_eq!(values.unwrap()[1]["description"], Value::from("a<< b >>c"));
}
