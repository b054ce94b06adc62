//! Tests for selecting deployments with `--select`.

use std::collections::BTreeMap;

use super::{FlowNames, SelectError, criteria::Criteria, narrowing};
use crate::{
    deployment::Options,
    environment::Environment,
    flow::Inspector,
    project::{Project, load_source},
    source::Source,
    test_files,
};

const FILE: &str = r"
deployments:
- {name: a, entrypoint: flows/etl.py:load_all, tags: [etl, nightly], work_pool: {name: gpu}}
- {name: b, entrypoint: ./flows/etl.py:named, tags: 'etl, weekly', work_pool: {name: cpu-small}}
- {name: c, entrypoint: acme.reports.send, work_pool: {name: '{{ $POOL }}'}, tags: [etl, '{{ x }}']}
- {name: '<< env.STAGE >>', entrypoint: flows/gone.py:gone}
";

fn project(text: &str) -> Project {
    load_source(&Source::new("services/prefect.yaml", text)).unwrap().0
}

/// Returns the names of the deployments that the options select, and the number of warnings.
fn selected(selectors: &[&str], names: &[&str]) -> Result<(Vec<String>, usize), SelectError> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let etl =
        "from prefect import flow\n@flow\ndef load_all(): ...\n@flow(name='My flow')\ndef named(): ...\n";
    let reports = "from prefect import flow\n@flow\ndef send(): ...\n";
    test_files::write(&root, &[("flows/etl.py", etl), ("acme/reports.py", reports)]);
    let (inspector, environment, project) = (Inspector::new(), Environment::default(), project(FILE));
    let names_of_flows = FlowNames { inspector: &inspector, directory: &root, environment: &environment };
    let criteria = Criteria {
        project: &project,
        names: names_of_flows,
        directory: &root,
        default_work_pool: Some("fallback"),
        changes: BTreeMap::new(),
    };
    let options = Options {
        selectors: selectors.iter().map(|text| text.parse().unwrap()).collect(),
        names: names.iter().map(ToString::to_string).collect(),
        ..Options::default()
    };
    let selection = narrowing::narrow(&options, &[criteria])?.remove(0);
    let names = selection.picked.iter().map(|declared| declared.name().unwrap().to_owned()).collect();
    Ok((names, selection.warnings.len()))
}

#[test]
fn selects_deployments_by_their_properties() {
    for (selectors, expected, warnings) in [
        (&["tag:etl"][..], &["a", "b", "c"][..], 0),
        (&["tag:week*"], &["b"], 1),
        (&["tag:etl,!pool:gpu"], &["b"], 1),
        (&["!tag:etl"], &["<< env.STAGE >>"], 0),
        (&["pool:fallback"], &["<< env.STAGE >>"], 1),
        (&["pool:cpu-*", "pool:gpu"], &["a", "b"], 1),
        (&["flow:load-all"], &["a"], 1),
        (&["flow:load_all"], &["a"], 1),
        (&["flow:My flow"], &["b"], 1),
        (&["path:flows/*.py"], &["a", "b", "<< env.STAGE >>"], 0),
        (&["path:acme"], &["c"], 0),
        (&["file:services/**"], &["a", "b", "c", "<< env.STAGE >>"], 0),
        (&["!file:services/**", "name:a"], &["a"], 2),
        (&["name:load-all/*"], &["a"], 1),
        (&["name:*,!name:b,!name:c"], &["a"], 1),
        (&["tag:nightly", "tag:etl"], &["a", "b", "c"], 0),
    ] {
        let (names, count) = selected(selectors, &[]).unwrap();
        assert_eq!(
            (names.as_slice(), count),
            (&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..], warnings),
            "{selectors:?}"
        );
    }
}

#[test]
fn names_narrow_the_selection() {
    assert_eq!(
        selected(&["tag:etl"], &["b", "load-all/*"]).unwrap(),
        (vec!["a".to_owned(), "b".to_owned()], 0)
    );
    assert_eq!(selected(&["tag:etl"], &["b", "z"]).unwrap(), (vec!["b".to_owned()], 1));
}

#[test]
fn fails_if_no_deployment_is_selected() {
    let patterns = |selectors: &[&str], names: &[&str]| match selected(selectors, names) {
        Err(SelectError::NoMatch { patterns, undecided, .. }) => (patterns, undecided.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(patterns(&["tag:x"], &[]), (vec!["tag:x".to_owned()], 1));
    assert_eq!(patterns(&["file:x"], &[]), (vec!["file:x".to_owned()], 0));
    assert_eq!(patterns(&["tag:etl"], &["z*"]), (vec!["tag:etl".to_owned(), "z*".to_owned()], 0));
    assert_eq!(selected(&["tag:a"], &["a/b/c"]), Err(SelectError::Name("a/b/c".to_owned())));
}

/// A selector that matches nothing lists the values that would match, and suggests the most similar one.
#[test]
fn explains_conditions_that_no_deployment_meets() {
    for (selector, expected) in [
        ("tag:elt", "did you mean 'tag:etl'? the tags are: etl, nightly, weekly"),
        ("tag:a*", "the tags are: etl, nightly, weekly"),
        (
            "pool:cpu-smal,tag:etl",
            "did you mean 'pool:cpu-small'? the work pools are: cpu-small, fallback, gpu",
        ),
        ("flow:My flwo", "did you mean 'flow:My flow'? the flows are: My flow, load-all, send"),
        ("name:z", "the deployments are: a, b, c"),
        (
            "path:flow/etl.py",
            "did you mean 'path:flows/etl.py'? the files of flows are: acme/reports.py, flows/etl.py, flows/gone.py",
        ),
        (
            "path:flws/**",
            "did you mean 'path:flows/**'? the files of flows are: acme/reports.py, flows/etl.py, flows/gone.py",
        ),
        ("file:service", "did you mean 'file:services'? the project files are: services/prefect.yaml"),
    ] {
        let Err(SelectError::NoMatch { unmet, .. }) = selected(&[selector], &[]) else {
            panic!("{selector}")
        };
        // A pool or tag with a template is undecided, so the condition may be met.
        if unmet.is_empty() {
            assert!(
                ["tag:", "pool:", "flow:", "name:"].iter().any(|key| selector.starts_with(key)),
                "{selector}"
            );
            continue;
        }
        assert_eq!(unmet, [expected], "{selector}");
    }
}
