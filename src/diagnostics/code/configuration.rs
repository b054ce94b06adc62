//! Diagnostic codes for command-line options, settings and the connection to the server.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    OPTIONS = Entry {
        name: "options",
        severity: Error,
        title: "command-line options conflict with each other or with the file",
        meaning: "An option on the command line cannot be combined with another option or with a value in \
                  the project file.",
        example: "prefectl deploy --param a=1 --params '{\"a\": 1}'",
        fix: "Remove one of the two conflicting options or values.",
    };
    INVALID_SETTINGS = Entry {
        name: "invalid-settings",
        severity: Error,
        title: "the settings of a project are invalid",
        meaning: "A settings file next to a project file cannot be read, is not valid TOML, or has a setting with a \
                  value of the wrong type. If a command uses multiple project files, each project file's \
                  directory has its own settings.",
        example: "PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY=maybe",
        fix: "Correct the settings file at the reported location.",
    };
    IGNORED_OPTIONS = Entry {
        name: "ignored-options",
        severity: Warning,
        title: "options that apply to a single deployment are ignored",
        meaning: "Options such as `--pool` and `--cron` apply to a single deployment. They have no effect \
                  when multiple deployments are selected.",
        example: "prefectl deploy --all --pool production",
        fix: "Select one deployment with `-n`, or set the values in prefect.yaml.",
    };
    PARAMETER_GIVEN_TWICE = Entry {
        name: "parameter-given-twice",
        severity: Warning,
        title: "a parameter is set by both `--param` and `--params`",
        meaning: "A parameter is passed both with `--param` and in the JSON object of `--params`. The value \
                  from `--param` takes precedence.",
        example: "prefectl deployment run hello/default --param n=1 --params '{\"n\": 2}'",
        fix: "Set each parameter once.",
    };
    WORK_POOL_TYPE = Entry {
        name: "work-pool-type",
        severity: Warning,
        title: "the type of a work pool cannot be changed",
        meaning: "The type of a work pool cannot be changed after the pool is created. `--overwrite` \
                  updates every other field.",
        example: "prefectl work-pool create local --type docker --overwrite",
        fix: "Delete the pool and create it again, or choose a different name.",
    };
    UNKNOWN_PROFILE = Entry {
        name: "unknown-profile",
        severity: Warning,
        title: "the selected profile does not exist",
        meaning: "The active profile, set by an environment variable or in profiles.toml, is not defined in \
                  profiles.toml. The default profile is used instead.",
        example: "PREFECT_PROFILE=stagin prefectl deploy --all",
        fix: "Correct the name of the profile, or create the profile.",
    };
    UNKNOWN_SETTING = Entry {
        name: "unknown-setting",
        severity: Warning,
        title: "a setting does not exist",
        meaning: "The environment, a file or the profile contains a `PREFECT_` setting that the latest tested version of Prefect does not have. The setting has no effect.",
        example: "PREFECT_API_ULR=http://127.0.0.1:4200/api prefectl deploy --all",
        fix: "Correct the name, or remove the setting.",
    };
    API_URL = Entry {
        name: "api-url",
        severity: Warning,
        title: "PREFECT_API_URL looks wrong",
        meaning: "The URL resembles the API URL of Prefect Cloud but does not match it. Usually it was \
                  copied from the browser's address bar.",
        example: "PREFECT_API_URL=https://app.prefect.cloud/account/...",
        fix: "Use the URL shown in the message.",
    };
    PROJECT_URL = Entry {
        name: "project-url",
        severity: Warning,
        title: "a file in the project selects the server that receives the API key",
        meaning: "`.env`, `prefect.toml` or `pyproject.toml` sets the URL of the API, but the API key comes from the \
                  environment or the profile. The key is sent to the server that the project selects, as with \
                  Prefect. If you do not trust the project, this server may not be yours.",
        example: "# prefect.toml\n[api]\nurl = \"https://prefect.example.org/api\"",
        fix: "If you trust the server, confirm it: set PREFECT_API_URL to the same URL in the environment or in the \
              profile. Otherwise, unset the API key, or set PREFECT_API_URL to your own server.",
    };
    TLS_VERIFICATION = Entry {
        name: "tls-verification",
        severity: Warning,
        title: "the server's certificate is not verified",
        meaning: "PREFECT_API_TLS_INSECURE_SKIP_VERIFY is enabled. Anyone who can intercept the connection can \
                  obtain the API key, and read and change all requests.",
        example: "",
        fix: "Set PREFECT_API_SSL_CERT_FILE to a file with the server's certificate, and turn off \
              PREFECT_API_TLS_INSECURE_SKIP_VERIFY.",
    };
    CUSTOM_HEADER = Entry {
        name: "custom-header",
        severity: Warning,
        title: "a custom header is ignored",
        meaning: "PREFECT_CLIENT_CUSTOM_HEADERS contains a header that prefectl sets from other settings.",
        example: "",
        fix: "Remove the header from PREFECT_CLIENT_CUSTOM_HEADERS.",
    };
}
