//! Diagnostic codes for the resources that a project file declares under the key `prefectl`.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    RESOURCE_NAME = Entry {
        name: "resource-name",
        severity: Error,
        title: "the server rejects the name of a declared resource",
        meaning: "Names of work pools, work queues and concurrency limits must not contain `/`, `%`, `&`, \
                  `>` or `<`. Variable names consist of lowercase letters, digits, `-` and `_`. Block names \
                  consist of lowercase letters, digits and `-`.",
        example: "prefectl:\n  variables: {Region: eu-west-1}",
        fix: "Use other characters in the name.",
    };
    RESOURCE_VALUE = Entry {
        name: "resource-value",
        severity: Error,
        title: "a value of a declared resource is missing or invalid",
        meaning: "A required key of the resource is missing, a number is out of range, or a secret is written in \
                  the file.",
        example: "prefectl:\n  concurrency_limits: [{name: warehouse, limit: -1}]",
        fix: "Correct the value. Read secrets from the environment with `value_from: env:NAME`.",
    };
    BLOCK_FIELD = Entry {
        name: "block-field",
        severity: Error,
        title: "a field of a declared block does not match the schema of the block type",
        meaning: "A field is unknown or missing, has the wrong type, or refers to a block that does not \
                  exist, or the file contains the value of a secret field. A source in `value_from` for a \
                  field that is not secret only causes a warning, because the server shows the field's \
                  value.",
        example: "prefectl:\n  blocks:\n  - {type: aws-credentials, name: prod, values: {aws_secret_access_key: AKIA}}",
        fix: "Correct the reported field. Move secret values to `value_from`, as in `value_from: \
              {aws_secret_access_key: env:AWS_SECRET_ACCESS_KEY}`.",
    };
    DUPLICATE_RESOURCE = Entry {
        name: "duplicate-resource",
        severity: Error,
        title: "a resource is declared twice",
        meaning: "Two declarations of the same kind have the same name, in the same file or in different files.",
        example: "prefectl:\n  concurrency_limits:\n  - {name: warehouse, limit: 3}\n  - {name: warehouse, limit: 5}",
        fix: "Remove or rename one of the two declarations.",
    };
    WORK_POOL_VARIABLE = Entry {
        name: "work-pool-variable",
        severity: Error,
        title: "a declared work pool does not match the base job template",
        meaning: "A key of a declared work pool is not a variable in the base job template of the pool's \
                  type, a default does not match its variable's schema, or an added variable has a location \
                  that does not exist in the job configuration.",
        example: "prefectl:\n  work_pools: [{name: gpu, type: kubernetes, namspace: prefect}]",
        fix: "Correct the name, the value or the location. `prefectl work-pool get-default-base-job-template` shows \
              the template.",
    };
    DECLARED_POOL_TYPE = Entry {
        name: "declared-pool-type",
        severity: Error,
        title: "the type of a declared work pool is unknown or differs from the server",
        meaning: "Work pools have a type, such as `process`, `docker` or `kubernetes`. The type of an existing work \
                  pool cannot be changed.",
        example: "prefectl:\n  work_pools: [{name: gpu, type: kubernets}]",
        fix: "Correct the type, or declare the work pool under a different name.",
    };
    AUTOMATION = Entry {
        name: "automation",
        severity: Error,
        title: "a declared automation is invalid",
        meaning: "A value of the trigger or of an action is missing or invalid, or an action refers to an object that \
                  does not exist.",
        example: "prefectl:\n  automations:\n  - name: nightly\n    trigger: {type: event, expect: [load.finished]}\n    \
                  actions: [{type: run-deployment, deployment: etl/nihgtly}]",
        fix: "Correct the value. Actions refer to deployments by name, as in `deployment: etl/nightly`.",
    };
    SECRET_SOURCE = Entry {
        name: "secret-source",
        severity: Error,
        title: "the value of a secret cannot be read",
        meaning: "The environment variable or the file in `value_from` of a block does not exist, or the \
                  file is in the repository. Without a server, an unset environment variable only causes a \
                  warning.",
        example: "prefectl:\n  blocks: [{type: secret, name: api, value_from: env:API_TOKEN}]",
        fix: "Set the environment variable, or use a file outside the repository.",
    };
    UNRECORDED = Entry {
        name: "unrecorded",
        severity: Warning,
        title: "the server rejected a record after a deploy",
        meaning: "The deployments were written, but the record of the project or preview could not be updated, or \
                  the check for concurrent deploys failed. `--prune`, `destroy` and `preview delete` only find \
                  recorded objects.",
        example: "",
        fix: "Deploy again. Check that the API key may read and write variables.",
    };
    REGISTERED_ELSEWHERE = Entry {
        name: "registered-elsewhere",
        severity: Warning,
        title: "a changed object is also registered by another project",
        meaning: "A deploy with `--project` records its deployments and declared resources. The object on the server \
                  differs from the file, and another project has also recorded it. If the two projects declare \
                  different values, each deploy overwrites the values of the other project.",
        example: "",
        fix: "Declare the object in one of the projects, or with the same values in both. `--strict` turns \
              this warning into an error, and nothing is written.",
    };
}
