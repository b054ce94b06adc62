use super::super::registry;
use super::*;

fn refused(name: &str, inputs: &str) -> (Option<String>, String) {
    let entry = registry::find(name).unwrap();
    match (entry.create)(serde_yaml::from_str(inputs).unwrap()) {
        Err(StepError::Input { key, message }) => (key, message),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{inputs} was taken"),
    }
}

#[test]
fn inputs_that_cannot_work_are_refused_before_anything_runs() {
    let push = "prefect_aws.deployments.steps.push_to_s3";
    let azure = "prefect_azure.deployments.steps.pull_from_azure_blob_storage";
    for (name, inputs, key, message) in [
        (push, "{bucket: b, folder: /abs}", "folder", "begins with a slash"),
        (push, "{bucket: b, folder: a/../b}", "folder", "`..`"),
        (push, "{bucket: '', folder: a}", "bucket", "no name"),
        (push, "{bucket: b, folder: a, credentials: {aws_access_key_id: k}}", "credentials", "no secret key"),
        (push, "{bucket: b, folder: a, client_parameters: {config: 7}}", "client_parameters", "7"),
        (
            azure,
            "{container: c, folder: a, credentials: {}}",
            "credentials",
            "connection_string or account_url",
        ),
    ] {
        let (at, text) = refused(name, inputs);
        assert_eq!(at.as_deref(), Some(key), "{inputs}");
        assert!(text.contains(message), "{inputs}: {text}");
    }
}

#[test]
fn outputs_are_the_inputs_as_they_are_given() {
    for (ignore_file, expected) in
        [("", Some(IGNORE_FILE)), (", ignore_file: null", None), (", ignore_file: x", Some("x"))]
    {
        let inputs: Inputs<Value> =
            serde_yaml::from_str(&format!("{{container: c, folder: ./a/{ignore_file}}}")).unwrap();
        assert_eq!((inputs.ignore_file.0.as_deref(), inputs.folder.as_str()), (expected, "./a/"));
    }
}
