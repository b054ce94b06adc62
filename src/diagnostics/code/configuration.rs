//! Diagnostic codes for command-line options, settings and the connection to the server.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    OPTIONS = Entry {
        name: "options",
        severity: Error,
        title: "options contradict the file or each other",
        meaning: "An option of the command line cannot be combined with another option or with the file.",
        example: "prefectl deploy --param a=1 --params '{\"a\": 1}'",
        fix: "Remove one of the two.",
    };
    IGNORED_OPTIONS = Entry {
        name: "ignored-options",
        severity: Warning,
        title: "options for a single deployment are ignored",
        meaning: "Options such as `--pool` and `--cron` describe a single deployment. They have no effect if \
                  several deployments are selected.",
        example: "prefectl deploy --all --pool production",
        fix: "Select one deployment with `-n`, or write the values in the file.",
    };
    PARAMETER_GIVEN_TWICE = Entry {
        name: "parameter-given-twice",
        severity: Warning,
        title: "a parameter is set by both `--param` and `--params`",
        meaning: "The value of `--param` is used.",
        example: "prefectl deployment run hello/default --param n=1 --params '{\"n\": 2}'",
        fix: "Set each parameter once.",
    };
    WORK_POOL_TYPE = Entry {
        name: "work-pool-type",
        severity: Warning,
        title: "the type of a work pool cannot be changed",
        meaning: "The type of a work pool is fixed when the pool is created. `--overwrite` changes everything else.",
        example: "prefectl work-pool create local --type docker --overwrite",
        fix: "Delete the pool and create it again, or choose another name.",
    };
    UNKNOWN_PROFILE = Entry {
        name: "unknown-profile",
        severity: Warning,
        title: "the profile does not exist",
        meaning: "The environment or profiles.toml names a profile that is not in profiles.toml. The default \
                  profile is used instead.",
        example: "PREFECT_PROFILE=stagin prefectl deploy --all",
        fix: "Correct the name, or create the profile.",
    };
    UNKNOWN_SETTING = Entry {
        name: "unknown-setting",
        severity: Warning,
        title: "a setting does not exist",
        meaning: "The environment, a file or the profile contains a `PREFECT_` setting that the latest tested release \
                  of Prefect does not have. The setting has no effect on prefectl.",
        example: "PREFECT_API_ULR=http://127.0.0.1:4200/api prefectl deploy --all",
        fix: "Correct the name, or remove the setting.",
    };
    API_URL = Entry {
        name: "api-url",
        severity: Warning,
        title: "PREFECT_API_URL looks wrong",
        meaning: "The URL is similar to the API URL of Prefect Cloud but not equal to it. In most cases it is the \
                  URL of a page in the browser.",
        example: "PREFECT_API_URL=https://app.prefect.cloud/account/...",
        fix: "Use the form shown in the message.",
    };
    TLS_VERIFICATION = Entry {
        name: "tls-verification",
        severity: Warning,
        title: "the server's certificate is not verified",
        meaning: "PREFECT_API_TLS_INSECURE_SKIP_VERIFY is enabled. Anyone who can intercept the connection can \
                  obtain the API key, and read and change all requests.",
        example: "",
        fix: "Trust the certificate with PREFECT_API_SSL_CERT_FILE, and disable the setting.",
    };
    CUSTOM_HEADER = Entry {
        name: "custom-header",
        severity: Warning,
        title: "a custom header is ignored",
        meaning: "PREFECT_CLIENT_CUSTOM_HEADERS contains a header that prefectl sets from other settings.",
        example: "",
        fix: "Remove the header from the setting.",
    };
}
