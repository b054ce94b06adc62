//! Codes about deployments.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_DEPLOYMENT = Entry {
        name: "unknown-deployment",
        severity: Warning,
        title: "the file has no deployment of this name",
        meaning: "A name given with `-n` is not in the file. The others are deployed; if there are no others, the \
                  name is taken for a new deployment.",
        example: "prefectl deploy -n nightly -n weekly",
        fix: "Correct the name.",
    };
    UNMATCHED_PATTERN = Entry {
        name: "unmatched-pattern",
        severity: Warning,
        title: "no deployment matches a pattern",
        meaning: "A pattern given with `-n` fits no deployment of the file. `*` stands for one or more characters.",
        example: "prefectl deploy -n 'etl-*'",
        fix: "Correct the pattern.",
    };
    RENAMED_DEPLOYMENT = Entry {
        name: "renamed-deployment",
        severity: Warning,
        title: "the only deployment of the file is deployed under another name",
        meaning: "With one deployment in the file, a name that it does not have is its new name, as in Prefect.",
        example: "prefectl deploy -n prod   # the file has `default` only",
        fix: "Correct the name, or change it in the file.",
    };
    UNNAMED_DEPLOYMENT = Entry {
        name: "unnamed-deployment",
        severity: Warning,
        title: "a deployment without a name is passed over",
        meaning: "Of several deployments, those without a name cannot be told apart and are not deployed.",
        example: "deployments:\n- entrypoint: flow.py:hello\n- name: other\n  entrypoint: flow.py:hello",
        fix: "Give it a `name`, or remove it.",
    };
    DUPLICATE_DEPLOYMENT = Entry {
        name: "duplicate-deployment",
        severity: Warning,
        title: "a deployment is declared twice",
        meaning: "Two entries have the same flow and the same name, so they are one deployment on the server, and \
                  the later one wins.",
        example: "deployments:\n- {name: default, entrypoint: \"flow.py:hello\"}\n- {name: default, entrypoint: \
                  \"flow.py:hello\"}",
        fix: "Rename one of them, or remove it.",
    };
    NO_NAME = Entry {
        name: "no-name",
        severity: Error,
        title: "a deployment has no name",
        meaning: "The server knows deployments by the flow's name and their own.",
        example: "deployments:\n- entrypoint: flow.py:hello",
        fix: "Add `name: default`, or use `-n default`.",
    };
    DEPLOYMENT_NAME = Entry {
        name: "deployment-name",
        severity: Error,
        title: "the API refuses a deployment's name",
        meaning: "Names must not have `/ % & > <`.",
        example: "name: etl/nightly",
        fix: "Use other characters, such as `-`.",
    };
    NO_WORK_POOL = Entry {
        name: "no-work-pool",
        severity: Error,
        title: "a deployment has no work pool",
        meaning: "A work pool takes the runs and hands them to its workers; without one nothing would run.",
        example: "deployments:\n- name: default\n  entrypoint: flow.py:hello",
        fix: "Add `work_pool: {name: ...}`, use `--pool`, or set PREFECT_DEFAULT_WORK_POOL_NAME.",
    };
    UNKNOWN_WORK_POOL = Entry {
        name: "unknown-work-pool",
        severity: Error,
        title: "the server does not have the work pool",
        meaning: "The deployment names a work pool that does not exist, so no worker could take its runs.",
        example: "work_pool: {name: kubernets}",
        fix: "Correct the name, or create the pool with `prefectl work-pool create`.",
    };
    AGENT_WORK_POOL = Entry {
        name: "agent-work-pool",
        severity: Error,
        title: "the work pool is for agents",
        meaning: "Pools of the type prefect-agent belong to the agents of Prefect 2, which are gone.",
        example: "",
        fix: "Use a pool of another type, such as process, docker or kubernetes.",
    };
    UNKNOWN_JOB_VARIABLE = Entry {
        name: "unknown-job-variable",
        severity: Warning,
        title: "the work pool has no such job variable",
        meaning: "Job variables fill in the work pool's base job template. This one is not in it and has no effect.",
        example: "job_variables: {imagee: \"flows:latest\"}",
        fix: "Correct the name, or add the variable to the pool's template.",
    };
    JOB_VARIABLE_TYPE = Entry {
        name: "job-variable-type",
        severity: Error,
        title: "a job variable does not fit the work pool",
        meaning: "The work pool's base job template says what each variable can be, and the server refuses others.",
        example: "job_variables: {image_pull_policy: Sometimes}",
        fix: "Give a value that the template allows.",
    };
    SCHEDULE = Entry {
        name: "schedule",
        severity: Error,
        title: "a schedule cannot be used",
        meaning: "The cron string, interval, RRULE, time zone or date of a schedule is not one that the server takes.",
        example: "schedules:\n- cron: \"0 25 * * *\"\n  timezone: Europe/Berln",
        fix: "Correct the value at the place shown.",
    };
    TRIGGER = Entry {
        name: "trigger",
        severity: Error,
        title: "a trigger cannot be used",
        meaning: "A trigger says which events run the deployment. A value in it is missing or of the wrong kind.",
        example: "triggers:\n- type: event\n  posture: Sometimes",
        fix: "Correct the value at the place shown.",
    };
    SLA = Entry {
        name: "sla",
        severity: Error,
        title: "service level agreements need Prefect Cloud",
        meaning: "An open-source server does not know `sla`.",
        example: "sla:\n- {name: late, duration: 60}",
        fix: "Remove the key, or deploy to Prefect Cloud.",
    };
    VERSION_TYPE = Entry {
        name: "version-type",
        severity: Error,
        title: "there is no such version type",
        meaning: "The version type says where the version comes from: a Git repository, a CI service, or the version \
                  as it is given.",
        example: "version_type: git",
        fix: "Use one of the types that the message names, such as `vcs:git` or `prefect:simple`.",
    };
    CONCURRENCY_LIMIT = Entry {
        name: "concurrency-limit",
        severity: Error,
        title: "a concurrency limit cannot be used",
        meaning: "The limit is a whole number above zero, or a mapping with `limit` and `collision_strategy`.",
        example: "concurrency_limit: {limit: 3, collision_strategy: CANCEL}",
        fix: "Use ENQUEUE or CANCEL_NEW, and a limit above zero.",
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
        title: "the flow has no such parameter",
        meaning: "The deployment sets a parameter that the flow's function does not take. Its runs may fail.",
        example: "parameters: {nmae: Marvin}",
        fix: "Correct the name.",
    };
    PARAMETER_TYPE = Entry {
        name: "parameter-type",
        severity: Error,
        title: "a parameter does not fit the flow",
        meaning: "The value is not of the type that the flow's function declares, and the server refuses it.",
        example: "parameters: {batch_size: many}   # def etl(batch_size: int)",
        fix: "Correct the value, or set `enforce_parameter_schema: false`.",
    };
    DEFAULT_DIRECTORY = Entry {
        name: "default-directory",
        severity: Warning,
        title: "the directory of the flow's code in the image is a guess",
        meaning: "The deployment has an image and no pull steps, so `/opt/prefect` is taken for the directory.",
        example: "work_pool:\n  job_variables: {image: \"my-image:latest\"}",
        fix: "Add a pull step `prefect.deployments.steps.set_working_directory` with the directory.",
    };
}
