//! Codes about deployments.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_DEPLOYMENT = Entry {
        name: "unknown-deployment",
        severity: Warning,
        title: "the file does not contain a selected deployment",
        meaning: "A name passed to `-n` is not in the file. The other selected deployments are deployed. If there \
                  are none, the name is used for a new deployment.",
        example: "prefectl deploy -n nightly -n weekly",
        fix: "Correct the name.",
    };
    UNMATCHED_PATTERN = Entry {
        name: "unmatched-pattern",
        severity: Warning,
        title: "a pattern matches no deployment",
        meaning: "A pattern passed to `-n` matches no deployment in the file. `*` matches one or more characters.",
        example: "prefectl deploy -n 'etl-*'",
        fix: "Correct the pattern.",
    };
    RENAMED_DEPLOYMENT = Entry {
        name: "renamed-deployment",
        severity: Warning,
        title: "the only deployment in the file is deployed under another name",
        meaning: "If the file contains a single deployment, an unknown name passed to `-n` becomes its new name, as \
                  in Prefect.",
        example: "prefectl deploy -n prod   # the file has `default` only",
        fix: "Correct the name, or change it in the file.",
    };
    UNNAMED_DEPLOYMENT = Entry {
        name: "unnamed-deployment",
        severity: Warning,
        title: "a deployment without a name is skipped",
        meaning: "If the file contains several deployments, those without a name cannot be identified and are not \
                  deployed.",
        example: "deployments:\n- entrypoint: flow.py:hello\n- name: other\n  entrypoint: flow.py:hello",
        fix: "Add a `name`, or remove the deployment.",
    };
    DUPLICATE_DEPLOYMENT = Entry {
        name: "duplicate-deployment",
        severity: Warning,
        title: "a deployment is declared twice",
        meaning: "Two entries have the same flow and the same name. They refer to the same deployment on the \
                  server, so the later entry overwrites the earlier one.",
        example: "deployments:\n- {name: default, entrypoint: \"flow.py:hello\"}\n- {name: default, entrypoint: \
                  \"flow.py:hello\"}",
        fix: "Rename or remove one of them.",
    };
    NO_NAME = Entry {
        name: "no-name",
        severity: Error,
        title: "a deployment has no name",
        meaning: "The server identifies a deployment by the name of its flow and its own name.",
        example: "deployments:\n- entrypoint: flow.py:hello",
        fix: "Add `name: default`, or use `-n default`.",
    };
    DEPLOYMENT_NAME = Entry {
        name: "deployment-name",
        severity: Error,
        title: "the API rejects the name of a deployment",
        meaning: "Names must not contain `/`, `%`, `&`, `>` or `<`.",
        example: "name: etl/nightly",
        fix: "Use other characters, such as `-`.",
    };
    NO_WORK_POOL = Entry {
        name: "no-work-pool",
        severity: Error,
        title: "a deployment has no work pool",
        meaning: "Runs are submitted to a work pool, whose workers execute them. Without a work pool, runs never \
                  start.",
        example: "deployments:\n- name: default\n  entrypoint: flow.py:hello",
        fix: "Add `work_pool: {name: ...}`, use `--pool`, or set PREFECT_DEFAULT_WORK_POOL_NAME.",
    };
    UNKNOWN_WORK_POOL = Entry {
        name: "unknown-work-pool",
        severity: Error,
        title: "the work pool does not exist on the server",
        meaning: "The deployment names a work pool that does not exist, so no worker can execute its runs.",
        example: "work_pool: {name: kubernets}",
        fix: "Correct the name, or create the pool with `prefectl work-pool create`.",
    };
    AGENT_WORK_POOL = Entry {
        name: "agent-work-pool",
        severity: Error,
        title: "the work pool is for agents",
        meaning: "Work pools of type prefect-agent belong to the agents of Prefect 2, which Prefect 3 does not \
                  have.",
        example: "",
        fix: "Use a work pool of another type, such as process, docker or kubernetes.",
    };
    UNKNOWN_JOB_VARIABLE = Entry {
        name: "unknown-job-variable",
        severity: Warning,
        title: "the work pool does not define a job variable",
        meaning: "Job variables are values for the base job template of the work pool. The template does not define \
                  this one, so it has no effect.",
        example: "job_variables: {imagee: \"flows:latest\"}",
        fix: "Correct the name, or add the variable to the base job template.",
    };
    JOB_VARIABLE_TYPE = Entry {
        name: "job-variable-type",
        severity: Error,
        title: "a job variable is invalid for the work pool",
        meaning: "The base job template of the work pool defines a schema for job variables. The server rejects \
                  values that do not match it.",
        example: "job_variables: {image_pull_policy: Sometimes}",
        fix: "Use a value that the schema allows.",
    };
    SCHEDULE = Entry {
        name: "schedule",
        severity: Error,
        title: "a schedule is invalid",
        meaning: "The server does not accept the cron expression, interval, RRULE, time zone or date of a schedule.",
        example: "schedules:\n- cron: \"0 25 * * *\"\n  timezone: Europe/Berln",
        fix: "Correct the value.",
    };
    TRIGGER = Entry {
        name: "trigger",
        severity: Error,
        title: "a trigger is invalid",
        meaning: "A trigger defines the events that start a run. One of its values is missing or invalid.",
        example: "triggers:\n- type: event\n  posture: Sometimes",
        fix: "Correct the value.",
    };
    SLA = Entry {
        name: "sla",
        severity: Error,
        title: "service level agreements require Prefect Cloud",
        meaning: "The open-source server does not support `sla`.",
        example: "sla:\n- {name: late, duration: 60}",
        fix: "Remove the key, or deploy to Prefect Cloud.",
    };
    VERSION_TYPE = Entry {
        name: "version-type",
        severity: Error,
        title: "unknown version type",
        meaning: "The version type defines where the version comes from: a Git repository, a CI service, or the \
                  value of `version`.",
        example: "version_type: git",
        fix: "Use one of the listed types, such as `vcs:git` or `prefect:simple`.",
    };
    CONCURRENCY_LIMIT = Entry {
        name: "concurrency-limit",
        severity: Error,
        title: "a concurrency limit is invalid",
        meaning: "The limit is a positive whole number, or a mapping with `limit` and `collision_strategy`.",
        example: "concurrency_limit: {limit: 3, collision_strategy: CANCEL}",
        fix: "Use a positive limit, and ENQUEUE or CANCEL_NEW as the collision strategy.",
    };
    UNSUPPORTED_BY_SERVER = Entry {
        name: "unsupported-by-server",
        severity: Error,
        title: "the server's release does not support a field",
        meaning: "The server runs a release of Prefect that rejects or ignores the field. With `--allow-unsupported` \
                  this is a warning, and the deployment is written without the field.",
        example: "schedules:\n- {cron: \"0 6 * * *\", slug: daily}   # on Prefect 3.1",
        fix: "Upgrade the server, remove the field, or use `--allow-unsupported`.",
    };
    UNKNOWN_PARAMETER = Entry {
        name: "unknown-parameter",
        severity: Warning,
        title: "the flow does not have a parameter",
        meaning: "The deployment sets a parameter that the flow function does not accept. Its runs may fail.",
        example: "parameters: {nmae: Marvin}",
        fix: "Correct the name.",
    };
    MISSING_PARAMETER = Entry {
        name: "missing-parameter",
        severity: Warning,
        title: "a schedule starts runs without a required parameter",
        meaning: "The flow has a parameter without a default, and neither the deployment nor the schedule has a value \
                  for it. Every run of the schedule fails.",
        example: "schedules:\n- cron: \"0 6 * * *\"   # def etl(source: str): ...",
        fix: "Set the value in `parameters` of the deployment or of the schedule, or give the parameter a default.",
    };
    PARAMETER_TYPE = Entry {
        name: "parameter-type",
        severity: Error,
        title: "a parameter is invalid for the flow",
        meaning: "The value does not match the type that the flow function declares. The server rejects it.",
        example: "parameters: {batch_size: many}   # def etl(batch_size: int)",
        fix: "Correct the value, or set `enforce_parameter_schema: false`.",
    };
    DEFAULT_DIRECTORY = Entry {
        name: "default-directory",
        severity: Warning,
        title: "the directory of the flow's code in the image is assumed",
        meaning: "The deployment has an image and no pull steps. Prefect assumes that the code is in \
                  `/opt/prefect`.",
        example: "work_pool:\n  job_variables: {image: \"my-image:latest\"}",
        fix: "Add a pull step `prefect.deployments.steps.set_working_directory` with the directory.",
    };
}
