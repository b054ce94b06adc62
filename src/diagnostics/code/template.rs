//! Diagnostic codes for placeholders and expressions.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_OUTPUT = Entry {
        name: "unknown-output",
        severity: Warning,
        title: "a template refers to an unknown step output",
        meaning: "`{{ id.output }}` and `{{ output }}` are replaced by outputs of earlier steps. Build \
                  steps run before push steps, and both run before the fields of the deployment are \
                  rendered. No earlier step has this output, so the entry is removed or becomes an empty \
                  string. An expression such as `<< id.output >>` reports an error instead.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: build-image\n    ...\n\
                  deployments:\n- work_pool:\n    job_variables:\n      image: \"{{ build_image.image }}\"   # build-image",
        fix: "Correct the step ID or the name of the output, or move the step before its first use.",
    };
    UNKNOWN_PLACEHOLDER = Entry {
        name: "unknown-placeholder",
        severity: Warning,
        title: "a placeholder has no value",
        meaning: "No step has an output with this name. A value that consists only of the placeholder is \
                  removed. In a longer string, the placeholder is replaced by an empty string.",
        example: "tags: [\"{{ get-commit-hash.stdot }}\"]",
        fix: "Correct the name of the output, or remove the value.",
    };
    UNSET_ENVIRONMENT = Entry {
        name: "unset-environment",
        severity: Warning,
        title: "an environment variable is not set",
        meaning: "`{{ $NAME }}` is replaced by the value of an environment variable on the machine that \
                  runs prefectl. The variable is not set, so the placeholder becomes an empty string.",
        example: "image_name: \"{{ $PREFECT_IMAGE_NAME }}\"",
        fix: "Set the variable before deploying, or provide a default with `<< env.NAME | default(\"...\") \
              >>`.",
    };
    UNSUPPORTED_PLACEHOLDER = Entry {
        name: "unsupported-placeholder",
        severity: Warning,
        title: "text in double braces is not a valid placeholder",
        meaning: "Prefect only substitutes `{{ name }}`, `{{ $NAME }}` and references to blocks and \
                  variables. It does not support filters, defaults, quoted subscripts, operators or \
                  literals. Unsupported placeholders are stored unchanged, and so are placeholders that lack a \
                  closing brace.",
        example: "image: \"flows:{{ $TAG | default('latest') }}\"",
        fix: "Use an expression, such as `<< env.TAG | default(\"latest\") >>`.",
    };
    UNEXPANDED_VARIABLE = Entry {
        name: "unexpanded-variable",
        severity: Warning,
        title: "a shell variable is not substituted",
        meaning: "Prefect does not substitute shell variables such as `$NAME`, `${NAME}` and `%NAME%`, so \
                  the text is stored unchanged. Scripts, commands and `env` are not checked because a shell \
                  may substitute variables there.",
        example: "branch: \"${GITHUB_HEAD_REF}\"",
        fix: "Use `{{ $NAME }}` or `<< env.NAME >>`.",
    };
    ENVIRONMENT_WITHOUT_DOLLAR = Entry {
        name: "environment-without-dollar",
        severity: Warning,
        title: "a placeholder without `$` is replaced by an environment variable",
        meaning: "Prefect looks up names without `$` in the environment before it looks up step outputs. An \
                  environment variable with the same name as an output therefore takes precedence.",
        example: "tag: \"{{ TAG }}\"",
        fix: "To use the environment variable, write `{{ $TAG }}`. To use the step output, rename the \
              output or the variable.",
    };
    UNKNOWN_VARIABLE = Entry {
        name: "unknown-variable",
        severity: Warning,
        title: "a Prefect variable does not exist",
        meaning: "The server does not have a variable with this name, so the reference is replaced by an \
                  empty string. Everything after `prefect.variables.` is part of the name, so a reference \
                  to a key within the value is not supported.",
        example: "region: \"{{ prefect.variables.settings.region }}\"",
        fix: "Create the variable, or correct its name. To refer to a key within the value, use an \
              expression such as `<< variables.settings.region >>`.",
    };
    EMBEDDED_VALUE = Entry {
        name: "embedded-value",
        severity: Warning,
        title: "a list, mapping, boolean or null is embedded in a string",
        meaning: "When a value is embedded in a longer string, it is formatted as in Python: `True`, \
                  `None`, `{'a': 1}`. Most programs do not expect this format.",
        example: "description: \"tags {{ build-image.additional_tags }}\"",
        fix: "Refer to a single string or number within the value, or format the value as JSON with `<< ... \
              | tojson >>`.",
    };
    SECRET_IN_CLEAR = Entry {
        name: "secret-in-clear",
        severity: Warning,
        title: "a secret is stored in plain text",
        meaning: "References to blocks in deployment fields are resolved during the deploy. The server \
                  stores the resolved value, and everyone who can view the deployment can read it.",
        example: "job_variables:\n  env:\n    TOKEN: \"{{ prefect.blocks.secret.token }}\"",
        fix: "Refer to the block in a pull step or in the base job template of the work pool, or load the \
              block in the flow.",
    };
    INJECTED_PLACEHOLDER = Entry {
        name: "injected-placeholder",
        severity: Warning,
        title: "an inserted value contains a placeholder that is substituted",
        meaning: "Templates are rendered in multiple passes, as in Prefect. A value inserted by a variable, \
                  a step or an expression is rendered again in the next pass. If the value contains `{{ \
                  $NAME }}` or a block reference, anyone who controls the value can read environment \
                  variables of the deploying machine or the referenced block.",
        example: "description: \"{{ prefect.variables.motto }}\"   # the variable is `{{ $DEPLOY_TOKEN }}`",
        fix: "Check who can change the value. `<< variables.motto | literal >>` inserts the value \
              unchanged, and `--strict` turns this warning into an error.",
    };
    TEMPLATE_SIZE = Entry {
        name: "template-size",
        severity: Error,
        title: "templates insert too much data",
        meaning: "Placeholders and expressions insert at most 256 MiB in total. Values that are inserted many \
                  times, or values that repeat each other, could otherwise exhaust the memory.",
        example: "prefectl:\n  variables:\n    b: \"{{ prefect.variables.a }}{{ prefect.variables.a }}\"\n    \
                  c: \"{{ prefect.variables.b }}{{ prefect.variables.b }}\"   # and so on",
        fix: "Insert large values less often, or read them when the flow runs.",
    };
    REFERENCE = Entry {
        name: "reference",
        severity: Error,
        title: "a block reference cannot be resolved",
        meaning: "`{{ prefect.blocks.<type>.<name>.<path> }}` refers to a block that does not exist or to a \
                  path that the block does not contain, or it embeds a mapping in a string.",
        example: "access_token: \"{{ prefect.blocks.secret }}\"   # no name",
        fix: "Specify the slug of the block type, the name of the block, and optionally the path of a \
              single value in the block.",
    };
    EXPRESSION = Entry {
        name: "expression",
        severity: Error,
        title: "an expression `<< >>` is invalid",
        meaning: "Expressions are strict: prefectl rejects undefined names, syntax errors and unsupported \
                  operations. The available names are `env`, `git`, `flow`, `deployment`, `variables` and \
                  the outputs of earlier steps.",
        example: "version: << git.brnch >>",
        fix: "Correct the expression, or provide a default, such as `<< git.tag | default(\"none\", true) \
              >>`.",
    };
}
