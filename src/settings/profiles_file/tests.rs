use crate::settings::names;

use super::*;

/// A typical file that a user has written.
const TEXT: &str = r#"# My profiles.
active = "ci"

# For the pipeline.
[profiles.ci]
PREFECT_API_URL = "http://one/api" # the old one
PREFECT_DEFAULT_WORK_POOL_NAME = "pool"   # see the wiki
UNKNOWN_KEY = 3

[profiles.local]
PREFECT_API_URL = "http://127.0.0.1:4200/api"

[elsewhere]
kept = true
"#;

fn changed(text: &str, change: impl FnOnce(&mut ProfilesFile)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("profiles.toml");
    std::fs::write(&path, text).unwrap();
    let mut file = ProfilesFile::open(&path).unwrap();
    change(&mut file);
    file.save().unwrap();
    std::fs::read_to_string(&path).unwrap()
}

#[test]
fn replaces_a_value_in_place() {
    let result = changed(TEXT, |file| file.set("ci", &names::API_URL, "http://two/api"));
    assert_eq!(result, TEXT.replace("http://one/api", "http://two/api"));
    assert_eq!(changed(TEXT, |_| {}), TEXT);
}

#[test]
fn appends_a_new_value_to_its_profile() {
    let result = changed(TEXT, |file| file.set("ci", &names::API_KEY, "k\"ey"));
    assert_eq!(result, TEXT.replace("UNKNOWN_KEY = 3\n", "UNKNOWN_KEY = 3\nPREFECT_API_KEY = 'k\"ey'\n"));
}

#[test]
fn renames_former_names_in_place() {
    let new = "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME = \"pool\"   # see the wiki";
    let old = "PREFECT_DEFAULT_WORK_POOL_NAME = \"pool\"   # see the wiki";
    assert_eq!(changed(TEXT, |file| file.modernise("ci")), TEXT.replace(old, new));
    let set = changed(TEXT, |file| file.set("ci", &names::DEFAULT_WORK_POOL_NAME, "p2"));
    assert_eq!(set, TEXT.replace(old, &new.replace("pool\"", "p2\"")));
    let both = TEXT.replace("UNKNOWN_KEY", "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME = 'n'\nUNKNOWN_KEY");
    let result = changed(&both, |file| file.modernise("ci"));
    assert_eq!(result, both.replace(&format!("{old}\n"), ""));
    assert_eq!(changed(TEXT, |file| file.modernise("nope")), TEXT);
}

#[test]
fn unset_removes_every_name_of_a_setting() {
    let result = changed(TEXT, |file| assert!(file.unset("ci", &names::DEFAULT_WORK_POOL_NAME)));
    assert_eq!(result, TEXT.replace("PREFECT_DEFAULT_WORK_POOL_NAME = \"pool\"   # see the wiki\n", ""));
    assert_eq!(changed(TEXT, |file| assert!(!file.unset("ci", &names::API_KEY))), TEXT);
}

#[test]
fn creates_renames_and_removes_profiles() {
    let renamed = changed(TEXT, |file| file.rename("ci", "pipe.line"));
    assert_eq!(
        renamed,
        TEXT.replace("[profiles.ci]", "[profiles.\"pipe.line\"]").replace("= \"ci\"", "= \"pipe.line\"")
    );

    let removed = changed(TEXT, |file| file.remove("local"));
    assert_eq!(
        removed,
        TEXT.replace("[profiles.local]\nPREFECT_API_URL = \"http://127.0.0.1:4200/api\"\n\n", "")
    );

    let settings = ProfileSettings::from_iter([("PREFECT_API_URL".to_owned(), "http://x/api".to_owned())]);
    let added = changed(TEXT, |file| {
        file.add("new", &settings);
        file.activate("new");
    });
    let profile = "\n[profiles.new]\nPREFECT_API_URL = \"http://x/api\"\n";
    let at = TEXT.find("\n[elsewhere]").unwrap();
    let expected = format!("{}{profile}{}", &TEXT[..at], &TEXT[at..]);
    assert_eq!(added, expected.replace("active = \"ci\"", "active = \"new\""));
}

#[test]
fn creates_a_missing_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home/profiles.toml");
    let mut file = ProfilesFile::open(&path).unwrap();
    assert_eq!(file.names().count(), 0);
    file.set("ephemeral", &names::API_URL, "http://h/api");
    file.save().unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "[profiles.ephemeral]\nPREFECT_API_URL = \"http://h/api\"\n"
    );
}

#[test]
fn edits_inline_tables() {
    let text = "profiles = { a = { PREFECT_API_URL = 'x' } }\n";
    let result = changed(text, |file| file.set("a", &names::API_URL, "y"));
    assert_eq!(result, "profiles = { a = { PREFECT_API_URL = \"y\" } }\n");
}

#[test]
fn rejects_invalid_profiles_without_changing_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("profiles.toml");
    for (text, reason) in [
        ("profiles = 3\n", "invalid profiles in "),
        ("[profiles]\na = 'x'\n", "invalid profiles in "),
        ("[profiles.a\n", "Failed to load Prefect settings from "),
    ] {
        std::fs::write(&path, text).unwrap();
        let message = ProfilesFile::open(&path).unwrap_err().to_string();
        assert!(message.starts_with(reason), "{message}");
    }
}
