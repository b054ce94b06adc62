//! Codes about build, push and pull steps.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_STEP = Entry {
        name: "unknown-step",
        severity: Error,
        title: "there is no such step",
        meaning: "A build or push step has the full name of a function. Prefect has no step of this name.",
        example: "build:\n- prefect.projects.steps.run_shell_script:   # a name of Prefect 2\n    script: make",
        fix: "Correct the name.",
    };
    UNKNOWN_PULL_STEP = Entry {
        name: "unknown-pull-step",
        severity: Warning,
        title: "workers will not find a pull step",
        meaning: "Pull steps run on workers, before the flow. Prefect has no function of this name, so runs would \
                  crash there.",
        example: "pull:\n- prefect.deployments.steps.git_clone_project:\n    repository: ...",
        fix: "Correct the name.",
    };
    PULL_STEP_INPUT = Entry {
        name: "pull-step-input",
        severity: Warning,
        title: "workers will fail at an input of a pull step",
        meaning: "Pull steps are stored as they are and run on workers. An input that the function there does not \
                  have, does not get, or cannot use makes every run crash. `timeout` is known to prefectl alone, so \
                  it has no place in pull steps.",
        example: "pull:\n- prefect.deployments.steps.git_clone:\n    repo: https://github.com/org/repo.git",
        fix: "Correct the input as the message says.",
    };
    PULLED_CODE = Entry {
        name: "pulled-code",
        severity: Error,
        title: "the flow is not in what the pull steps bring",
        meaning: "The pull steps ran as a worker would run them, and after them the deployment's entrypoint could not \
                  be found or read, or gave another flow.",
        example: "",
        fix: "Push what is missing, name the right branch or directory in the pull steps, or correct the entrypoint.",
    };
    PULLED_CODE_DIFFERS = Entry {
        name: "pulled-code-differs",
        severity: Warning,
        title: "the pull steps bring another version of the flow's file",
        meaning: "The file that a worker would run is not the one that is here, from which the deployment's \
                  parameters are read: a change has not been pushed, or has not been pulled.",
        example: "",
        fix: "Commit and push, or upload, what is meant to run.",
    };
    PULL_NOT_VERIFIED = Entry {
        name: "pull-not-verified",
        severity: Warning,
        title: "the pull steps cannot be verified here",
        meaning: "Where the code is can only be seen on the worker, or in the image that it runs.",
        example: "",
        fix: "Nothing has to be done; run the deployment once to be sure.",
    };
    LINK_LEADS_OUT = Entry {
        name: "link-leads-out",
        severity: Warning,
        title: "a link leads out of the folder that is pushed",
        meaning: "Links to files are pushed as the files that they lead to. This one leads to a file from outside of \
                  the folder, which everybody who can read the bucket will be able to read.",
        example: "",
        fix: "Remove the link, or name it in .prefectignore.",
    };
    STEP_FORM = Entry {
        name: "step-form",
        severity: Error,
        title: "a step has the wrong form",
        meaning: "A step is a name with a mapping of inputs below it. Mostly the inputs are not indented further \
                  than the name.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n  script: make",
        fix: "Indent the inputs; write `{}` for a step that takes none.",
    };
    STEP_INPUT = Entry {
        name: "step-input",
        severity: Error,
        title: "a step's input is unknown, missing or of the wrong type",
        meaning: "The inputs of a step are the arguments of a function: one that it does not have, or that it needs \
                  and does not get, makes it fail.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    scripts: make",
        fix: "Correct the input as the message says.",
    };
    STEP_FAILED = Entry {
        name: "step-failed",
        severity: Error,
        title: "a step failed",
        meaning: "A build or push step ended with an error. The steps after it did not run, and nothing was \
                  registered.",
        example: "",
        fix: "Read what the step printed, correct it and deploy again.",
    };
    ID_IS_OUTPUT = Entry {
        name: "id-is-output",
        severity: Warning,
        title: "a step's id is also the name of an output",
        meaning: "Outputs are known by the step's id and by themselves, and an output replaces an id of its name: \
                  `{{ image.tag }}` then looks for `tag` in the text `image`.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: image",
        fix: "Give the step another id, such as `build-image`.",
    };
    SHELL_NEEDED = Entry {
        name: "shell-needed",
        severity: Warning,
        title: "a script's line needs a shell and has none",
        meaning: "`run_shell_script` runs each line as a program of its own. `|`, `&&`, `>` and `;` are then \
                  arguments of that program.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    script: make && make test",
        fix: "Write one command a line, or add `shell: true`, which runs each line by /bin/sh.",
    };
    PYTHON_STEP_LOST = Entry {
        name: "python-step-lost",
        severity: Warning,
        title: "a part of what a Python step did is lost",
        meaning: "A step that is a Python function runs in a process of its own. What it returns comes back as JSON, \
                  which has text, numbers, lists and mappings. Other objects, and environment variables that it sets, \
                  end with the process.",
        example: "def sign(image):\n    return {\"signature\": Signature(image)}",
        fix: "Return values that JSON has, and use them as outputs of the step.",
    };
    IGNORE_FILE_MISSING = Entry {
        name: "ignore-file-missing",
        severity: Warning,
        title: "the ignore file of a push is not there",
        meaning: "A step that pushes to object storage leaves out what its ignore file lists. Without the file every \
                  file below the directory is pushed, `.git` and `.env` too.",
        example: "push:\n- prefect_aws.deployments.steps.push_to_s3:\n    ignore_file: .s3ignore",
        fix: "Write the file, correct its name, or set `ignore_file: null` if everything is to be pushed.",
    };
    REGISTRY_CREDENTIALS = Entry {
        name: "registry-credentials",
        severity: Warning,
        title: "the credentials of a registry cannot be read",
        meaning: "Docker's configuration names a helper program for this registry, and it failed. Images there can \
                  only be pulled if they are public.",
        example: "",
        fix: "Log in again with `docker login`, or repair the helper.",
    };
    REGISTRY_MISMATCH = Entry {
        name: "registry-mismatch",
        severity: Warning,
        title: "the credentials are for another registry",
        meaning: "The step's credentials name one registry and the image another, so they are of no use for the push.",
        example: "",
        fix: "Put the registry's address in front of the image's name, or use that registry's credentials.",
    };
    AUTO_REQUIREMENTS_ELSEWHERE = Entry {
        name: "auto-requirements-elsewhere",
        severity: Warning,
        title: "`dockerfile: auto` does not install your requirements",
        meaning: "A generated Dockerfile installs the `requirements.txt` at the top of the build context, as Prefect \
                  does. There is none, but a file elsewhere looks like one.",
        example: "",
        fix: "Set the step's input `requirements` to the path of the file.",
    };
}
