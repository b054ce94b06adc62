//! Diagnostic codes for the keys and value types of prefect.yaml.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    NOT_A_MAPPING = Entry {
        name: "not-a-mapping",
        severity: Error,
        title: "the project file is not a mapping",
        meaning: "A project file must be a mapping with keys such as `build` and `deployments`. This file \
                  is empty, a list or a single value.",
        example: "- name: default\n  entrypoint: flow.py:hello",
        fix: "Move the list under a `deployments:` key.",
    };
    UNKNOWN_KEY = Entry {
        name: "unknown-key",
        severity: Warning,
        title: "a key has no effect",
        meaning: "Prefect silently ignores unknown keys, so a misspelled key has no effect. In a schedule, \
                  an unknown key causes an error, because Prefect then rejects the entire file.",
        example: "deployments:\n- name: default\n  entry_point: flow.py:hello   # entrypoint",
        fix: "Correct or remove the key. Unknown keys at the top level of the file are allowed because they \
              often contain anchors.",
    };
    MISPLACED_KEY = Entry {
        name: "misplaced-key",
        severity: Warning,
        title: "a key has no effect at the top level",
        meaning: "The key is only valid in a deployment. Prefect ignores it at the top level of the file.",
        example: "schedules:\n- cron: \"0 6 * * *\"\ndeployments:\n- name: default",
        fix: "Move the key into an item of `deployments`.",
    };
    LEGACY_DEPLOYMENT_FILE = Entry {
        name: "legacy-deployment-file",
        severity: Error,
        title: "the file is in the deployment format of Prefect 2",
        meaning: "The file was created by the `prefect deployment build` command of Prefect 2. Prefect 3 \
                  does not support its format.",
        example: "name: nightly\nflow_name: etl\ninfra_overrides: {}",
        fix: "Write the deployment as an item of the `deployments` list in prefect.yaml.",
    };
    NO_DEPLOYMENTS = Entry {
        name: "no-deployments",
        severity: Warning,
        title: "the file declares no deployments",
        meaning: "The `deployments` list is missing or empty, so there is nothing to deploy.",
        example: "name: acme\ndeployments: []",
        fix: "Add a deployment, for example with `prefectl init`.",
    };
    REMOVED_KEY = Entry {
        name: "removed-key",
        severity: Warning,
        title: "a key from an earlier Prefect release has no effect",
        meaning: "Prefect 2 supported this key, but Prefect 3 ignores it. In a schedule, the key causes an \
                  error, because Prefect 3 rejects it.",
        example: "infra_overrides: {image: flows:latest}",
        fix: "Use the replacement given in the message.",
    };
    WRONG_TYPE = Entry {
        name: "wrong-type",
        severity: Error,
        title: "a value has the wrong type",
        meaning: "The value does not have the type that its key requires. Prefect rejects a file that \
                  contains such a value.",
        example: "version: 1.10   # the number 1.1, not a string",
        fix: "Use a value of the required type. To turn a number or a date into a string, quote it.",
    };
    ENVIRONMENT_OVERLAY = Entry {
        name: "environment-overlay",
        severity: Error,
        title: "an environment cannot be merged with the project file",
        meaning: "An environment's values are merged with the project file's values. Deployments are \
                  found by name, so the name must be a string without templates that identifies a single \
                  deployment. A list with the tag `!append` can only be added to another list.",
        example: "",
        fix: "Correct the value in the overlay file or in `environments`.",
    };
    OVERLAY_FILE = Entry {
        name: "overlay-file",
        severity: Warning,
        title: "an overlay file is used as a project file",
        meaning: "The file is named like an overlay of another project file, such as `prefect.prod.yaml` next to \
                  `prefect.yaml`, and has values that are only meaningful in an overlay file, such as \
                  `name_suffix` or a deployment without an entrypoint.",
        example: "",
        fix: "Select the project file and the environment, as in `--prefect-file prefect.yaml --env prod`.",
    };
    LOSSY_SCALAR = Entry {
        name: "lossy-scalar",
        severity: Warning,
        title: "an unquoted string is parsed as a number or boolean",
        meaning: "YAML parses some unquoted strings as numbers or booleans: `1.10` is the number 1.1, `010` is 8, `12:30` is 750, and `no` is false. Prefect only receives the number or boolean.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    tag: 1.10",
        fix: "Quote the value to keep it a string.",
    };
    SCHEDULE_KIND = Entry {
        name: "schedule-kind",
        severity: Error,
        title: "a schedule does not have exactly one type",
        meaning: "A schedule requires exactly one of `cron`, `interval` and `rrule`.",
        example: "schedules:\n- cron: \"0 6 * * *\"\n  interval: 3600",
        fix: "Specify one of `cron`, `interval` and `rrule`. To use multiple schedules, add a list item for \
              each.",
    };
    SCHEDULE_KEYS = Entry {
        name: "schedule-keys",
        severity: Error,
        title: "a deployment has both `schedule` and `schedules`",
        meaning: "`schedule` is the deprecated form of `schedules` for a single schedule. Prefect rejects \
                  a deployment that sets both.",
        example: "schedule: {cron: \"0 6 * * *\"}\nschedules: []",
        fix: "Use only the `schedules` key, with one list item for each schedule.",
    };
    PROJECT_FILES = Entry {
        name: "project-files",
        severity: Error,
        title: "the project files cannot be selected",
        meaning: "A path or glob in `--prefect-file` or `prefectl.files` cannot be used: the glob is invalid or \
                  matches no file, the file is outside the Git repository of the working directory, or the \
                  file is selected more than once.",
        example: "",
        fix: "Use paths and globs that match files in the Git repository of the working directory, and \
              select each file only once.",
    };
}
