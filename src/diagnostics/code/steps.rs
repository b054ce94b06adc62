//! Diagnostic codes for build, push and pull steps.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_STEP = Entry {
        name: "unknown-step",
        severity: Error,
        title: "a step does not exist",
        meaning: "Build and push steps are identified by the full name of a function. Prefect does not have a step \
                  of this name.",
        example: "build:\n- prefect.projects.steps.run_shell_script:   # a name of Prefect 2\n    script: make",
        fix: "Correct the name.",
    };
    UNKNOWN_PULL_STEP = Entry {
        name: "unknown-pull-step",
        severity: Warning,
        title: "a pull step does not exist",
        meaning: "Pull steps run on the worker before the flow starts. Prefect does not have a function of this \
                  name, so runs will crash.",
        example: "pull:\n- prefect.deployments.steps.git_clone_project:\n    repository: ...",
        fix: "Correct the name.",
    };
    PULL_STEP_INPUT = Entry {
        name: "pull-step-input",
        severity: Warning,
        title: "an input of a pull step is invalid",
        meaning: "Pull steps are stored unchanged and run on the worker. Runs crash if an input is unknown, missing \
                  or invalid. The input `timeout` is an extension of prefectl, so workers do not accept it.",
        example: "pull:\n- prefect.deployments.steps.git_clone:\n    repo: https://github.com/org/repo.git",
        fix: "Correct the input as described in the message.",
    };
    PULL_STEP_FORM = Entry {
        name: "pull-step-form",
        severity: Warning,
        title: "the structure of a pull step is invalid",
        meaning: "A step is a name with a mapping of inputs below it. The server stores pull steps unchanged, and every \
                  run crashes on the worker.",
        example: "pull:\n- prefect.deployments.steps.git_clone:\n  repository: https://github.com/org/repo.git",
        fix: "Write one step per list item, and indent its inputs further than its name.",
    };
    PULLED_CODE = Entry {
        name: "pulled-code",
        severity: Error,
        title: "the pulled code does not contain the flow",
        meaning: "The pull steps were run as on a worker. Afterwards the entrypoint was missing, unreadable, or a \
                  different flow.",
        example: "",
        fix: "Push the missing code, correct the branch or directory in the pull steps, or correct the entrypoint.",
    };
    PULLED_CODE_DIFFERS = Entry {
        name: "pulled-code-differs",
        severity: Warning,
        title: "the pulled code is not the local code",
        meaning: "The file that a worker would run differs from the local file, from which the parameters of the \
                  deployment are read. A change has not been pushed or pulled.",
        example: "",
        fix: "Push or upload the version that should run.",
    };
    PULL_NOT_VERIFIED = Entry {
        name: "pull-not-verified",
        severity: Warning,
        title: "pull steps cannot be verified locally",
        meaning: "The code is only available on the worker, or in its image.",
        example: "",
        fix: "No action is required. Run the deployment once to verify it.",
    };
    LINK_LEADS_OUT = Entry {
        name: "link-leads-out",
        severity: Warning,
        title: "a symbolic link points outside the pushed directory",
        meaning: "A link to a file is pushed as a copy of that file. The file is outside the pushed directory, and \
                  everyone who can read the bucket will be able to read it.",
        example: "",
        fix: "Remove the link, or add it to .prefectignore.",
    };
    STEP_FORM = Entry {
        name: "step-form",
        severity: Error,
        title: "the structure of a step is invalid",
        meaning: "A step is a name with a mapping of inputs below it. In most cases the inputs are not indented \
                  further than the name.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n  script: make",
        fix: "Indent the inputs. Use `{}` for a step without inputs.",
    };
    STEP_INPUT = Entry {
        name: "step-input",
        severity: Error,
        title: "an input of a step is unknown, missing or invalid",
        meaning: "The inputs of a step are the arguments of a function. The step fails if an argument is unknown, \
                  missing or invalid.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    scripts: make",
        fix: "Correct the input as described in the message.",
    };
    NO_DOCKERFILE = Entry {
        name: "no-dockerfile",
        severity: Error,
        title: "the Dockerfile of a build step does not exist",
        meaning: "The image cannot be built. The path is relative to the input `path` of the step, or to the working \
                  directory. The file is not required if an earlier build step may create it.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    dockerfile: docker/Dokcerfile",
        fix: "Create the file, correct the path, or set `dockerfile: auto` to generate a Dockerfile.",
    };
    STEP_FAILED = Entry {
        name: "step-failed",
        severity: Error,
        title: "a step failed",
        meaning: "A build or push step returned an error. The following steps did not run, and nothing was \
                  deployed.",
        example: "",
        fix: "Fix the error in the output of the step, and deploy again.",
    };
    ID_IS_OUTPUT = Entry {
        name: "id-is-output",
        severity: Warning,
        title: "the id of a step is also the name of an output",
        meaning: "Outputs are available by the id of the step and by their own names. An output replaces an id of \
                  the same name: `{{ image.tag }}` then looks for `tag` in the string `image`.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: image",
        fix: "Use another id, such as `build-image`.",
    };
    SHELL_NEEDED = Entry {
        name: "shell-needed",
        severity: Warning,
        title: "a line of a script requires a shell",
        meaning: "`run_shell_script` runs each line as a separate program without a shell. Operators such as `|`, \
                  `&&`, `>` and `;` are passed to that program as arguments. Comments, shell builtins, assignments \
                  and control flow fail.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    script: make && make test",
        fix: "Write one command per line, or add `shell: true`, which runs each line with /bin/sh.",
    };
    PYTHON_STEP_LOST = Entry {
        name: "python-step-lost",
        severity: Warning,
        title: "part of the result of a Python step is lost",
        meaning: "A Python step runs in a separate process. Its result is returned as JSON, which supports strings, \
                  numbers, lists and mappings. Other objects, and environment variables set by the step, are lost.",
        example: "def sign(image):\n    return {\"signature\": Signature(image)}",
        fix: "Return JSON values, and use them as outputs of the step.",
    };
    IGNORE_FILE_MISSING = Entry {
        name: "ignore-file-missing",
        severity: Warning,
        title: "the ignore file of a push step does not exist",
        meaning: "A step that pushes to object storage skips the files listed in its ignore file. Without it, every \
                  file in the directory is pushed, including `.git` and `.env`.",
        example: "push:\n- prefect_aws.deployments.steps.push_to_s3:\n    ignore_file: .s3ignore",
        fix: "Create the file, correct its name, or set `ignore_file: null` to push everything.",
    };
    REGISTRY_CREDENTIALS = Entry {
        name: "registry-credentials",
        severity: Warning,
        title: "the credentials of a registry cannot be read",
        meaning: "Docker's configuration names a credential helper for this registry, and the helper failed. Only \
                  public images can be pulled.",
        example: "",
        fix: "Run `docker login`, or fix the helper.",
    };
    REGISTRY_MISMATCH = Entry {
        name: "registry-mismatch",
        severity: Warning,
        title: "the credentials are for another registry",
        meaning: "The credentials of the step belong to a different registry than the image, so they are not used \
                  for the push.",
        example: "",
        fix: "Add the registry to the image name, or use credentials of that registry.",
    };
    AUTO_REQUIREMENTS_ELSEWHERE = Entry {
        name: "auto-requirements-elsewhere",
        severity: Warning,
        title: "`dockerfile: auto` does not install the requirements",
        meaning: "A generated Dockerfile installs `requirements.txt` from the top of the build context, as in \
                  Prefect. The file does not exist there, but a similar file exists elsewhere.",
        example: "",
        fix: "Set the input `requirements` of the step to the path of the file.",
    };
}
