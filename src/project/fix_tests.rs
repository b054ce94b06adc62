//! Tests for project file fixes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{ProjectError, load_source, repair};
use crate::{diagnostics::Diagnostic, source::Source, yaml};

/// Applies fixes until none remain. Returns the fixed file content and the remaining diagnostics.
fn fixed(text: &str) -> (String, Vec<Diagnostic>) {
    let mut source = Source::new("prefect.yaml", text);
    for _ in 0..20 {
        let (diagnostics, modernizations) = match load_source(&source) {
            Ok((project, warnings)) => (warnings, repair::modernize(project.document.as_ref().unwrap())),
            Err(ProjectError::Invalid { diagnostics, .. }) => (diagnostics, Vec::new()),
            Err(error) => panic!("{error}"),
        };
        let fixes = diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_deref());
        match yaml::apply(&source, fixes.chain(&modernizations)) {
            Some(result) => source = source.with_text(result.text),
            None => return (source.text().to_owned(), diagnostics),
        }
    }
    panic!("too many passes: {}", source.text());
}

/// Asserts the file content after all fixes. No diagnostics may remain.
fn assert_fixed(cases: &[(&str, &str)]) {
    for (before, after) in cases {
        let (text, diagnostics) = fixed(before);
        assert_eq!(text, *after, "{diagnostics:?}");
        assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
    }
}

#[test]
fn renames_and_removes_keys() {
    assert_fixed(&[
        (
            "deployments:\n- name: a\n  entry_point: f.py:f # flow\n  description_: x\n",
            "deployments:\n- name: a\n  entrypoint: f.py:f # flow\n  description: x\n",
        ),
        ("deployment:\n- deployment_name: a\n", "deployments:\n- name: a\n"),
        (
            "deployments:\n- name: a\n  is_schedule_active: false  # paused\n  max_active_runs: 3\n",
            "deployments:\n- name: a\n  paused: true  # paused\n  concurrency_limit: 3\n",
        ),
        (
            "deployments:\n- name: a\n  # no catchup\n  catchup: false  # old\n  tags: []\n",
            "deployments:\n- name: a\n  # no catchup\n  # old\n  tags: []\n",
        ),
        ("deployments:\n- catchup: false\n  name: a\n", "deployments:\n- name: a\n"),
        ("deployments: [{catchup: no, name: a}]\n", "deployments: [{name: a}]\n"),
        (
            "deployments:\n- name: a\n  schedules:\n  - cron: '0 0 * * *'\n    max_scheduled_runs: 3\n    is_active: no\n",
            "deployments:\n- name: a\n  schedules:\n  - cron: '0 0 * * *'\n    active: no\n",
        ),
        (
            "deployments:\n- name: a\n  schedules: [{cron: '0 0 * * *', timezon: UTC, catchup: true}]\n",
            "deployments:\n- name: a\n  schedules: [{cron: '0 0 * * *', timezone: UTC}]\n",
        ),
    ]);
}

#[test]
fn moves_keys_with_their_comments() {
    assert_fixed(&[
        (
            "deployments:\n- name: a\n  # variables\n  job_variables:\n    image: x # image\n    # env\n    env: {A: b}\n\n  work_pool:\n    name: p # pool\n  tags: []\n",
            "deployments:\n- name: a\n\n  work_pool:\n    name: p # pool\n    # variables\n    job_variables:\n      image: x # image\n      # env\n      env: {A: b}\n  tags: []\n",
        ),
        (
            "deployments:\n- job_variables:\n    image: x\n  name: a\n  work_pool: {name: p} # pool\n",
            "deployments:\n- name: a\n  work_pool: # pool\n    name: p\n    job_variables:\n      image: x\n",
        ),
        (
            "deployments:\n- name: a\n  job_variables: {image: x}\n  work_pool: {name: p}\n",
            "deployments:\n- name: a\n  work_pool: {name: p, job_variables: {image: x}}\n",
        ),
        (
            "deployments:\n- name: a\n  work_pool: p # pool\n  infra_overrides:\n    image: x\n",
            "deployments:\n- name: a\n  work_pool:\n    name: p # pool\n    job_variables:\n      image: x\n",
        ),
        (
            "deployments:\n  - name: a\n    pool: p # pool\n    image: x\n    queue: q",
            "deployments:\n  - name: a\n    work_pool:\n      name: p # pool\n      job_variables:\n        image: x\n      work_queue_name: q\n",
        ),
        (
            "deployments: [{name: a, pool: p, work_queue_name: q}]\n",
            "deployments: [{name: a, work_pool: {name: p, work_queue_name: q}}]\n",
        ),
        (
            "deployments:\n- name: a\n  work_pool:\n    name: p\n    tags: [x] # tags\n    env:\n      A: b\n",
            "deployments:\n- name: a\n  work_pool:\n    name: p\n    job_variables:\n      env:\n        A: b\n  tags: [x] # tags\n",
        ),
        (
            "deployments:\n- name: a\n  # daily\n  cron: '0 0 * * *' # midnight\n  timezone: UTC\n  tags: []\n",
            "deployments:\n- name: a\n  schedules:\n  # daily\n  - cron: '0 0 * * *' # midnight\n    timezone: UTC\n  tags: []\n",
        ),
        (
            "deployments:\n- name: a\n  concurrency_limit: 3\n  collision_strategy: CANCEL_NEW\n",
            "deployments:\n- name: a\n  concurrency_limit:\n    limit: 3\n    collision_strategy: CANCEL_NEW\n",
        ),
        (
            "# mine\ntags: [x] # tag\n# all\nwork_pool:\n  name: p\ndeployments:\n- name: a\n  # end\n",
            // Comments at the start of the file belong to the file.
            "# mine\n# all\ndeployments:\n- name: a\n  # end\n  tags: [x] # tag\n  work_pool:\n    name: p\n",
        ),
        (
            "deployments:\r\n- name: a\r\n  job_variables:\r\n    image: x\r\n",
            "deployments:\r\n- name: a\r\n  work_pool:\r\n    job_variables:\r\n      image: x\r\n",
        ),
    ]);
}

#[test]
fn changes_types() {
    assert_fixed(&[
        (
            "deployments:\n- name: a\n  version: 3.10 # python\n  description: no\n",
            "deployments:\n- name: a\n  version: \"3.10\" # python\n  description: \"no\"\n",
        ),
        (
            "deployments:\n- name: a\n  parameters: {1: x}\n",
            "deployments:\n- name: a\n  parameters: {\"1\": x}\n",
        ),
        (
            "deployments:\n- name: a\n  parameters: # none\n  tags: []\n",
            "deployments:\n- name: a\n  # none\n  tags: []\n",
        ),
        (
            "deployments:\n- name: a\n  schedule: # daily\n    # first\n    cron: '0 0 * * *'\n    timezone: UTC # zone\n",
            "deployments:\n- name: a\n  schedules: # daily\n    # first\n    - cron: '0 0 * * *'\n      timezone: UTC # zone\n",
        ),
        (
            "deployments:\n- name: a\n  schedule: {cron: '0 0 * * *'}\n",
            "deployments:\n- name: a\n  schedules: [{cron: '0 0 * * *'}]\n",
        ),
        (
            "deployments:\n- name: a\n  schedule:\n  - cron: '0 0 * * *'\n",
            "deployments:\n- name: a\n  schedules:\n  - cron: '0 0 * * *'\n",
        ),
        (
            "deployments:\n- name: a\n  schedules:\n    cron: * * * * *  # minutely\n",
            "deployments:\n- name: a\n  schedules:\n    - cron: \"* * * * *\"  # minutely\n",
        ),
        ("deployments:\n  name: a\n  tags:\n  - x\n", "deployments:\n  - name: a\n    tags:\n    - x\n"),
        (
            "build:\n- my.step:\n    tag: 1.10 # tag\n    buildargs: {PYTHON_VERSION: 3.10}\ndeployments: []\n",
            "build:\n- my.step:\n    tag: \"1.10\" # tag\n    buildargs: {PYTHON_VERSION: \"3.10\"}\ndeployments: []\n",
        ),
    ]);
}

#[test]
fn changes_anchored_values_only_if_all_uses_stay_right() {
    assert_fixed(&[(
        "x: &pool\n  infra_overrides: {image: y}\ndeployments:\n- name: a\n  work_pool: *pool\n- name: b\n  work_pool: *pool\n",
        "x: &pool\n  job_variables: {image: y}\ndeployments:\n- name: a\n  work_pool: *pool\n- name: b\n  work_pool: *pool\n",
    )]);
    for text in [
        "x: &pool {name: p}\ndeployments:\n- name: a\n  work_pool: *pool\n  job_variables: {image: y}\n",
        "x: &all {job_variables: {image: y}}\ndeployments:\n- <<: *all\n  name: a\n",
        "deployments:\n- name: a\n  job_variables: {image: y}\n  work_pool: {job_variables: {}}\n",
        "deployments:\n- name: a\n  entry_point: x\n  entrypoint: y\n",
        "tags: []\ndeployments:\n- name: a\n- name: b\n",
    ] {
        let (after, diagnostics) = fixed(text);
        assert_eq!(after, text);
        assert_eq!(diagnostics.len(), 1, "{text}");
    }
}

#[test]
fn files_outside_the_project_have_no_fixes() {
    let source = Source::private("prefect.yaml", "deployments:\n- name: a\n  entry_point: f.py:f\n");
    let (_, warnings) = load_source(&source).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].fix.is_none());
}

/// Generates the lines of a deployment with misplaced keys, comments and blank lines.
fn any_deployment() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("  job_variables:\n    image: x # image\n    env: {A: 1.10}\n"),
        Just("  job_variables: {image: x}\n"),
        Just("  infra_overrides:\n    # cpu\n    cpu: 1\n"),
        Just("  work_pool: p # pool\n"),
        Just("  work_pool: {name: p}\n"),
        Just("  work_pool:\n    name: p\n    # queue\n    queue: q\n    tags: [x]\n"),
        Just("  catchup: false # catchup\n"),
        Just("  schedule:\n    cron: '0 0 * * *' # cron\n    is_active: true\n"),
        Just("  cron: '0 0 * * *'\n"),
        Just("  timezone: UTC\n"),
        Just("  version: 1.10\n"),
        Just("  image: y # y\n"),
        Just("  description: |\n    # text\n    more\n"),
        Just("  concurrency_limit: 3\n"),
        Just("  collision_strategy: ENQUEUE\n"),
        Just("  # comment\n"),
        Just("\n"),
    ];
    prop::collection::vec(line, 0..6).prop_map(|lines| {
        let mut keys = BTreeSet::new();
        let mut text = String::from("- name: a\n");
        for line in lines {
            let key = line.trim_start().split(':').next().unwrap_or_default();
            if key.starts_with('#') || key.trim().is_empty() || keys.insert(key) {
                text.push_str(line);
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn fixes_keep_all_comments(deployments in prop::collection::vec(any_deployment(), 1..4)) {
        let text = format!("# head\ndeployments:\n{}# end\n", deployments.concat());
        let (after, _) = fixed(&text);
        let comments = |text: &str| {
            let mut comments: Vec<String> = text.lines().filter_map(|line| Some(line.split_once('#')?.1.to_owned())).collect();
            comments.sort();
            comments
        };
        prop_assert_eq!(comments(&after), comments(&text), "{}\n{}", text, after);
    }
}
