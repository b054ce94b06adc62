mod resources;

use std::collections::BTreeMap;

use super::{EnvironmentName, ProjectSources, UndefinedEnvironment, overlay_file::overlay_path};
use crate::{
    diagnostics::Diagnostic,
    pointer::Pointer,
    project::{Project, ProjectError},
    value,
};

const BASE: &str = "\
build:
- prefect.deployments.steps.run_shell_script: {script: ls}
deployments:
- name: nightly
  entrypoint: a.py:f
  tags: [a]
  work_pool: {name: dev, job_variables: {env: {A: '1', B: '2'}}}
- name: default
  entrypoint: a.py:f
- name: default
  entrypoint: b.py:g
environments:
  dev: {name_suffix: -dev}
  empty:
";

/// Writes a project file and the overlay file for the environment `prod`, then loads the project.
fn load(
    base: &str,
    overlay: Option<&str>,
    environment: &str,
) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("prefect.yaml"), base).unwrap();
    if let Some(overlay) = overlay {
        std::fs::write(directory.path().join("prefect.prod.yaml"), overlay).unwrap();
    }
    let name: EnvironmentName = environment.parse().unwrap();
    super::load("prefect.yaml".as_ref(), directory.path(), Some(&name))
}

/// Returns the deployments of the merged project as JSON.
fn deployments(overlay: &str) -> serde_json::Value {
    let (project, warnings) = load(BASE, Some(overlay), "prod").unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    project.deployments.iter().map(|declared| value::to_json(&declared.fields.to_template())).collect()
}

/// Returns the positions, messages and help texts of the errors.
fn errors(overlay: &str) -> Vec<String> {
    let Err(ProjectError::Invalid { diagnostics, .. }) = load(BASE, Some(overlay), "prod") else {
        panic!("{overlay} is valid")
    };
    let shown = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref().unwrap();
        let (name, start) = (place.source.name(), place.start());
        let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{name}:{}:{}: {}{help}", start.line, start.column, diagnostic.message)
    };
    diagnostics.iter().map(shown).collect()
}

#[test]
fn merges_deployments_by_name() {
    let found = deployments(
        "deployments:\n- name: nightly\n  tags: !append [b]\n  work_pool: {job_variables: {env: {A: null, C: '3'}}}\n\
         - {name: default, entrypoint: 'b.py:g', paused: true}\n- {name: new, entrypoint: c.py:h}\n",
    );
    let expected = serde_json::json!([
        {"name": "nightly", "entrypoint": "a.py:f", "tags": ["a", "b"],
         "work_pool": {"name": "dev", "job_variables": {"env": {"B": "2", "C": "3"}}}},
        {"name": "default", "entrypoint": "a.py:f"},
        {"name": "default", "entrypoint": "b.py:g", "paused": true},
        {"name": "new", "entrypoint": "c.py:h"},
    ]);
    assert_eq!(found, expected);
    let keyed =
        deployments("deployments:\n  nightly: {tags: [c]}\n  default: null\n  new: {entrypoint: c.py:h}\n");
    let expected = serde_json::json!([
        {"name": "nightly", "entrypoint": "a.py:f", "tags": ["c"],
         "work_pool": {"name": "dev", "job_variables": {"env": {"A": "1", "B": "2"}}}},
        {"name": "new", "entrypoint": "c.py:h"},
    ]);
    assert_eq!(keyed, expected);
}

#[test]
fn applies_values_to_all_deployments() {
    let found = deployments(
        "name_suffix: -prod\nwork_pool: {name: prod}\njob_variables: {env: {B: '9'}}\n\
         deployments: {nightly: {work_pool: {name: big}}, default: null, new: {entrypoint: 'c.py:h'}}\n",
    );
    let expected = serde_json::json!([
        {"name": "nightly-prod", "entrypoint": "a.py:f", "tags": ["a"],
         "work_pool": {"name": "big", "job_variables": {"env": {"A": "1", "B": "9"}}}},
        {"name": "new-prod", "entrypoint": "c.py:h", "work_pool": {"name": "prod", "job_variables": {"env": {"B": "9"}}}},
    ]);
    assert_eq!(found, expected);
}

#[test]
fn an_empty_list_changes_no_deployments() {
    let all = deployments("");
    for overlay in
        ["deployments:\n# - name: nightly\n", "deployments: []", "deployments: {}", "deployments: null"]
    {
        assert_eq!(deployments(overlay), all, "{overlay}");
    }
}

#[test]
fn null_is_a_value_if_the_file_has_no_value() {
    let overlay = "\
work_pool: {work_queue_name: null, job_variables: {env: {B: null, D: null}}}
deployments:
  nightly: {parameters: {a: null}, tags: null}
  default: null
  new: {entrypoint: c.py:h, parameters: {name: null, n: {x: null}}, work_pool: {job_variables: {C: null}}}
";
    let expected = serde_json::json!([
        {"name": "nightly", "entrypoint": "a.py:f", "parameters": {"a": null},
         "work_pool": {"name": "dev", "job_variables": {"env": {"A": "1"}}}},
        {"name": "new", "entrypoint": "c.py:h", "parameters": {"name": null, "n": {"x": null}},
         "work_pool": {"job_variables": {"env": {}, "C": null}}},
    ]);
    assert_eq!(deployments(overlay), expected);
}

#[test]
fn overlay_file_follows_the_section_of_the_project_file() {
    let base = format!("{BASE}  prod: {{name_suffix: -p, work_pool: {{name: first, work_queue_name: q}}}}\n");
    let (project, _) = load(&base, Some("name_suffix: -prod\nwork_pool: {name: second}\n"), "prod").unwrap();
    let fields = &project.deployments[0].fields;
    assert_eq!(fields.name().unresolved(), Some("nightly-prod"));
    let pool = value::to_json(fields.get(crate::project::Key::WorkPool).unwrap());
    assert_eq!((&pool["name"], &pool["work_queue_name"]), (&"second".into(), &"q".into()));
    for (environment, name) in [("dev", "nightly-dev"), ("empty", "nightly")] {
        let (project, _) = load(BASE, None, environment).unwrap();
        assert_eq!(project.deployments[0].name(), Some(name));
    }
}

#[test]
fn nulls_of_the_section_and_the_overlay_file_have_the_effect_of_a_single_null() {
    let values = "deployments:\n  nightly: {tags: null, parameters: {a: null}, work_pool: {job_variables: {env: {A: null}}}}\n  \
                  default: null\n  new: {entrypoint: c.py:h, parameters: {name: null}}\n";
    let base = BASE.replacen("- name: default\n  entrypoint: b.py:g\n", "", 1);
    let section = format!("{base}  prod:\n    {}", values.replace('\n', "\n    ").trim_end()) + "\n";
    let expected = serde_json::json!([
        {"name": "nightly", "entrypoint": "a.py:f", "parameters": {"a": null},
         "work_pool": {"name": "dev", "job_variables": {"env": {"B": "2"}}}},
        {"name": "new", "entrypoint": "c.py:h", "parameters": {"name": null}},
    ]);
    for (base, overlay) in [(&base, Some(values)), (&section, None), (&section, Some(values))] {
        let (project, warnings) = load(base, overlay, "prod").unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        let found: serde_json::Value = project
            .deployments
            .iter()
            .map(|declared| value::to_json(&declared.fields.to_template()))
            .collect();
        assert_eq!(found, expected, "{base} {overlay:?}");
    }
}

#[test]
fn values_that_an_environment_overrides_cause_no_warnings() {
    let base =
        BASE.replace("tags: [a]", "tags: [1.10, no]") + "  other: {deployments: {nightly: {tags: [1.10]}}}\n";
    let messages = |overlay: &str| -> Vec<String> {
        let (_, warnings) = load(&base, Some(overlay), "prod").unwrap();
        warnings.into_iter().map(|warning| warning.message).collect()
    };
    assert_eq!(messages("deployments: {nightly: {tags: [a]}}\n"), Vec::<String>::new());
    assert_eq!(messages("deployments: {nightly: {tags: !append [off]}}\n").len(), 3);
    assert_eq!(messages("work_pool: {job_variables: {env: {A: 1.10}}}\n").len(), 3);
    let (_, warnings) = load(&base, Some("{}\n"), "empty").unwrap();
    assert_eq!(warnings.len(), 2);
}

#[test]
fn values_keep_their_places() {
    let overlay =
        "# prod\ndeployments:\n- name: nightly\n  tags: !append [b]\n  work_pool:\n    name: prod\n";
    let (project, _) = load(BASE, Some(overlay), "prod").unwrap();
    let document = project.document.as_ref().unwrap();
    let item = Pointer::root().join("deployments").join(0);
    let pool = item.join("work_pool");
    for (pointer, place) in [
        (item.join("entrypoint"), "prefect.yaml:5:15"),
        (item.join("tags").join(0), "prefect.yaml:6:10"),
        (item.join("tags").join(1), "prefect.prod.yaml:4:18"),
        (pool.join("name"), "prefect.prod.yaml:6:11"),
        (pool.join("job_variables").join("env").join("A"), "prefect.yaml:7:51"),
        (pool.join("missing"), "prefect.yaml:7:14"),
    ] {
        let found = document.value_place(&pointer);
        let start = found.start();
        assert_eq!(format!("{}:{}:{}", found.source.name(), start.line, start.column), place, "{pointer}");
    }
}

#[test]
fn removed_values_have_the_place_of_the_null() {
    let section = "  prod: {deployments: {nightly: {tags: null}}}\n";
    let overlay = "deployments:\n- {name: nightly, work_pool: {name: null, job_variables: {env: null}}}\n";
    let (project, _) = load(&format!("{BASE}{section}"), Some(overlay), "prod").unwrap();
    let document = project.document.as_ref().unwrap();
    let item = Pointer::root().join("deployments").join(0);
    let pool = item.join("work_pool");
    let variables = pool.join("job_variables");
    for (pointer, place) in [
        (item.join("tags"), "prefect.yaml:15:34"),
        (item.join("tags").join(0), "prefect.yaml:15:34"),
        (pool.join("name"), "prefect.prod.yaml:2:31"),
        (variables.join("env").join("A"), "prefect.prod.yaml:2:59"),
        (variables.join("image"), "prefect.yaml:7:41"),
        (item.join("paused"), "prefect.yaml:4:3"),
    ] {
        let found = document.value_place(&pointer);
        let start = found.start();
        assert_eq!(format!("{}:{}:{}", found.source.name(), start.line, start.column), place, "{pointer}");
    }
    assert_eq!(document.key_span(&item.join("tags")), document.value_span(&item.join("tags")));
}

#[test]
fn names_have_the_place_of_a_suffix_that_can_be_invalid() {
    let pointer = Pointer::root().join("deployments").join(0).join("name");
    for (suffix, place) in [
        ("-prod", "prefect.yaml:4:9"),
        ("/x", "prefect.prod.yaml:1:14"),
        ("-<< env.NOPE >>", "prefect.prod.yaml:1:14"),
        ("-{{ x }}", "prefect.prod.yaml:1:14"),
    ] {
        let (project, _) = load(BASE, Some(&format!("name_suffix: '{suffix}'\n")), "prod").unwrap();
        let found = project.place(&pointer).unwrap();
        let start = found.start();
        assert_eq!(format!("{}:{}:{}", found.source.name(), start.line, start.column), place, "{suffix}");
    }
}

#[test]
fn an_error_names_the_file_of_the_wrong_value() {
    for (overlay, expected) in [
        ("deployments: [{name: nightly, paused: maybe}]", "prefect.prod.yaml"),
        ("name_suffix: 1", "prefect.prod.yaml"),
    ] {
        let Err(ProjectError::Invalid { file, .. }) = load(BASE, Some(overlay), "prod") else {
            panic!("{overlay} is valid")
        };
        assert_eq!(file, expected, "{overlay}");
    }
    let wrong = BASE.replace("tags: [a]", "tags: 1");
    let Err(ProjectError::Invalid { file, .. }) = load(&wrong, Some(""), "prod") else {
        panic!("the project file is valid")
    };
    assert_eq!(file, "prefect.yaml");
}

/// Invalid overlay files and their errors with positions, messages and help texts.
const INVALID_OVERLAYS: &[(&str, &str)] = &[
    ("[a]", "1:1: an environment must be a mapping, not a list"),
    ("name_suffix: 1", "1:14: `name_suffix` must be a string, not an integer"),
    (
        "work_pool: k8s",
        "1:12: `work_pool` must be a mapping, not a string (write the name of the work pool as `work_pool: {name: ...}`)",
    ),
    ("job_variables: [a]", "1:16: `job_variables` must be a mapping, not a list"),
    (
        "environments: {a: {}}",
        "1:1: environments cannot be nested (define the environment in `environments` of the project file, or in its own overlay file)",
    ),
    ("deployments: x", "1:14: `deployments` must be a list or a mapping, not a string"),
    ("deployments: [x]", "1:15: each item of `deployments` must be a mapping, not a string"),
    (
        "deployments: [{tags: [a]}]",
        "1:15: a deployment in an environment requires a `name` (the name identifies the deployment in the project file)",
    ),
    ("deployments: [{name: 1}]", "1:22: `name` must be a string, not an integer"),
    (
        "deployments: {1: {}}",
        "1:15: the name of a deployment must be a string, not an integer (quote the name)",
    ),
    ("deployments: {nightly: 1}", "1:24: deployment 'nightly' must be a mapping or null, not an integer"),
    (
        "deployments: [{name: 'a-{{ x }}'}]",
        "1:22: the name 'a-{{ x }}' is a template, but an environment identifies deployments by name (write the name without templates, or use `name_suffix`)",
    ),
    (
        "deployments: [{name: nigthly}]",
        "1:22: the project file has no deployment named 'nigthly' (did you mean 'nightly'?)",
    ),
    (
        "deployments: {other: null}",
        "1:15: the project file has no deployment named 'other' (remove the entry)",
    ),
    (
        "deployments: [{name: default}]",
        "1:22: 2 deployments are named 'default' (add the `entrypoint` of one of them: a.py:f, b.py:g)",
    ),
    (
        "deployments: [{name: nightly}, {name: nightly}]",
        "1:39: deployment 'nightly' is already set on line 1",
    ),
    (
        "deployments:\n- {name: nightly, work_pool: !append [a]}",
        "2:38: `!append` requires a list in the project file, but the value is a mapping (the value is set in prefect.yaml:7)",
    ),
    (
        "deployments:\n- {name: nightly, schedules: [{x: !append [a]}]}",
        "2:43: `!append` has no effect inside the items of a list (lists are replaced as a whole: remove the tag, or append to the outer list)",
    ),
    (
        "a: !merge {}",
        "1:4: the tag `!merge` is not supported (remove the tag, or quote the string if it starts with `!`)",
    ),
    (
        "a: !Apend []",
        "1:4: the tag `!Apend` is not supported (did you mean `!append`, which overlay files such as prefect.prod.yaml support?)",
    ),
    (
        "a: !append {}",
        "1:12: the tag `!append` requires a list, not a mapping (remove the tag: mappings are always merged)",
    ),
    ("a: {", "1:4: this `{` is not closed"),
    ("deployments: [{name: nightly, paused: maybe}]", "1:39: `paused` must be true or false, not a string"),
];

#[test]
fn rejects_invalid_overlays() {
    for (overlay, expected) in INVALID_OVERLAYS {
        let found = errors(overlay);
        let expected = format!("prefect.prod.yaml:{expected}");
        assert!(matches!(found.as_slice(), [only] if only.starts_with(&expected)), "{overlay}: {found:#?}");
    }
}

#[test]
fn lists_the_defined_environments() {
    let Err(ProjectError::UndefinedEnvironment(undefined)) = load(BASE, Some(""), "prdo") else {
        panic!("the environment is defined")
    };
    let UndefinedEnvironment { name, defined, .. } = undefined;
    let defined: Vec<String> = defined.iter().map(ToString::to_string).collect();
    assert_eq!((name.as_str(), defined.join(" ")), ("prdo", "dev empty prod".to_owned()));
    let long = "x".repeat(65);
    for name in ["", "a/b", "..", "a.b", "-x", "ä", &long] {
        assert!(name.parse::<EnvironmentName>().is_err(), "{name}");
    }
    let prod = "prod".parse().unwrap();
    let paths = [("prefect.yaml", "prefect.prod.yaml"), ("a/b.dev.yml", "a/b.dev.prod.yml"), ("x", "x.prod")];
    for (path, overlay) in BTreeMap::from(paths) {
        assert_eq!(overlay_path(path.as_ref(), &prod), std::path::Path::new(overlay));
    }
}

#[test]
fn reads_all_overlay_files() {
    let complete = "deployments:\n- {name: x, entrypoint: a.py:f}\n";
    let directory = tempfile::tempdir().unwrap();
    for file in
        ["prefect.yaml", "prefect.b.yaml", "prefect.a.yaml", "prefect.c.yml", "prefect.x.y.yaml", "b.yaml"]
    {
        std::fs::write(directory.path().join(file), BASE).unwrap();
    }
    for file in ["prefect.b.yaml", "prefect.a.yaml"] {
        std::fs::write(directory.path().join(file), "name_suffix: -x\n").unwrap();
    }
    std::fs::write(directory.path().join("prefect.full.yaml"), complete).unwrap();
    std::fs::create_dir(directory.path().join("prefect.d.yaml")).unwrap();
    let files = ProjectSources::read_all("prefect.yaml".as_ref(), directory.path()).unwrap();
    let names: Vec<String> = files.environments().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a", "b", "dev", "empty", "full"]);
    let checked: Vec<String> = files.checked_environments().iter().map(ToString::to_string).collect();
    assert_eq!(checked, ["a", "b", "dev", "empty"]);
}

#[test]
fn warns_about_misspelled_keys() {
    let (_, warnings) =
        load(BASE, Some("name_sufix: -prod\njob_variabels: {}\nanything: 1\n"), "prod").unwrap();
    let messages: Vec<_> =
        warnings.iter().map(|warning| (warning.message.as_str(), warning.help.as_deref())).collect();
    assert_eq!(
        messages,
        [
            ("the key 'name_sufix' is unknown and has no effect", Some("did you mean `name_suffix`?")),
            ("the key 'job_variabels' is unknown and has no effect", Some("did you mean `job_variables`?")),
        ]
    );
    let (_, warnings) = load(&format!("name_suffix: -x\n{BASE}"), Some(""), "prod").unwrap();
    assert_eq!(warnings[0].message, "the key `name_suffix` only has an effect in environments");
}

#[test]
fn limits_the_values_that_are_copied() {
    let base = "- {name: a}\n".repeat(3000);
    let overlay = format!("  list: [{}]\n", "1, ".repeat(2000));
    let found = load(&format!("deployments:\n{base}"), Some(&format!("job_variables:\n{overlay}")), "prod");
    let Err(ProjectError::Invalid { diagnostics, .. }) = found else { panic!("the overlay is accepted") };
    assert_eq!(diagnostics[0].message, "the values for all deployments expand to too many values");
}
