//! Diagnostic codes for build, push and pull steps.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    UNKNOWN_STEP = Entry {
        name: "unknown-step",
        severity: Error,
        title: "a step does not exist",
        meaning: "A build or push step is identified by the full name of its function. Prefect does not \
                  have a step with this name.",
        example: "build:\n- prefect.projects.steps.run_shell_script:   # Prefect 2 name\n    script: make",
        fix: "Use a name that `prefectl steps ls` lists, or the full name of a Python function.",
    };
    UNKNOWN_PULL_STEP = Entry {
        name: "unknown-pull-step",
        severity: Warning,
        title: "a pull step does not exist",
        meaning: "Pull steps run on the worker before the flow starts. Prefect does not have a step with \
                  this name, so every run will crash.",
        example: "pull:\n- prefect.deployments.steps.git_clone_project:\n    repository: ...",
        fix: "Use a name that `prefectl steps ls` lists, or the full name of a Python function that is \
              installed on the worker.",
    };
    PULL_STEP_INPUT = Entry {
        name: "pull-step-input",
        severity: Warning,
        title: "a pull step input is invalid",
        meaning: "Pull steps are stored unchanged and run on the worker. Runs crash if an input is unknown, \
                  missing or invalid. Workers do not support the input `timeout`, which is a prefectl \
                  extension.",
        example: "pull:\n- prefect.deployments.steps.git_clone:\n    repo: https://github.com/org/repo.git",
        fix: "Use the inputs that `prefectl steps show NAME` lists.",
    };
    PULL_STEP_FORM = Entry {
        name: "pull-step-form",
        severity: Warning,
        title: "the structure of a pull step is invalid",
        meaning: "A step consists of a name with a mapping of inputs indented under it. The server stores \
                  pull steps unchanged, so an invalid step makes every run crash on the worker.",
        example: "pull:\n- prefect.deployments.steps.git_clone:\n  repository: https://github.com/org/repo.git",
        fix: "Write each step as a list item, and indent its inputs further than its name.",
    };
    PULLED_CODE = Entry {
        name: "pulled-code",
        severity: Error,
        title: "the pulled code does not contain the flow",
        meaning: "The pull steps were run locally, as a worker would run them. Afterwards, the entrypoint \
                  was missing or unreadable, or contained a different flow.",
        example: "",
        fix: "Push the missing code, correct the branch or directory in the pull steps, or correct the entrypoint.",
    };
    PULLED_CODE_DIFFERS = Entry {
        name: "pulled-code-differs",
        severity: Warning,
        title: "the pulled code differs from the local code",
        meaning: "The file that a worker would run differs from the local file that the deployment's \
                  parameters are derived from. A local change has not been pushed, or the pull steps fetch a \
                  different version.",
        example: "",
        fix: "Push or upload the version that workers should run.",
    };
    PULL_NOT_VERIFIED = Entry {
        name: "pull-not-verified",
        severity: Warning,
        title: "pull steps cannot be verified locally",
        meaning: "The flow's code is only available on the worker or in the worker's image.",
        example: "",
        fix: "No action is required. To verify the pull steps, run the deployment once.",
    };
    LINK_LEADS_OUT = Entry {
        name: "link-leads-out",
        severity: Warning,
        title: "a symbolic link points outside the pushed directory",
        meaning: "A symbolic link to a file is pushed as a copy of that file. This link points to a file \
                  outside the pushed directory, so everyone with access to the bucket could read that file.",
        example: "",
        fix: "Remove the link, or add it to .prefectignore.",
    };
    STEP_FORM = Entry {
        name: "step-form",
        severity: Error,
        title: "the structure of a step is invalid",
        meaning: "A step consists of a name with a mapping of inputs indented under it. Usually this error \
                  means that the inputs are not indented further than the name.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n  script: make",
        fix: "Indent the inputs under the name of the step. Use `{}` for a step without inputs.",
    };
    STEP_INPUT = Entry {
        name: "step-input",
        severity: Error,
        title: "a step input is unknown, missing or invalid",
        meaning: "The inputs of a step are passed to a function as arguments. The step fails if an input is \
                  unknown, missing or invalid.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    scripts: make",
        fix: "Use the inputs that `prefectl steps show NAME` lists.",
    };
    NO_DOCKERFILE = Entry {
        name: "no-dockerfile",
        severity: Error,
        title: "a build step's Dockerfile does not exist",
        meaning: "The image cannot be built without its Dockerfile. The path is relative to the `path` input of the step, or to the working directory. A missing file is not reported if an earlier build step may create it.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    dockerfile: docker/Dokcerfile",
        fix: "Create the file, correct the path, or set `dockerfile: auto` to generate a Dockerfile.",
    };
    NOT_LOCKED = Entry {
        name: "image-not-locked",
        severity: Error,
        title: "the image lock does not contain a step's image",
        meaning: "With `--skip-build --image-lock`, every image comes from the lock file. The file contains \
                  no image for the step's repository, or none of its images for the repository has the \
                  step's tag.",
        example: "prefectl deploy --all --skip-build --image-lock images.lock.json",
        fix: "Create the lock again with a deploy without `--skip-build`, or pass the image with `--image`.",
    };
    IMAGE_CONFLICT = Entry {
        name: "image-conflict",
        severity: Error,
        title: "two steps build different images under the same name",
        meaning: "Steps of different deployments write the same `image_name:tag`, but differ in their build context, \
                  Dockerfile or other inputs. One of the deployments would use the image of the other.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    image_name: registry.example.com/flows\n    tag: latest",
        fix: "Use a different `image_name` or `tag` for each image, or `tag: auto`, which derives the tag from the contents.",
    };
    STEP_FAILED = Entry {
        name: "step-failed",
        severity: Error,
        title: "a step failed",
        meaning: "A build or push step failed. The remaining steps were not run, and nothing was deployed.",
        example: "",
        fix: "Fix the error shown in the output of the step, and deploy again.",
    };
    ID_IS_OUTPUT = Entry {
        name: "id-is-output",
        severity: Warning,
        title: "a step's ID is also the name of an output",
        meaning: "Outputs are available under the ID of their step and under their own names. If an output \
                  has the same name as the ID, the output takes precedence: `{{ image.tag }}` then looks up \
                  `tag` in the string `image`.",
        example: "build:\n- prefect_docker.deployments.steps.build_docker_image:\n    id: image",
        fix: "Use a different ID for the step, such as `build-image`.",
    };
    SHELL_NEEDED = Entry {
        name: "shell-needed",
        severity: Warning,
        title: "a line of a script requires a shell",
        meaning: "`run_shell_script` runs each line as a separate program without a shell. Operators such as `|`, \
                  `&&`, `>` and `;` are passed to that program as arguments. Comments, shell builtins, assignments \
                  and control flow fail.",
        example: "build:\n- prefect.deployments.steps.run_shell_script:\n    script: make && make test",
        fix: "Write one command per line, or add `shell: true` to run each line with /bin/sh.",
    };
    PYTHON_STEP_LOST = Entry {
        name: "python-step-lost",
        severity: Warning,
        title: "part of a Python step's result is lost",
        meaning: "A Python step runs in a separate process and returns its result as JSON, which supports \
                  strings, numbers, booleans, lists and mappings. Other objects, and environment variables \
                  set by the step, are lost.",
        example: "def sign(image):\n    return {\"signature\": Signature(image)}",
        fix: "Return values that JSON supports, and use them as outputs of the step.",
    };
    IGNORE_FILE_MISSING = Entry {
        name: "ignore-file-missing",
        severity: Warning,
        title: "a push step's ignore file does not exist",
        meaning: "A step that pushes to object storage skips the files that match its ignore file. Without \
                  an ignore file, every file in the directory is pushed, including `.git` and `.env`.",
        example: "push:\n- prefect_aws.deployments.steps.push_to_s3:\n    ignore_file: .s3ignore",
        fix: "Create the ignore file, correct its name, or set `ignore_file: null` to push all files.",
    };
    REMOTE_STORAGE_SETTING = Entry {
        name: "remote-storage-setting",
        severity: Warning,
        title: "a remote storage setting has no effect",
        meaning: "prefectl copies files without fsspec, and supports only the settings for credentials, addresses \
                  and certificates. Workers pass all settings to fsspec.",
        example: "pull:\n- prefect.deployments.steps.pull_from_remote_storage:\n    url: s3://bucket/flows\n    \
                  requester_pays: true",
        fix: "Remove the setting, or pull the code with a Python function as a step.",
    };
    REGISTRY_CREDENTIALS = Entry {
        name: "registry-credentials",
        severity: Warning,
        title: "the registry credentials cannot be read",
        meaning: "The credential helper that Docker's configuration specifies for this registry failed, so \
                  only public images can be pulled.",
        example: "",
        fix: "Run `docker login`, or fix the credential helper.",
    };
    REGISTRY_MISMATCH = Entry {
        name: "registry-mismatch",
        severity: Warning,
        title: "the credentials are for a different registry",
        meaning: "The credentials of the step belong to a registry other than the image's registry, so the \
                  push does not use them.",
        example: "",
        fix: "Add the registry to the image name, or use credentials for the image's registry.",
    };
    AUTO_REQUIREMENTS_ELSEWHERE = Entry {
        name: "auto-requirements-elsewhere",
        severity: Warning,
        title: "`dockerfile: auto` does not install the requirements",
        meaning: "A generated Dockerfile installs `requirements.txt` from the root of the build context, as \
                  in Prefect. That file does not exist, but a similar file exists elsewhere.",
        example: "",
        fix: "Set the `requirements` input of the step to the path of the file.",
    };
}
