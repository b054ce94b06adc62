use crate::{
    deployment::{Options, TestContext},
    validate::checking::findings,
};

const FLOW: &str = "from prefect import flow\n\n@flow\ndef hello(n: int = 1):\n    pass\n\n\
                    @flow\ndef needs(n: int, word: str):\n    pass\n";

/// Validates a project file offline. Returns the lines, codes and help texts of the findings.
async fn check(yaml: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("flow.py"), FLOW).unwrap();
    std::fs::write(directory.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    std::fs::write(directory.path().join("prefect.yaml"), yaml).unwrap();
    let options = Options { all: true, ..Options::default() };
    let context = TestContext::new(options, &[("STAGE", "prod")]);
    let found = findings(&context.in_directory(directory.path())).await;
    let shown = |diagnostic: &crate::diagnostics::Diagnostic| {
        let line = diagnostic.place.as_ref().map_or(0, |place| place.start().line);
        format!("{line} {}: {}", diagnostic.code, diagnostic.help.as_deref().unwrap_or("-"))
    };
    found.unwrap()[0].diagnostics.iter().map(shown).collect()
}

/// Validates a project file with these sections and one deployment.
async fn check_deployment(sections: &str, fields: &str) -> Vec<String> {
    check(&format!(
        "deployments:\n- {{name: a, entrypoint: 'flow.py:hello', work_pool: {{name: p}}{fields}}}\n{sections}"
    ))
    .await
}

const SHELL: &str = "- prefect.deployments.steps.run_shell_script";
const BUILD: &str = "- prefect_docker.deployments.steps.build_docker_image";

#[tokio::test]
async fn checks_references_to_outputs() {
    let steps = format!(
        "build:\n{SHELL}: {{id: hash, script: ls}}\n{BUILD}: {{id: b, image_name: x, tag: '{{{{ hash.stdout }}}}'}}\n"
    );
    for (fields, expected) in [
        (
            ", version: '{{ hash.stdout }}', description: 'x {{ b.image }} {{ stdout }} {{ ctx.flow.name }}'",
            &[][..],
        ),
        (
            ", tags: ['{{ b.additional_tags[0] }}', '{{ $STAGE }}', '{{ STAGE }}']",
            &["2 environment-without-dollar: use {{ $STAGE }} to refer to the environment variable"],
        ),
        (", version: '{{ hash.stdot }}'", &["2 unknown-output: did you mean {{ hash.stdout }}?"]),
        (
            ", version: '{{ b.nothing_like_it }}'",
            &[
                "2 unknown-output: step 'b' has the outputs image_name, tag, image, image_id, additional_tags, reused",
            ],
        ),
        (
            ", version: '{{ CI_TAG }}'",
            &["2 unknown-output: no step has this output, and the environment variable CI_TAG is not set"],
        ),
        (", version: '{{ $CI_TAG }}'", &["2 unset-environment: the environment variable CI_TAG is not set"]),
        (", description: '{{ prefect.blocks.secret.x }} {{ prefect.variables.y }}'", &[]),
        (", description: '{{ prefect.blocks.secret }}'", &["2 reference: -"]),
        (", triggers: [{expect: [x], parameters: {n: '{{ event.id }}'}}]", &[]),
        (
            ", triggers: [{expect: ['{{ event.id }}']}]",
            &["2 unknown-output: no step has the ID or the output 'event'"],
        ),
    ] {
        assert_eq!(check_deployment(&steps, fields).await, expected, "{fields}");
    }
}

#[tokio::test]
async fn builds_must_not_overwrite_the_images_of_other_deployments() {
    let build = |inputs: &str| {
        format!(
            "build: [{{prefect_docker.deployments.steps.build_docker_image: {{image_name: r/x, {inputs}}}}}]"
        )
    };
    let conflict = "image-conflict: use a different `image_name` or `tag`, so that the builds do not \
                    overwrite each other";
    for (first, second, expected) in [
        ("tag: a", "tag: a", None),
        ("tag: a, id: i", "tag: a, id: j", None),
        ("tag: a", "tag: b, target: t", None),
        ("tag: auto", "tag: auto, target: t", None),
        ("target: s", "target: t", None),
        ("tag: a", "tag: a, target: t", Some(conflict)),
        ("tag: a", "tag: b, additional_tags: [a], target: t", Some(conflict)),
        ("tag: '<< env.STAGE >>'", "tag: prod, target: t", Some(conflict)),
        ("tag: '{{ $STAGE }}'", "tag: '{{ $STAGE }}', target: t", Some(conflict)),
    ] {
        let deployment = |name: &str, inputs: &str| {
            format!(
                "- {{name: {name}, entrypoint: 'flow.py:hello', work_pool: {{name: p}}, pull: [], {}}}\n",
                build(inputs)
            )
        };
        let yaml = format!("deployments:\n{}{}", deployment("a", first), deployment("b", second));
        let expected: Vec<String> = expected.iter().map(|help| format!("3 {help}")).collect();
        assert_eq!(check(&yaml).await, expected, "{yaml}");
    }
}

#[tokio::test]
async fn scheduled_runs_need_values_of_required_parameters() {
    let schedules = "schedules:\n  - {cron: '0 0 * * *'}\n  - {cron: '0 1 * * *', parameters: {n: 1}}\n  \
                     - {cron: '0 2 * * *', active: false}\n";
    let help = "missing-parameter: set the parameter in `parameters` of the deployment or the schedule, or add a default to the flow";
    for (fields, expected) in [
        (schedules.to_owned(), vec![format!("6 {help}"), format!("7 {help}")]),
        (format!("parameters: {{word: x}}\n  {schedules}"), vec![format!("7 {help}")]),
        (format!("paused: true\n  {schedules}"), vec![]),
        ("tags: []\n".to_owned(), vec![]),
    ] {
        let yaml = format!(
            "deployments:\n- name: a\n  entrypoint: flow.py:needs\n  work_pool: {{name: p}}\n  {fields}"
        );
        assert_eq!(check(&yaml).await, expected, "{yaml}");
    }
}

#[tokio::test]
async fn steps_only_see_earlier_outputs() {
    for (steps, expected) in [
        (
            format!("build:\n{SHELL}: {{id: one, script: 'echo {{{{ two.stdout }}}}'}}\npush:\n{SHELL}: {{id: two, script: 'echo {{{{ one.stdout }}}}'}}\n"),
            &["4 unknown-output: the output belongs to a later step; move that step before this reference"][..],
        ),
        (format!("build:\n{SHELL}: {{script: 'echo {{{{ STAGE }}}} {{{{ $NOPE }}}}'}}\n"), &["4 unset-environment: the environment variable NOPE is not set"]),
        (
            "pull:\n- prefect.deployments.steps.git_clone: {id: clone, repository: x}\n- prefect.deployments.steps.set_working_directory: {directory: '{{ clone.directory }}/{{ clon.directory }}/{{ REGION }}{{ $ANY }}'}\n".to_owned(),
            &["5 unknown-output: did you mean {{ clone.directory }}?"],
        ),
        ("pull:\n- my_company.steps.fetch: {id: x}\n- my_company.steps.go: {to: '{{ anything.at.all }}'}\n".to_owned(), &[]),
        (
            format!("build:\n{BUILD}: {{id: image, image_name: x}}\npush:\n- prefect_docker.deployments.steps.push_docker_image: {{image_name: '{{{{ image.image_name }}}}'}}\n"),
            &["4 id-is-output: use a different ID for the step", "6 unknown-output: did you mean {{ image_name }}?"],
        ),
        (
            format!("build:\n{BUILD}: {{image_name: x, dockerfile: a/Dockerfile}}\n{BUILD}: {{image_name: x, dockerfile: auto}}\n"),
            &["4 no-dockerfile: create the file, correct the path, or set `dockerfile: auto` to generate a Dockerfile"],
        ),
        (
            format!("build:\n{SHELL}: {{script: make}}\n{BUILD}: {{image_name: x, dockerfile: made/by/make}}\n"),
            &[],
        ),
        (
            format!("build:\n{SHELL}: {{script: make && make test}}\n{SHELL}: {{script: make | tee log, shell: true}}\n"),
            &["4 shell-needed: write one command per line, or add `shell: true` to run each line with /bin/sh"],
        ),
    ] {
        assert_eq!(check_deployment(&steps, "").await, expected, "{steps}");
    }
}

#[tokio::test]
async fn reports_all_problems_at_once() {
    let yaml = "
deployments:
- {name: a, entrypoint: 'flow.py:helo', work_pool: {name: p}, schedules: [{cron: x}]}
- {name: b, entrypoint: 'flow.py:hello', parameters: {n: many, m: 1}}
- {name: b, entrypoint: 'flow.py:hello', name: b, work_pool: {name: p}, schedule: {}, schedules: []}
- {name: b, entrypoint: 'flow.py:hello', work_pool: {name: p}, schedule: {cron: '0 0 * * *'}, schedules: []}
- {entrypoint: 'flow.py:hello', work_pool: {name: p}}
";
    let found = check(yaml).await;
    let codes: Vec<&str> =
        found.iter().map(|diagnostic| diagnostic.split(':').next().unwrap_or_default()).collect();
    assert_eq!(
        codes,
        [
            "5 duplicate-key",
            "6 schedule-keys",
            "7 unnamed-deployment",
            "3 flow-not-found",
            "3 schedule",
            "4 no-work-pool",
            "4 unknown-parameter",
            "4 parameter-type",
            "5 duplicate-deployment",
        ]
    );
}
