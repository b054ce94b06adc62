use serde_json::Value as Json;

use super::*;
use crate::secret::Secret;

const API: &str = "http://h/api";

fn record(name: &str, password: &str) -> JournaledDeployment {
    let fields = |version: u32| json!({"version": version, "job_variables": {"x": password}});
    JournaledDeployment::for_test(name, fields(1), fields(2))
}

fn begin(
    path: &Path,
    records: &[JournaledDeployment],
    earlier: &[JournaledDeployment],
    redactor: &Redactor,
) -> Journal {
    let resources = RecordedResources::default();
    let new = NewJournal {
        resources: &resources,
        path: path.to_owned(),
        api: API,
        directory: Path::new("/project"),
        files: &ProjectFiles::Single("x.yaml".into()),
        environment: None,
        project: None,
        preview: None,
        is_resumable: true,
        earlier,
    };
    let names = records.iter().map(JournaledDeployment::full_name).collect();
    Journal::begin(new, names, records.iter().cloned(), redactor).unwrap()
}

fn unfinished(path: &Path) -> Option<Recorded> {
    read(path, API, Path::new("/project")).unwrap()
}

#[test]
fn deployments_that_are_not_done_are_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/journal.jsonl");
    assert!(unfinished(&path).is_none());
    let redactor = Redactor::default();
    redactor.learn(&Secret::new("hunter2"));
    let all = [record("a", "hunter2"), record("b", "c"), record("c", "d")];
    let journal = begin(&path, &all, &[], &redactor);
    journal.done("hello/b");
    let text = fs::read_text(&path).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(matches!(read(&path, API, Path::new("/project")), Err(JournalError::Running)));
    drop(journal);
    let recorded = unfinished(&path).unwrap();
    assert_eq!(recorded.names, ["hello/a", "hello/c"]);
    assert_eq!((recorded.records.len(), recorded.missing), (3, 0));
    assert_eq!(recorded.records[1], all[1]);
    assert!(recorded.is_resumable);
    let single = |path: &str| ProjectFiles::Single(path.into());
    assert!(recorded.require_files(&ProjectFiles::Default).is_ok());
    assert!(recorded.require_files(&single("x.yaml")).is_ok());
    assert!(recorded.require_files(&single("y.yaml")).is_err());
    recorded.finish();
    assert!(unfinished(&path).is_none());
}

#[test]
fn a_truncated_journal_has_missing_records_or_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    drop(begin(&path, &[record("a", "é"), record("b", "c")], &[], &Redactor::default()));
    let bytes = std::fs::read(&path).unwrap();
    let mut counts = Vec::new();
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        match read(&path, API, Path::new("/project")) {
            Ok(recorded) => {
                let recorded = recorded.unwrap();
                assert_eq!(recorded.records.len() + recorded.missing, 2);
                counts.push(recorded.records.len());
            }
            Err(error) => assert!(matches!(error, JournalError::Damaged { .. }), "{error}"),
        }
    }
    counts.dedup();
    assert_eq!(counts, [0, 1, 2]);
}

#[test]
fn a_journal_of_another_deploy_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    drop(begin(&path, &[record("a", "b")], &[], &Redactor::default()));
    for (api, directory) in [("http://other/api", "/project"), (API, "/other")] {
        let error = read(&path, api, Path::new(directory)).unwrap_err();
        assert!(matches!(error, JournalError::OtherDeploy { .. }), "{error}");
    }
    let text = fs::read_text(&path).unwrap().replace("\"schema\":4", "\"schema\":3");
    std::fs::write(&path, text).unwrap();
    let error = read(&path, API, Path::new("/project")).unwrap_err();
    assert!(matches!(error, JournalError::OtherVersion(_)), "{error}");
}

#[test]
fn a_resumed_deploy_continues_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let version = |previous: u32, next: u32| {
        JournaledDeployment::for_test("b", json!({"version": previous}), json!({"version": next}))
    };
    let earlier = [record("a", "x"), version(1, 2)];
    drop(begin(&path, &[version(2, 3), record("c", "x")], &earlier, &Redactor::default()));
    let recorded = unfinished(&path).unwrap();
    assert_eq!((recorded.records.len(), recorded.missing), (3, 0));
    let continued = recorded.records.iter().find(|record| record.name == "b").unwrap();
    assert_eq!(continued.previous, version(1, 2).previous);
    let intended: Vec<&Json> =
        continued.intended.iter().map(|intended| &intended.fields["version"]).collect();
    assert_eq!(intended, [&json!(2), &json!(3)]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    begin(&path, &[], &[], &Redactor::default());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn finish_keeps_the_journal_of_another_deploy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let first = begin(&path, &[], &[], &Redactor::default());
    let second = begin(&path, &[], &[], &Redactor::default());
    first.finish();
    assert!(path.exists());
    second.finish();
    assert!(!path.exists());
}

#[test]
fn path_depends_on_directory_and_server() {
    let environment = Environment::from_iter([("HOME", "/home/ada")]);
    let here = path(&environment, "http://a/api", Path::new("/p")).unwrap();
    assert!(here.starts_with("/home/ada/.local/state/prefectl/deploy"), "{}", here.display());
    assert_ne!(here, path(&environment, "http://b/api", Path::new("/p")).unwrap());
    let state = Environment::from_iter([("HOME", "/home/ada"), ("XDG_STATE_HOME", "/state")]);
    assert!(path(&state, "", Path::new("/")).unwrap().starts_with("/state/prefectl"));
    let state = Environment::from_iter([("XDG_STATE_HOME", "/state")]);
    assert!(path(&state, "", Path::new("/")).unwrap().starts_with("/state/prefectl"));
}

#[test]
fn without_a_directory_there_is_no_journal_to_write_or_read() {
    let environment = Environment::from_iter([("HOME", ""), ("XDG_STATE_HOME", "")]);
    let error = path(&environment, API, Path::new("/project")).unwrap_err();
    assert!(matches!(error, JournalError::NoDirectory), "{error}");
    let error = recorded(&environment, API, Path::new("/project")).unwrap_err();
    assert!(matches!(error, JournalError::NoDirectory), "{error}");
}

#[test]
fn a_deploy_is_only_resumed_with_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    drop(begin(&path, &[record("a", "b")], &[], &Redactor::default()));
    let [dev, prod] = ["dev", "prod"].map(|name| name.parse().unwrap());
    let mut recorded = unfinished(&path).unwrap();
    let required =
        |recorded: &Recorded, name| recorded.require_environment(name).map_err(|error| error.to_string());
    assert_eq!(required(&recorded, None), Ok(()));
    let message = "the last deploy used no environment, not environment 'prod'";
    assert_eq!(required(&recorded, Some(&prod)), Err(message.to_owned()));
    recorded.environment = Some(prod.clone());
    assert_eq!([required(&recorded, None), required(&recorded, Some(&prod))], [Ok(()), Ok(())]);
    let message = "the last deploy used environment 'prod', not environment 'dev'";
    assert_eq!(required(&recorded, Some(&dev)), Err(message.to_owned()));
}
