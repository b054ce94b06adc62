//! Codes about placeholders and expressions.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_OUTPUT = Entry {
        name: "unknown-output",
        severity: Warning,
        title: "a template refers to an unknown step output",
        meaning: "`{{ id.output }}` and `{{ output }}` are replaced by the outputs of earlier steps. Build steps \
                  run before push steps, and both run before the fields of the deployment are rendered. No earlier \
                  step has this output, so the entry is removed or becomes an empty string. In an expression, `<< \
                  id.output >>`, this is an error.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: build-image\n    ...\n\
                  deployments:\n- work_pool:\n    job_variables:\n      image: \"{{ build_image.image }}\"   # build-image",
        fix: "Correct the id or the name of the output, or move the step before its use.",
    };
    UNKNOWN_PLACEHOLDER = Entry {
        name: "unknown-placeholder",
        severity: Warning,
        title: "a placeholder has no value",
        meaning: "After all steps, no output has this name. An entry that consists of the placeholder is removed. \
                  Inside other text, the placeholder is removed.",
        example: "tags: [\"{{ get-commit-hash.stdot }}\"]",
        fix: "Correct the name, or remove the entry.",
    };
    UNSET_ENVIRONMENT = Entry {
        name: "unset-environment",
        severity: Warning,
        title: "an environment variable is not set",
        meaning: "`{{ $NAME }}` is replaced by an environment variable of the machine that deploys. The variable is \
                  not set, so an empty string is stored.",
        example: "image_name: \"{{ $PREFECT_IMAGE_NAME }}\"",
        fix: "Set the variable before deploying, or use `<< env.NAME | default(\"...\") >>`.",
    };
    UNSUPPORTED_PLACEHOLDER = Entry {
        name: "unsupported-placeholder",
        severity: Warning,
        title: "text in double braces is not a placeholder",
        meaning: "Prefect only substitutes `{{ name }}`, `{{ $NAME }}` and references to blocks and variables. It does not \
                  support filters, defaults, subscripts with quotes, operators or literals. Such text is stored unchanged.",
        example: "image: \"flows:{{ $TAG | default('latest') }}\"",
        fix: "Use an expression: `<< env.TAG | default(\"latest\") >>`.",
    };
    UNEXPANDED_VARIABLE = Entry {
        name: "unexpanded-variable",
        severity: Warning,
        title: "a shell variable is not substituted",
        meaning: "Prefect does not substitute `$NAME`, `${NAME}` and `%NAME%`. The text is stored unchanged. Scripts, \
                  commands and `env` are not checked, because a shell may substitute variables there.",
        example: "branch: \"${GITHUB_HEAD_REF}\"",
        fix: "Use `{{ $NAME }}` or `<< env.NAME >>`.",
    };
    ENVIRONMENT_WITHOUT_DOLLAR = Entry {
        name: "environment-without-dollar",
        severity: Warning,
        title: "a placeholder without `$` is replaced by an environment variable",
        meaning: "Prefect also looks up names without `$` in the environment, before step outputs. An environment \
                  variable with the name of an output takes its place.",
        example: "tag: \"{{ TAG }}\"",
        fix: "Use `{{ $TAG }}` to refer to the environment. Otherwise rename the step or the variable.",
    };
    UNKNOWN_VARIABLE = Entry {
        name: "unknown-variable",
        severity: Warning,
        title: "a Prefect variable does not exist",
        meaning: "The server has no variable of this name, so the reference is replaced by an empty string. \
                  Everything after `prefect.variables.` is the name: it is not possible to refer to a part of the \
                  value.",
        example: "region: \"{{ prefect.variables.settings.region }}\"",
        fix: "Create the variable, or correct the name. `<< variables.settings.region >>` refers to a part of the \
              value.",
    };
    EMBEDDED_VALUE = Entry {
        name: "embedded-value",
        severity: Warning,
        title: "a list, mapping, boolean or null is embedded in a string",
        meaning: "Inside other text a value is formatted as in Python: `True`, `None`, `{'a': 1}`. Most programs do \
                  not expect this format.",
        example: "description: \"tags {{ build-image.additional_tags }}\"",
        fix: "Refer to a single string or number in the value, or use `<< ... | tojson >>`.",
    };
    SECRET_IN_CLEAR = Entry {
        name: "secret-in-clear",
        severity: Warning,
        title: "a secret is stored in plain text",
        meaning: "References to blocks in deployment fields are resolved during the deploy. The server stores the \
                  resolved value in the deployment, where everyone who can view the deployment can read it.",
        example: "job_variables:\n  env:\n    TOKEN: \"{{ prefect.blocks.secret.token }}\"",
        fix: "Refer to the block in the base job template of the work pool or in a pull step, or load the block in \
              the flow.",
    };
    INJECTED_PLACEHOLDER = Entry {
        name: "injected-placeholder",
        severity: Warning,
        title: "an inserted value contains a placeholder that is substituted",
        meaning: "Templates are rendered in several passes, as in Prefect. A value inserted from a variable, a step \
                  or an expression is scanned again in the next pass. If it contains `{{ $NAME }}` or a block \
                  reference, anyone who controls the value can read environment variables of the machine that \
                  deploys, or that block.",
        example: "description: \"{{ prefect.variables.motto }}\"   # the variable is `{{ $DEPLOY_TOKEN }}`",
        fix: "Check who can change the value. `<< variables.motto | literal >>` inserts it unchanged, and \
              `--strict` turns this warning into an error.",
    };
    REFERENCE = Entry {
        name: "reference",
        severity: Error,
        title: "a block reference cannot be resolved",
        meaning: "`{{ prefect.blocks.<type>.<name>.<path> }}` refers to a block that does not exist or to a path \
                  that its data does not contain, or embeds a mapping in a string.",
        example: "access_token: \"{{ prefect.blocks.secret }}\"   # no name",
        fix: "Specify the slug of the block type, the name of the block, and optionally the path to a single value.",
    };
    EXPRESSION = Entry {
        name: "expression",
        severity: Error,
        title: "an expression `<< >>` is invalid",
        meaning: "Expressions are strict: undefined names, syntax errors and operations that are not supported by \
                  the values are errors. The available names are `env`, `git`, `flow`, `deployment`, `variables` \
                  and the outputs of earlier steps.",
        example: "version: << git.brnch >>",
        fix: "Correct the expression, or provide a default: `<< git.tag | default(\"none\", true) >>`.",
    };
}
