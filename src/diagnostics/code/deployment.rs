//! Diagnostic codes for deployments.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_DEPLOYMENT = Entry {
        name: "unknown-deployment",
        severity: Warning,
        title: "a selected deployment is not in the file",
        meaning: "A name passed to `-n` does not match any deployment in the file. The other selected \
                  deployments are deployed. If no selected name matches, the name is used for a new \
                  deployment.",
        example: "prefectl deploy -n nightly -n weekly",
        fix: "Pass a name that the file declares, or add the deployment to the file.",
    };
    UNMATCHED_PATTERN = Entry {
        name: "unmatched-pattern",
        severity: Warning,
        title: "a pattern matches no deployment",
        meaning: "A pattern passed to `-n` does not match any deployment in the file. `*` matches one or \
                  more characters.",
        example: "prefectl deploy -n 'etl-*'",
        fix: "Use a pattern that matches the name of a deployment in the file.",
    };
    UNDECIDED_SELECTION = Entry {
        name: "undecided-selection",
        severity: Warning,
        title: "a selector depends on an unknown value",
        meaning: "A condition of `--select` refers to a field that contains a template, or to the name of a \
                  flow that cannot be determined. Deployments are selected before templates are resolved, so \
                  the condition is neither met nor unmet, and the deployment is not selected.",
        example: "prefectl deploy --select pool:gpu   # the file has `name: \"{{ $POOL }}\"`",
        fix: "Select the deployment by a field without templates, or with `-n`.",
    };
    RENAMED_DEPLOYMENT = Entry {
        name: "renamed-deployment",
        severity: Warning,
        title: "the only deployment in the file is deployed under a different name",
        meaning: "If the file contains a single deployment, an unknown name passed to `-n` becomes the name \
                  of that deployment, as in Prefect.",
        example: "prefectl deploy -n prod   # the file has `default` only",
        fix: "Correct the name passed to `-n`, or rename the deployment in the file.",
    };
    UNNAMED_DEPLOYMENT = Entry {
        name: "unnamed-deployment",
        severity: Warning,
        title: "a deployment without a name is skipped",
        meaning: "If the file contains multiple deployments, a deployment without a name cannot be \
                  identified and is not deployed.",
        example: "deployments:\n- entrypoint: flow.py:hello\n- name: other\n  entrypoint: flow.py:hello",
        fix: "Add a `name` to the deployment, or remove the deployment.",
    };
    DUPLICATE_DEPLOYMENT = Entry {
        name: "duplicate-deployment",
        severity: Warning,
        title: "a deployment is declared twice",
        meaning: "Two entries have the same flow name and deployment name. They refer to the same \
                  deployment on the server, so the later entry overwrites the earlier one.",
        example: "deployments:\n- {name: default, entrypoint: \"flow.py:hello\"}\n- {name: default, entrypoint: \
                  \"flow.py:hello\"}",
        fix: "Rename or remove one of the two deployments.",
    };
    DUPLICATE_ACROSS_FILES = Entry {
        name: "duplicate-across-files",
        severity: Error,
        title: "two files declare the same deployment",
        meaning: "Two selected project files declare a deployment with the same flow name and deployment \
                  name. They refer to the same deployment on the server, so the files would overwrite each \
                  other's deployment.",
        example: "deployments:   # in billing/prefect.yaml and in orders/prefect.yaml\n- {name: default, \
                  entrypoint: \"flow.py:hello\"}",
        fix: "Rename or remove one of the two deployments.",
    };
    PREVIEW_NAME = Entry {
        name: "preview-name",
        severity: Error,
        title: "a deployment has the name of a copy",
        meaning: "A deploy of a preview registers copies named `NAME--PREVIEW`. The project declares a deployment with the \
                  name of a copy, so the preview would overwrite this deployment.",
        example: "deployments:   # deployed with `--preview x`\n- {name: daily, entrypoint: \"flow.py:hello\"}\n- {name: \
                  daily--x, entrypoint: \"flow.py:hello\"}",
        fix: "Choose a different name for the preview, or rename the deployment.",
    };
    NO_NAME = Entry {
        name: "no-name",
        severity: Error,
        title: "a deployment has no name",
        meaning: "The server identifies a deployment by its flow name and its deployment name.",
        example: "deployments:\n- entrypoint: flow.py:hello",
        fix: "Add a name, such as `name: default`, or pass `-n default`.",
    };
    DEPLOYMENT_NAME = Entry {
        name: "deployment-name",
        severity: Error,
        title: "the API rejects the deployment's name",
        meaning: "A deployment name must not contain `/`, `%`, `&`, `>` or `<`.",
        example: "name: etl/nightly",
        fix: "Use other characters in the name, such as `-`.",
    };
    NO_WORK_POOL = Entry {
        name: "no-work-pool",
        severity: Error,
        title: "the deployment has no work pool",
        meaning: "Flow runs are submitted to a work pool, and its workers execute them. Runs of a \
                  deployment without a work pool never start.",
        example: "deployments:\n- name: default\n  entrypoint: flow.py:hello",
        fix: "Add `work_pool: {name: ...}`, pass `--pool`, or set PREFECT_DEFAULT_WORK_POOL_NAME.",
    };
    UNKNOWN_WORK_POOL = Entry {
        name: "unknown-work-pool",
        severity: Error,
        title: "the work pool does not exist on the server",
        meaning: "The deployment refers to a work pool that does not exist, so no worker can execute its \
                  runs.",
        example: "work_pool: {name: kubernets}",
        fix: "Correct the name of the work pool, or create the pool with `prefectl work-pool create`.",
    };
    AGENT_WORK_POOL = Entry {
        name: "agent-work-pool",
        severity: Error,
        title: "the work pool is an agent pool of Prefect 2",
        meaning: "Work pools of type prefect-agent are served by agents, which only exist in Prefect 2.",
        example: "",
        fix: "Use a work pool of a different type, such as process, docker or kubernetes.",
    };
    UNKNOWN_JOB_VARIABLE = Entry {
        name: "unknown-job-variable",
        severity: Warning,
        title: "a job variable is not defined by the work pool",
        meaning: "Job variables set values in the base job template of the work pool. The template does not \
                  define this variable, so the value has no effect.",
        example: "job_variables: {imagee: \"flows:latest\"}",
        fix: "Correct the name of the variable, or add the variable to the base job template.",
    };
    JOB_VARIABLE_TYPE = Entry {
        name: "job-variable-type",
        severity: Error,
        title: "a job variable does not match the schema of the work pool",
        meaning: "The base job template of the work pool defines a schema for job variables. The server \
                  rejects values that do not match the schema.",
        example: "job_variables: {image_pull_policy: Sometimes}",
        fix: "Use a value that matches the schema in the base job template.",
    };
    SCHEDULE = Entry {
        name: "schedule",
        severity: Error,
        title: "a schedule is invalid",
        meaning: "The server rejects the cron expression, interval, RRULE, time zone or date of the \
                  schedule.",
        example: "schedules:\n- cron: \"0 25 * * *\"\n  timezone: Europe/Berln",
        fix: "Use a valid cron expression, interval, RRULE or date, and an IANA time zone such as \
              `Europe/Berlin`.",
    };
    TRIGGER = Entry {
        name: "trigger",
        severity: Error,
        title: "a trigger is invalid",
        meaning: "A trigger starts a run when certain events occur. A value of the trigger is missing or \
                  invalid.",
        example: "triggers:\n- type: event\n  posture: Sometimes",
        fix: "Add the missing key, or use a value that the message lists.",
    };
    SLA = Entry {
        name: "sla",
        severity: Error,
        title: "service level agreements require Prefect Cloud",
        meaning: "The open-source Prefect server does not support the `sla` key.",
        example: "sla:\n- {name: late, duration: 60}",
        fix: "Remove the `sla` key, or deploy to Prefect Cloud.",
    };
    VERSION_TYPE = Entry {
        name: "version-type",
        severity: Error,
        title: "unknown version type",
        meaning: "The version type determines the source of the deployment's version: a Git repository, a \
                  CI service, or the value of `version`.",
        example: "version_type: git",
        fix: "Use one of the types listed in the message, such as `vcs:git` or `prefect:simple`.",
    };
    CONCURRENCY_LIMIT = Entry {
        name: "concurrency-limit",
        severity: Error,
        title: "a concurrency limit is invalid",
        meaning: "The concurrency limit of a deployment is a positive integer, or a mapping with the keys \
                  `limit` and `collision_strategy`.",
        example: "concurrency_limit: {limit: 3, collision_strategy: CANCEL}",
        fix: "Set the limit to a positive integer, and `collision_strategy` to ENQUEUE or CANCEL_NEW.",
    };
    UNSUPPORTED_BY_SERVER = Entry {
        name: "unsupported-by-server",
        severity: Error,
        title: "the server's version does not support a field",
        meaning: "The server runs a version of Prefect that rejects or ignores the field. With \
                  `--allow-unsupported`, prefectl reports a warning and deploys without the field.",
        example: "schedules:\n- {cron: \"0 6 * * *\", slug: daily}   # on Prefect 3.1",
        fix: "Upgrade the server, remove the field, or pass `--allow-unsupported`.",
    };
    UNKNOWN_PARAMETER = Entry {
        name: "unknown-parameter",
        severity: Warning,
        title: "the flow does not accept a parameter",
        meaning: "The deployment sets a parameter that the flow function does not accept, so its runs may \
                  fail.",
        example: "parameters: {nmae: Marvin}",
        fix: "Use the name of a parameter that the flow accepts. `prefectl flow inspect` lists the \
              parameters of a flow.",
    };
    MISSING_PARAMETER = Entry {
        name: "missing-parameter",
        severity: Warning,
        title: "a schedule starts runs without a required parameter",
        meaning: "The flow has a parameter without a default, and neither the deployment nor the schedule sets it. Every run of the schedule fails.",
        example: "schedules:\n- cron: \"0 6 * * *\"   # def etl(source: str): ...",
        fix: "Set the parameter in `parameters` of the deployment or the schedule, or add a default to the flow.",
    };
    IGNORED_FIELD = Entry {
        name: "ignored-field",
        severity: Error,
        title: "an item of `ignore_changes` is invalid",
        meaning: "An item must be a field of the deployment, or a path to a parameter of the flow or to a job \
                  variable. Templates are not accepted.",
        example: "ignore_changes: [pasued, parameters.nmae]",
        fix: "Use a field of the deployment, such as `paused`, or a path such as `parameters.NAME` or \
              `job_variables.NAME`.",
    };
    PARAMETER_TYPE = Entry {
        name: "parameter-type",
        severity: Error,
        title: "a parameter value is invalid for the flow",
        meaning: "The value does not match the type that the flow function declares for the parameter, so \
                  the server rejects the deployment.",
        example: "parameters: {batch_size: many}   # def etl(batch_size: int)",
        fix: "Correct the value, or disable the check with `enforce_parameter_schema: false`.",
    };
    DEFAULT_DIRECTORY = Entry {
        name: "default-directory",
        severity: Warning,
        title: "the location of the flow's code in the image is assumed",
        meaning: "The deployment uses an image and has no pull steps, so prefectl assumes, like Prefect, \
                  that the code is in `/opt/prefect`.",
        example: "work_pool:\n  job_variables: {image: \"my-image:latest\"}",
        fix: "Add the pull step `prefect.deployments.steps.set_working_directory` with the directory that \
              contains the code.",
    };
}
