use super::super::registry;
use super::*;

fn rejection(name: &str, inputs: &str) -> (Option<String>, String) {
    let entry = registry::find(name).unwrap();
    match (entry.create)(serde_yaml::from_str(inputs).unwrap()) {
        Err(StepError::Input { key, message }) => (key, message),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{inputs} was accepted"),
    }
}

#[test]
fn rejects_invalid_inputs_before_running() {
    let push = "prefect_aws.deployments.steps.push_to_s3";
    let azure = "prefect_azure.deployments.steps.pull_from_azure_blob_storage";
    for (name, inputs, key, message) in [
        (push, "{bucket: b, folder: /abs}", "folder", "must not start with a slash"),
        (push, "{bucket: b, folder: a/../b}", "folder", "contains `..`"),
        (push, "{bucket: '', folder: a}", "bucket", "must not be empty"),
        (
            push,
            "{bucket: b, folder: a, credentials: {aws_access_key_id: k}}",
            "credentials",
            "requires a secret key",
        ),
        (push, "{bucket: b, folder: a, client_parameters: {config: 7}}", "client_parameters", "7"),
        (
            azure,
            "{container: c, folder: a, credentials: {}}",
            "credentials",
            "connection_string or account_url",
        ),
    ] {
        let (at, text) = rejection(name, inputs);
        assert_eq!(at.as_deref(), Some(key), "{inputs}");
        assert!(text.contains(message), "{inputs}: {text}");
    }
}

#[test]
fn warns_about_private_files_without_an_ignore_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(missing_ignore_file(IGNORE_FILE, folder.path()), None);
    std::fs::write(folder.path().join(".env"), "").unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    for (file, expected) in [
        (IGNORE_FILE, ".prefectignore does not exist; the push includes .env, .git"),
        (".s3ignore", "ignore file '.s3ignore' does not exist; all files are pushed"),
    ] {
        assert_eq!(missing_ignore_file(file, folder.path()).as_deref(), Some(expected));
    }
}

#[test]
fn keeps_the_inputs_as_written() {
    for (ignore_file, expected) in
        [("", Some(IGNORE_FILE)), (", ignore_file: null", None), (", ignore_file: x", Some("x"))]
    {
        let inputs: Inputs<Value> =
            serde_yaml::from_str(&format!("{{container: c, folder: ./a/{ignore_file}}}")).unwrap();
        assert_eq!((inputs.ignore_file.0.as_deref(), inputs.folder.as_str()), (expected, "./a/"));
    }
}
