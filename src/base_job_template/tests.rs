use super::*;

fn template() -> BaseJobTemplate {
    let template = json!({
        "job_configuration": {
            "command": "{{ command }}",
            "job_manifest": {"spec": {"template": {"spec": {"containers": [{"image": "{{ image }}"}]}}}},
        },
        "variables": {"type": "object", "properties": {
            "command": {"type": "string"},
            "image": {"type": "string", "default": "old"},
            "finished_job_ttl": {"type": "integer"},
            "pull": {"enum": ["Always", "Never"], "type": "string"},
            "env": {"type": "object", "default": {"A": "1"}, "additionalProperties": {"type": "string"}},
        }},
    });
    BaseJobTemplate::new("kubernetes", template.as_object().unwrap().clone())
}

fn changes(edited: BaseJobTemplate) -> Vec<String> {
    let line =
        |difference: Difference| format!("{}: {}", difference.path, difference.after.unwrap_or_default());
    let before = template().into_document().into();
    differences(&before, &edited.into_document().into()).into_iter().map(line).collect()
}

fn new(name: &str, kind: VariableType, place: &str) -> NewVariable {
    let place = (!place.is_empty()).then(|| place.to_owned());
    NewVariable { name: name.to_owned(), kind, default: None, place }
}

#[test]
fn bundled_templates_have_variables() {
    let template = BaseJobTemplate::bundled("kubernetes").unwrap();
    assert_eq!(template.variable("namespace").unwrap().default(), Some(&json!("default")));
    assert!(template.variables().any(|variable| variable.name == "finished_job_ttl"));
    for (kind, expected) in [
        ("kubernets", "unknown work pool type 'kubernets'; did you mean 'kubernetes'?"),
        ("x", "unknown work pool type 'x'; known types are azure-container-instance, cloud-run,"),
    ] {
        let error = BaseJobTemplate::bundled(kind).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn sets_defaults() {
    let mut template = template();
    template.set_default("image", json!("new:1")).unwrap();
    template.set_default("finished_job_ttl", json!(60)).unwrap();
    template.set_default_entry("env", "B", json!("2")).unwrap();
    assert_eq!(
        changes(template.clone()),
        [
            "variables.properties.image.default: \"new:1\"",
            "variables.properties.finished_job_ttl.default: 60",
            "variables.properties.env.default.B: \"2\"",
        ]
    );
    let before = template.clone();
    for (name, value, expected) in [
        ("imge", json!("x"), "the base job template has no variable 'imge'; did you mean 'image'?"),
        ("finished_job_ttl", json!("soon"), "invalid value \"soon\" for variable 'finished_job_ttl'"),
        ("pull", json!("Sometimes"), "invalid value \"Sometimes\" for variable 'pull'"),
        ("env", json!({"A": 1}), "invalid value {\"A\":1} for variable 'env'"),
    ] {
        let error = template.set_default(name, value).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert_eq!(template, before);
}

#[test]
fn adds_variables_at_their_locations() {
    const CONTAINER: &str = "job_configuration.job_manifest.spec.template.spec.containers.0";
    const POD: &str = "job_configuration.job_manifest.spec.template.spec";
    for (name, place, expected) in [
        (
            "cpu_request",
            "",
            format!("{CONTAINER}.resources: {{\"requests\":{{\"cpu\":\"{{{{ cpu_request }}}}\"}}}}"),
        ),
        (
            "gpu_limit",
            "",
            format!("{CONTAINER}.resources: {{\"limits\":{{\"nvidia.com/gpu\":\"{{{{ gpu_limit }}}}\"}}}}"),
        ),
        ("node_selector", "", format!("{POD}.nodeSelector: \"{{{{ node_selector }}}}\"")),
        (
            "cpu",
            "containers.0.resources.requests.cpu",
            format!("{CONTAINER}.resources: {{\"requests\":{{\"cpu\":\"{{{{ cpu }}}}\"}}}}"),
        ),
        (
            "zone",
            "job_manifest.spec.zone",
            "job_configuration.job_manifest.spec.zone: \"{{ zone }}\"".to_owned(),
        ),
        (
            "team",
            "spec.template.metadata.labels.example.com/team",
            "job_configuration.job_manifest.spec.template.metadata: \
             {\"labels\":{\"example.com/team\":\"{{ team }}\"}}"
                .to_owned(),
        ),
        ("shell", "command", "job_configuration.command: \"{{ shell }}\"".to_owned()),
    ] {
        let mut template = template();
        template.add_variable(&new(name, VariableType::String, place)).unwrap();
        assert_eq!(changes(template)[0], expected, "{name}");
    }
}

#[test]
fn a_used_variable_needs_no_location() {
    let mut template = template();
    let default = Some(json!("x"));
    template.add_variable(&NewVariable { default, ..new("image", VariableType::String, "") }).unwrap();
    assert_eq!(changes(template.clone()), ["variables.properties.image.default: \"x\""]);
    let error = template.add_variable(&new("image", VariableType::Integer, "")).unwrap_err();
    assert_eq!(error.to_string(), "the base job template already has a variable 'image' of type string");
}

#[test]
fn rejects_locations_that_do_not_exist() {
    for (place, expected) in [
        ("", "the job does not use the variable 'zone'"),
        (
            "comand",
            "invalid location 'comand' for variable 'zone': 'comand' does not exist; did you mean 'command'?",
        ),
        (
            "zone",
            "invalid location 'zone' for variable 'zone': 'zone' does not exist; the job configuration has command,",
        ),
        (
            "container.0.image",
            "invalid location 'container.0.image' for variable 'zone': 'container' does not exist; did you mean 'containers'?",
        ),
        (
            "containers.0.resorces.requests.cpu",
            "invalid location 'containers.0.resorces.requests.cpu' for variable 'zone': 'resorces' does not exist; did you mean 'resources'?",
        ),
        (
            "containers.0.resources.request.cpu",
            "invalid location 'containers.0.resources.request.cpu' for variable 'zone': 'request' does not exist; did you mean 'requests'?",
        ),
        (
            "containers.7.image",
            "invalid location 'containers.7.image' for variable 'zone': '7' is not a valid index for a list of length 1",
        ),
        (
            "volumes.0.name",
            "invalid location 'volumes.0.name' for variable 'zone': the list 'volumes' does not exist",
        ),
        (
            "containers",
            "invalid location 'containers' for variable 'zone': the location contains other values: 0",
        ),
        (
            "containers.0",
            "invalid location 'containers.0' for variable 'zone': the location contains other values: image",
        ),
        (
            "command.x",
            "invalid location 'command.x' for variable 'zone': \"{{ command }}\" is not an object or a list",
        ),
        (
            "containers..image",
            "invalid location 'containers..image' for variable 'zone': the path has an empty segment",
        ),
    ] {
        let mut changed = template();
        let error = changed.add_variable(&new("zone", VariableType::String, place)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{place}: {error}");
        assert_eq!(changed, template(), "{place}");
    }
}

#[test]
fn locations_of_other_platforms_start_at_the_job_configuration() {
    let mut ecs = BaseJobTemplate::bundled("ecs").unwrap();
    let place = "task_definition.containerDefinitions.0.entryPoint";
    ecs.add_variable(&new("entry_point", VariableType::Array, place)).unwrap();
    let definition = &ecs.document["job_configuration"]["task_definition"]["containerDefinitions"][0];
    assert_eq!(definition["entryPoint"], "{{ entry_point }}");
    let error = ecs.add_variable(&new("x", VariableType::String, "nodeSelector")).unwrap_err();
    assert!(error.to_string().contains("'nodeSelector' does not exist"), "{error}");
}
