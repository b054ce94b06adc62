//! Codes about keys and types in prefect.yaml.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    NOT_A_MAPPING = Entry {
        name: "not-a-mapping",
        severity: Error,
        title: "the file holds no mapping",
        meaning: "A project file is a mapping with keys such as `build` and `deployments`. This one is empty, a list \
                  or a single value.",
        example: "- name: default\n  entrypoint: flow.py:hello",
        fix: "Put the list under `deployments:`.",
    };
    UNKNOWN_KEY = Entry {
        name: "unknown-key",
        severity: Warning,
        title: "a key that nothing reads",
        meaning: "Prefect ignores unknown keys without a word, so a misspelt one has no effect. In a schedule they \
                  are errors, because there Prefect refuses the whole file.",
        example: "deployments:\n- name: default\n  entry_point: flow.py:hello   # entrypoint",
        fix: "Correct the key or remove it. At the top of a file other keys are free to hang anchors on.",
    };
    REMOVED_KEY = Entry {
        name: "removed-key",
        severity: Warning,
        title: "a key of an earlier version of Prefect",
        meaning: "The key did something in Prefect 2 and does nothing today. In a schedule it is an error, because \
                  there Prefect refuses it.",
        example: "infra_overrides: {image: flows:latest}",
        fix: "Use what stands in its place today, which the message names.",
    };
    WRONG_TYPE = Entry {
        name: "wrong-type",
        severity: Error,
        title: "a value has the wrong type",
        meaning: "The key takes another kind of value than the one given, as it is written or once its templates \
                  are filled in. Prefect leaves out a whole file for one such value.",
        example: "version: 1.10   # a number, and 1.1 at that",
        fix: "Give a value of the type that the message names; quotes make text of a number or a date.",
    };
    SCHEDULE_KIND = Entry {
        name: "schedule-kind",
        severity: Error,
        title: "a schedule has no kind, or several",
        meaning: "A schedule is one of three kinds: `cron`, `interval` or `rrule`.",
        example: "schedules:\n- cron: \"0 6 * * *\"\n  interval: 3600",
        fix: "Give exactly one of the three; write several schedules as several items.",
    };
    SCHEDULE_KEYS = Entry {
        name: "schedule-keys",
        severity: Error,
        title: "a deployment has both `schedule` and `schedules`",
        meaning: "`schedule` is the older key for a single schedule, and both together contradict each other.",
        example: "schedule: {cron: \"0 6 * * *\"}\nschedules: []",
        fix: "Keep `schedules`, with every schedule as an item of its list.",
    };
}
