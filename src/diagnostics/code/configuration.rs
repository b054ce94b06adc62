//! Codes about options, settings and the connection.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    OPTIONS = Entry {
        name: "options",
        severity: Error,
        title: "the options contradict the file or themselves",
        meaning: "An option of the command line cannot be used with what else is given.",
        example: "prefectl deploy --param a=1 --params '{\"a\": 1}'",
        fix: "Leave one of the two out.",
    };
    IGNORED_OPTIONS = Entry {
        name: "ignored-options",
        severity: Warning,
        title: "options for one deployment are ignored for several",
        meaning: "Options such as `--pool` or `--cron` describe a single deployment. With several selected they have \
                  no effect.",
        example: "prefectl deploy --all --pool production",
        fix: "Select one deployment with `-n`, or write the values into the file.",
    };
    PARAMETER_GIVEN_TWICE = Entry {
        name: "parameter-given-twice",
        severity: Warning,
        title: "a parameter is given by `--param` and `--params`",
        meaning: "The value of `--param` counts.",
        example: "prefectl deployment run hello/default --param n=1 --params '{\"n\": 2}'",
        fix: "Give each parameter once.",
    };
    WORK_POOL_TYPE = Entry {
        name: "work-pool-type",
        severity: Warning,
        title: "the type of a work pool cannot be changed",
        meaning: "A work pool keeps the type that it was created with; `--overwrite` changes the rest.",
        example: "prefectl work-pool create local --type docker --overwrite",
        fix: "Delete the pool and create it again, or choose another name.",
    };
    UNKNOWN_PROFILE = Entry {
        name: "unknown-profile",
        severity: Warning,
        title: "there is no such profile",
        meaning: "The environment or profiles.toml names a profile that profiles.toml does not have. The default \
                  profile is used in its place.",
        example: "PREFECT_PROFILE=stagin prefectl deploy --all",
        fix: "Correct the name, or create the profile.",
    };
    API_URL = Entry {
        name: "api-url",
        severity: Warning,
        title: "PREFECT_API_URL looks wrong",
        meaning: "The address is close to one of Prefect Cloud, but is not that of its API: mostly it is the address \
                  of a page in the browser.",
        example: "PREFECT_API_URL=https://app.prefect.cloud/account/...",
        fix: "Use the form that the message shows.",
    };
    TLS_VERIFICATION = Entry {
        name: "tls-verification",
        severity: Warning,
        title: "the server's certificate is not checked",
        meaning: "PREFECT_API_TLS_INSECURE_SKIP_VERIFY is on: whoever answers at the address of the API gets the key, \
                  and may read and change all that is sent.",
        example: "",
        fix: "Name the certificates to trust with PREFECT_API_SSL_CERT_FILE, and switch the setting off.",
    };
    CUSTOM_HEADER = Entry {
        name: "custom-header",
        severity: Warning,
        title: "a custom header is left out",
        meaning: "PREFECT_CLIENT_CUSTOM_HEADERS names a header that is always set from other settings.",
        example: "",
        fix: "Remove the header from the setting.",
    };
}
