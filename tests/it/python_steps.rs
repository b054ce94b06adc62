//! Tests of steps that are Python functions, with the real Python.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Output, Sandbox, assert_output, required_env};

/// Returns the Python executable of the reference.
fn python() -> Result<String> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let folder = Path::new(&reference).parent().context("a program has a folder")?;
    Ok(folder.join("python").to_string_lossy().into_owned())
}

/// Creates a project with the given build steps and a Python module.
fn sandbox(python: &str, steps: &str) -> Result<Sandbox> {
    let sandbox = Sandbox::new()?.variable("PREFECTL_PYTHON", python).variable("TOKEN", "hunter2");
    sandbox.file(
        "tools/release.py",
        "
import asyncio, os, sys, time

def sign(image, token=None):
    print('signing', image)
    print('to stderr', file=sys.stderr)
    return {'signed': image + '-signed', 'knows': token is not None}

async def wait(seconds):
    await asyncio.sleep(seconds)
    return {'waited': seconds}

def hang():
    time.sleep(600)

def enter():
    os.chdir('tools')
    os.environ['STAGE'] = 'blue'
    del os.environ['TOKEN']

def fail(image):
    raise ValueError('no key for ' + image)
",
    )?;
    sandbox.file(
        "prefect.yaml",
        format!(
            "build:\n{steps}\npull: []\ndeployments:\n\
             - {{name: one, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}\n"
        ),
    )?;
    Ok(sandbox)
}

fn build(sandbox: &Sandbox) -> Result<Output> {
    sandbox.run("steps run --build -n one --output json")
}

fn outputs(output: &Output) -> Result<Value> {
    Ok(output.json()?["deployments"][0]["outputs"].take())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn runs_functions_of_the_project_and_of_packages_as_steps() -> Result<()> {
    let python = python()?;
    let steps = "
- tools.release.sign: {id: signing, image: app, token: '{{ $TOKEN }}'}
- tools/release.py:wait: {id: waiting, seconds: 0}
- yaml.safe_load: {id: parsed, requires: pyyaml>=6, stream: '{image: {{ signing.signed }}}'}
- anyio.run_process: {command: [echo, 'from anyio']}
";
    let sandbox = sandbox(&python, steps)?;
    let output = build(&sandbox)?.success()?;
    let outputs = outputs(&output)?;
    assert_eq!(outputs["signing"], json!({"signed": "app-signed", "knows": true}), "{output}");
    assert_eq!(outputs["waiting"], json!({"waited": 0}));
    assert_eq!(outputs["parsed"], json!({"image": "app-signed"}));
    for line in ["> Running sign step...", "signing app", "to stderr", "> Running run_process step..."] {
        assert!(output.stderr.contains(line), "{line}: {output}");
    }
    assert!(!output.to_string().contains("hunter2"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn function_steps_change_the_working_directory_of_later_steps() -> Result<()> {
    let python = python()?;
    let steps = "
- tools.release.enter: {}
- prefect.deployments.steps.run_shell_script:
    id: shell
    shell: true
    script: 'echo {{ $STAGE }} $STAGE [$TOKEN] $(basename $(pwd))'
";
    // The command-line option takes precedence over the environment variable.
    let sandbox = sandbox("./no-python", steps)?;
    let output = sandbox.run(&format!("steps run --build -n one --output json --python {python}"))?;
    assert_eq!(outputs(&output.success()?)?["shell"]["stdout"], json!("blue blue [] tools"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn failure_shows_the_location_in_both_files() -> Result<()> {
    let python = python()?;
    let output = build(&sandbox(&python, "- tools.release.fail: {image: app}")?)?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    Running deployment build steps...
     > Running fail step...
     > fail: failed ([TIME])
    error[step-failed]: Encountered error while running tools.release.fail: ValueError: no key for app
      tools/release.py:22 in fail: raise ValueError('no key for ' + image)
     --> prefect.yaml:2:23
      |
    2 | - tools.release.fail: {image: app}
      |                       ^^^^^^^^^^^^
    error: a step failed; nothing was registered
    ");
    let output = build(&sandbox(&python, "- tools.release.fail: {imag: app}")?)?;
    assert!(output.code == 7 && output.stderr.contains("it takes image"), "{output}");
    assert!(output.stderr.contains("--> prefect.yaml:2:"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn missing_package_lists_the_interpreters_tried() -> Result<()> {
    let python = python()?;
    let sandbox = sandbox(&python, "- no_such_company.steps.sign: {image: app}")?;
    let output = build(&sandbox)?;
    let message = output.stderr.replace(&python, "[PYTHON]");
    ensure!(output.code == 7, "{output}");
    for text in
        ["prefect.yaml:2:", "no_such_company", "[PYTHON] (PREFECTL_PYTHON): does not have no_such_company"]
    {
        assert!(message.contains(text), "{text}: {message}");
    }
    let sandbox = sandbox.variable("PREFECTL_PYTHON", "./no-python");
    let output = build(&sandbox)?;
    assert!(output.code == 7 && output.stderr.contains("no such file or directory"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn timeout_ends_the_function() -> Result<()> {
    let python = python()?;
    let output = build(&sandbox(&python, "- tools.release.hang: {timeout: 2}")?)?;
    assert!(output.code == 7 && output.stderr.contains("timed out after 2 s"), "{output}");
    Ok(())
}

/// A script that builds a wheel with one function.
const WHEEL: &str = r"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    info = 'tiny_steps-1.0.dist-info/'
    files = {
        'tiny_steps.py': 'def greet(name):\n    return {\'greeting\': \'Hello, \' + name}\n',
        info + 'METADATA': 'Metadata-Version: 2.1\nName: tiny-steps\nVersion: 1.0\n',
        info + 'WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    for path, text in files.items():
        wheel.writestr(path, text)
    wheel.writestr(info + 'RECORD', ''.join(path + ',,\n' for path in [*files, info + 'RECORD']))
";

#[test]
#[ignore = "needs services: run tests/run"]
fn installs_required_packages_once() -> Result<()> {
    let python = python()?;
    let sandbox = sandbox(&python, "- tiny_steps.greet: {requires: tiny-steps>=1, name: you}")?;
    let run = |arguments: &[&str]| -> Result<()> {
        let output = Command::new(&python).current_dir(sandbox.directory()).args(arguments).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    run(&["-m", "venv", ".venv"])?;
    run(&["-c", WHEEL, "tiny_steps-1.0-py3-none-any.whl"])?;
    let sandbox = sandbox
        .variable("PREFECTL_PYTHON", ".venv")
        .variable("PIP_NO_INDEX", "1")
        .variable("PIP_FIND_LINKS", ".");
    let first = build(&sandbox)?.success()?;
    assert_eq!(outputs(&first)?["greeting"], "Hello, you", "{first}");
    assert!(first.stderr.contains("Installing tiny-steps>=1 for tiny_steps.greet"), "{first}");
    let second = build(&sandbox)?.success()?;
    assert!(!second.stderr.contains("Installing"), "{second}");
    Ok(())
}
