use std::collections::BTreeSet;

use super::{value::Setting, *};
use crate::{environment::Environment, test_files};

/// A temporary working directory, with a home directory inside.
struct Fixture {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        std::fs::create_dir(&home).unwrap();
        Self { directory, variables: vec![("HOME".into(), home.display().to_string())] }
    }

    fn file(self, name: &str, text: &str) -> Self {
        test_files::write(self.directory.path(), &[(name, text)]);
        self
    }

    fn profiles(self, text: &str) -> Self {
        self.file("home/.prefect/profiles.toml", text)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn resolve(&self, profile: Option<&str>) -> Result<Settings, SettingsError> {
        let environment = Environment::from_iter(self.variables.clone());
        Settings::resolve(&environment, profile, self.directory.path())
    }

    fn settings(&self) -> Settings {
        self.resolve(None).unwrap()
    }
}

fn url(settings: &Settings) -> (Option<&str>, Origin) {
    (settings.api_url.value.as_deref(), settings.api_url.origin)
}

#[test]
fn uses_defaults_without_sources() {
    let fixture = Fixture::new();
    let settings = fixture.settings();
    assert_eq!(settings.profile, "ephemeral");
    assert_eq!(url(&settings), (None, Origin::Default));
    assert_eq!(settings.require_api_url(), Err(NoApiUrl));
    assert!(NoApiUrl.to_string().contains("PREFECT_API_URL"));
    assert_eq!(settings.ui_url.value, None);
    assert_eq!(settings.client_max_retries.value, 5);
    // The value comes from the built-in profile that is active by default.
    assert_eq!(settings.server_ephemeral_enabled, Setting { value: true, origin: Origin::Profile });
}

#[test]
fn applies_precedence_of_sources() {
    let profiles = "active = 'p'\n[profiles.p]\nPREFECT_API_URL = 'http://profile/api'\n";
    let fixture = Fixture::new().profiles(profiles);
    assert_eq!(url(&fixture.settings()), (Some("http://profile/api"), Origin::Profile));
    let fixture = fixture.file("pyproject.toml", "[tool.prefect.api]\nurl = 'http://pyproject/api'\n");
    assert_eq!(url(&fixture.settings()), (Some("http://pyproject/api"), Origin::PyprojectToml));
    let fixture = fixture.file("prefect.toml", "[api]\nurl = 'http://toml/api'\n");
    assert_eq!(url(&fixture.settings()), (Some("http://toml/api"), Origin::PrefectToml));
    let fixture = fixture.file(".env", "prefect_api_url=http://dotenv/api\n");
    assert_eq!(url(&fixture.settings()), (Some("http://dotenv/api"), Origin::DotEnv));
    let fixture = fixture.variable("prefect_api_url", "http://lower/api");
    assert_eq!(url(&fixture.settings()), (Some("http://lower/api"), Origin::Environment));
    let fixture = fixture.variable("PREFECT_API_URL", "http://env/api");
    assert_eq!(url(&fixture.settings()), (Some("http://env/api"), Origin::Environment));
    assert_eq!(fixture.settings().ui_url.value.as_deref(), Some("http://env"));
}

#[test]
fn empty_value_hides_other_sources() {
    let fixture = Fixture::new()
        .profiles("active = 'p'\n[profiles.p]\nPREFECT_API_URL = 'http://profile/api'\n")
        .variable("PREFECT_API_URL", "");
    assert_eq!(url(&fixture.settings()), (None, Origin::Environment));
}

#[test]
fn former_name_is_used_without_the_current_one() {
    let fixture = Fixture::new()
        .file(".env", "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME=new\nPREFECT_DEFAULT_WORK_POOL_NAME=old\n");
    assert_eq!(fixture.settings().default_work_pool_name.value.as_deref(), Some("new"));
    let fixture = fixture.variable("PREFECT_DEFAULT_WORK_POOL_NAME", "environment");
    assert_eq!(fixture.settings().default_work_pool_name.value.as_deref(), Some("environment"));
}

#[test]
fn environment_overrides_the_selected_profile() {
    let fixture = Fixture::new().variable("PREFECT_PROFILE", "cloud");
    assert_eq!(fixture.settings().profile, "cloud");
    let settings = fixture.resolve(Some("local")).unwrap();
    assert_eq!(url(&settings), (Some("http://127.0.0.1:4200/api"), Origin::Profile));
    let fixture = fixture.variable("PREFECT_API_URL", "http://env/api");
    assert_eq!(url(&fixture.resolve(Some("local")).unwrap()), (Some("http://env/api"), Origin::Environment));
    assert_eq!(fixture.resolve(Some("nope")).unwrap_err().to_string(), "Unknown profile 'nope'.");
}

#[test]
fn warns_about_an_unknown_active_profile() {
    let message = |fixture: &Fixture| fixture.settings().warnings[0].message.clone();
    let fixture = Fixture::new().profiles("active = 'zzz'\n");
    let end = "not found. The default profile will be used instead.";
    assert_eq!(message(&fixture), format!("Active profile 'zzz' set in the profiles file {end}"));
    let fixture = fixture.variable("PREFECT_PROFILE", "yyy");
    assert_eq!(message(&fixture), format!("Active profile 'yyy' set by environment variable {end}"));
    assert_eq!(fixture.settings().profile, "ephemeral");
}

#[test]
fn finds_the_profiles_file_as_prefect_does() {
    let text = "[profiles.local]\nPREFECT_API_URL = 'http://mine/api'\n";
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("elsewhere/profiles.toml", &[("PREFECT_HOME", "elsewhere")]),
        (
            "elsewhere/p.toml",
            &[("PREFECT_HOME", "elsewhere"), ("PREFECT_PROFILES_PATH", "$PREFECT_HOME/p.toml")],
        ),
        ("home/p.toml", &[("PREFECT_PROFILES_PATH", "~/p.toml")]),
    ];
    for (file, variables) in cases {
        let fixture = Fixture::new().file(file, text);
        let fixture = variables.iter().fold(fixture, |fixture, (name, value)| fixture.variable(name, value));
        let settings = fixture.resolve(Some("local")).unwrap();
        assert_eq!(url(&settings), (Some("http://mine/api"), Origin::Profile), "{file}");
    }
}

#[test]
fn errors_do_not_contain_values() {
    let fixture = Fixture::new().variable("PREFECT_CLIENT_CUSTOM_HEADERS", "secret");
    assert_eq!(
        fixture.resolve(None).unwrap_err().to_string(),
        "PREFECT_CLIENT_CUSTOM_HEADERS (from env) must be a JSON object of strings"
    );
    let fixture = Fixture::new().file("prefect.toml", "[api]\nurl = \n");
    let message = fixture.resolve(None).unwrap_err().to_string();
    assert!(
        message.starts_with("Failed to load Prefect settings from prefect.toml: invalid TOML ("),
        "{message}"
    );
    assert!(message.ends_with("line 2)"), "{message}");
}

#[test]
fn accepts_native_toml_values() {
    let text = "[client]\nmax_retries = 2\nretry_extra_codes = [404]\ncustom_headers = { A = 'b' }\n[cli]\nprompt = false\n";
    let settings = Fixture::new().file("prefect.toml", text).settings();
    assert_eq!(settings.client_max_retries, Setting { value: 2, origin: Origin::PrefectToml });
    assert_eq!(settings.client_retry_extra_codes.value, BTreeSet::from([404]));
    assert_eq!(settings.client_custom_headers.value["A"].expose(), "b");
}

#[test]
fn warns_about_the_url_of_the_user_interface() {
    let copied = "https://app.prefect.cloud/account/1/workspace/2";
    let fixture = Fixture::new().variable("PREFECT_API_URL", copied);
    let warnings = fixture.settings().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("Did you mean `api.prefect.cloud`?"));
    let silenced = fixture.variable("PREFECT_SILENCE_API_URL_MISCONFIGURATION", "1");
    assert!(silenced.settings().warnings.is_empty());
}

#[test]
fn detects_prefect_cloud_by_url() {
    let cloud =
        Fixture::new().variable("PREFECT_API_URL", "https://api.prefect.cloud/api/accounts/A/workspaces/W");
    assert!(cloud.settings().is_cloud());
    assert!(!Fixture::new().variable("PREFECT_API_URL", "http://h/api").settings().is_cloud());
}

#[test]
fn warns_about_a_server_that_the_project_selects() {
    let warnings = |fixture: &Fixture| -> Vec<String> {
        let warnings = fixture.settings().warnings;
        let found =
            warnings.into_iter().filter(|warning| warning.code == crate::diagnostics::Code::PROJECT_URL);
        let place = |warning: &crate::diagnostics::Diagnostic| {
            warning.place.as_ref().map(|place| format!("{}:{}", place.source.name(), place.start().line))
        };
        found.map(|warning| format!("{}: {}", place(&warning).unwrap_or_default(), warning.message)).collect()
    };
    let project = |fixture: Fixture| fixture.file("prefect.toml", "[api]\nurl = 'http://project/api'\n");
    let key = |fixture: Fixture| fixture.variable("PREFECT_API_KEY", "k");
    let message = "the project sets PREFECT_API_URL to 'http://project/api', and this server receives";

    assert_eq!(warnings(&project(Fixture::new())), [""; 0]);
    assert_eq!(
        warnings(&key(project(Fixture::new()))),
        [format!("prefect.toml:2: {message} PREFECT_API_KEY from the environment")]
    );
    let profile = "active = 'p'\n[profiles.p]\nPREFECT_API_AUTH_STRING = 'a:b'\n";
    assert_eq!(
        warnings(&project(Fixture::new().profiles(profile))),
        [format!("prefect.toml:2: {message} PREFECT_API_AUTH_STRING from the profile")]
    );
    let dotenv = "# url\nPREFECT_API_URL=http://project/api\n";
    let headers = |fixture: Fixture| fixture.variable("PREFECT_CLIENT_CUSTOM_HEADERS", "{\"X\": \"y\"}");
    assert_eq!(
        warnings(&headers(Fixture::new().file(".env", dotenv))),
        [format!(".env:2: {message} PREFECT_CLIENT_CUSTOM_HEADERS from the environment")]
    );
    // The project may also bring its own profiles.
    let own = "active = 'p'\n[profiles.p]\nPREFECT_API_URL = 'http://project/api'\n";
    let own = key(Fixture::new().file("own.toml", own).file(".env", "PREFECT_PROFILES_PATH=own.toml\n"));
    assert_eq!(warnings(&own), [format!(".env:1: {message} PREFECT_API_KEY from the environment")]);
    let cloud =
        key(Fixture::new().file("pyproject.toml", "[tool.prefect.cloud]\napi_url = 'http://x/api'\n"));
    assert!(warnings(&cloud)[0].starts_with("pyproject.toml:2: the project sets PREFECT_CLOUD_API_URL"));

    for trusted in [
        key(project(Fixture::new())).variable("PREFECT_API_URL", "http://project/api"),
        key(project(Fixture::new()))
            .profiles("active = 'p'\n[profiles.p]\nPREFECT_API_URL = 'http://project/api/'\n"),
        Fixture::new().file(".env", &format!("{dotenv}PREFECT_API_KEY=k\n")),
        key(Fixture::new().file("prefect.toml", "[api]\nurl = 'https://api.prefect.cloud/api/accounts/a'\n")),
    ] {
        assert_eq!(warnings(&trusted), [""; 0]);
    }
}
