//! Codes about placeholders and expressions.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_OUTPUT = Entry {
        name: "unknown-output",
        severity: Warning,
        title: "a template names an output that no step gives",
        meaning: "`{{ id.output }}` and `{{ output }}` are filled in with what earlier steps gave: build steps come \
                  before push steps, and both before the fields of the deployment. Nothing before this place gives \
                  the output, so the entry is removed or becomes empty text. In an expression, `<< id.output >>`, it \
                  is an error.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: build-image\n    ...\n\
                  deployments:\n- work_pool:\n    job_variables:\n      image: \"{{ build_image.image }}\"   # build-image",
        fix: "Correct the id or the name of the output, or move the step before its use.",
    };
    UNKNOWN_PLACEHOLDER = Entry {
        name: "unknown-placeholder",
        severity: Warning,
        title: "a placeholder has no value",
        meaning: "After the steps have run there is no output of this name. An entry that is only the placeholder is \
                  removed; inside a text, nothing stands in its place.",
        example: "tags: [\"{{ get-commit-hash.stdot }}\"]",
        fix: "Correct the name, or remove the entry.",
    };
    UNSET_ENVIRONMENT = Entry {
        name: "unset-environment",
        severity: Warning,
        title: "an environment variable is not set",
        meaning: "`{{ $NAME }}` is filled in from the environment of the machine that deploys. Here the variable is \
                  not set, and empty text would be registered.",
        example: "image_name: \"{{ $PREFECT_IMAGE_NAME }}\"",
        fix: "Set the variable before you deploy, or use `<< env.NAME | default(\"...\") >>`.",
    };
    ENVIRONMENT_WITHOUT_DOLLAR = Entry {
        name: "environment-without-dollar",
        severity: Warning,
        title: "a placeholder without `$` is filled in from the environment",
        meaning: "Prefect looks plain names up in the environment as well, and before the outputs of steps. A \
                  variable that happens to have the name of an output takes its place.",
        example: "tag: \"{{ TAG }}\"",
        fix: "Write `{{ $TAG }}` if the environment is meant; else give the step another id.",
    };
    UNKNOWN_VARIABLE = Entry {
        name: "unknown-variable",
        severity: Warning,
        title: "there is no such Prefect variable",
        meaning: "The server has no variable of this name, and empty text stands in its place. Everything after \
                  `prefect.variables.` is the name: there are no paths into a variable's value.",
        example: "region: \"{{ prefect.variables.settings.region }}\"",
        fix: "Create the variable, or correct the name. `<< variables.settings.region >>` reads a part of one.",
    };
    EMBEDDED_VALUE = Entry {
        name: "embedded-value",
        severity: Warning,
        title: "a list, mapping, boolean or null becomes part of a text",
        meaning: "Inside other text a value is written as Python shows it: `True`, `None`, `{'a': 1}`. That is \
                  seldom what a program at the other end reads.",
        example: "description: \"tags {{ build-image.additional_tags }}\"",
        fix: "Name one text or number in the value, or use `<< ... | tojson >>`.",
    };
    SECRET_IN_CLEAR = Entry {
        name: "secret-in-clear",
        severity: Warning,
        title: "a secret will be stored in clear text",
        meaning: "References to blocks in the fields of a deployment are resolved when it is deployed. The server \
                  keeps the result with the deployment, where everybody who sees that can read it.",
        example: "job_variables:\n  env:\n    TOKEN: \"{{ prefect.blocks.secret.token }}\"",
        fix: "Reference the block in the work pool's base job template or in a pull step, or load it in the flow.",
    };
    INJECTED_PLACEHOLDER = Entry {
        name: "injected-placeholder",
        severity: Warning,
        title: "a value brings a placeholder along, which is filled in too",
        meaning: "Prefect fills in templates in several passes, and so does prefectl: what a variable, a step or an \
                  expression puts into a text is read again. If it has `{{ $NAME }}` or names a block, whoever can \
                  change that value can read the environment of the machine that deploys, or that block.",
        example: "description: \"{{ prefect.variables.motto }}\"   # the variable is `{{ $DEPLOY_TOKEN }}`",
        fix: "Find out who wrote the value. `<< variables.motto | literal >>` takes it as it is, and --strict stops.",
    };
    REFERENCE = Entry {
        name: "reference",
        severity: Error,
        title: "a reference to a block cannot be resolved",
        meaning: "`{{ prefect.blocks.<type>.<name>.<path> }}` names a block that does not exist, a path that its data \
                  does not have, or puts a mapping into a text.",
        example: "access_token: \"{{ prefect.blocks.secret }}\"   # no name",
        fix: "Write the slug of the block's type, its name, and if it is not the whole, the path to one value.",
    };
    EXPRESSION = Entry {
        name: "expression",
        severity: Error,
        title: "an expression `<< >>` is wrong",
        meaning: "Expressions are strict: what is not defined, no expression, or not possible with these values is \
                  an error and never just empty. They see `env`, `git`, `flow`, `deployment`, `variables` and the \
                  outputs of the steps before them.",
        example: "version: << git.brnch >>",
        fix: "Correct it, or say what stands in for a missing value: `<< git.tag | default(\"none\", true) >>`.",
    };
}
