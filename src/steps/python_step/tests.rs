use std::{fs, sync::Mutex};

use tempfile::TempDir;

use super::*;
use crate::{
    clock::Clock,
    diagnostics::Diagnostic,
    environment::Environment,
    progress::{Progress, Stream},
    secret::Redactor,
    steps::ImagePolicy,
    template::Resolver,
};

const MODULE: &str = r#"
import asyncio, os, pathlib, signal, sys

def sign(image, times=1):
    print("signing", image)
    return {"signed": f"{image}!" * times, "list": (1, 2), "path": pathlib.Path("/x"), "none": None}

async def later(seconds=0):
    await asyncio.sleep(seconds)
    return {"slept": seconds}

def nothing():
    return ["no", "outputs"]

def half():
    os.environ["NEW_ONE"] = "1"
    return {"good": 1, "bad": object()}

def move():
    os.chdir("sub")

def deep(value):
    return inner(value)

def inner(value):
    import json
    return json.loads(value)

def end():
    sys.exit(3)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Signer:
    @staticmethod
    def sign(image): return {"by": "method", "image": image}
"#;

/// Remembers what it is told.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn warn(&self, diagnostic: &Diagnostic) {
        self.0.lock().unwrap().push(diagnostic.message.clone());
    }
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("my_steps.py"), MODULE).unwrap();
    fs::write(folder.path().join("sub/needy.py"), "import no_such_package\ndef f(): pass\n").unwrap();
    folder
}

/// The outputs of a step as JSON or its error, what was told meanwhile, and the directory in the end.
async fn run(project: &TempDir, name: &str, inputs: &str) -> (Result<String, String>, Vec<String>, String) {
    let environment: Environment = [("PATH", std::env::var("PATH").unwrap())].into_iter().collect();
    let (clock, heard) = (Clock::system(), Heard::default());
    let directory = project.path().canonicalize().unwrap();
    let mut context = StepContext {
        directory: directory.clone(),
        environment: std::borrow::Cow::Borrowed(&environment),
        python: None,
        docker_namespace: None,
        images: &ImagePolicy::AS_WRITTEN,
        clock: &clock,
        progress: &heard,
        resolver: &Resolver::offline(Redactor::default()),
        without_outputs: false,
    };
    let step = (ENTRY.create)(call(name, None, serde_yaml::from_str(inputs).unwrap())).unwrap();
    let result = step.run(&mut context).await;
    let result = result
        .map(|outputs| value::to_json(&Value::Mapping(outputs)).to_string())
        .map_err(|error| error.to_string().replace(&*directory.to_string_lossy(), "[PROJECT]"));
    let end = context.directory.strip_prefix(&directory).unwrap().to_string_lossy().into_owned();
    (result, heard.0.into_inner().unwrap(), end)
}

#[tokio::test]
async fn functions_are_called_and_what_they_return_are_the_outputs() {
    let project = project();
    for (name, inputs, expected) in [
        ("my_steps.sign", "{image: a}", r#"{"signed":"a!","list":[1,2],"path":"/x","none":null}"#),
        ("my_steps.later", "{seconds: 0}", r#"{"slept":0}"#),
        ("my_steps:Signer.sign", "{image: a}", r#"{"by":"method","image":"a"}"#),
        ("./my_steps.py:later", "{}", r#"{"slept":0}"#),
        ("my_steps.nothing", "{}", "{}"),
        ("os.getcwd", "{}", "{}"),
    ] {
        assert_eq!(run(&project, name, inputs).await.0.as_deref(), Ok(expected), "{name}");
    }
    assert_eq!(run(&project, "my_steps.sign", "{image: a}").await.1, ["signing a"]);
    assert_eq!(run(&project, "my_steps.move", "{}").await.2, "sub");
}

#[tokio::test]
async fn what_is_lost_is_told() {
    let (result, heard, _) = run(&project(), "my_steps.half", "{}").await;
    assert_eq!(result.as_deref(), Ok(r#"{"good":1}"#));
    assert_eq!(heard, ["the output 'bad' of my_steps.half is lost: JSON has no object"]);
}

#[tokio::test]
async fn failures_say_what_happened_in_the_users_files() {
    let project = project();
    for (name, inputs, expected) in [
        ("my_steps.sign", "{imag: a}", "missing a required argument: 'image'; it takes image, times"),
        (
            "my_steps.sign",
            "{image: a, x: b}",
            "got an unexpected keyword argument 'x'; it takes image, times",
        ),
        ("my_steps.sing", "{}", "there is no 'sing' in my_steps"),
        ("my_steps.sys", "{}", "'sys' in my_steps is no function"),
        ("my_steps.end", "{}", "it ended Python with 3\n  my_steps.py:30 in end: sys.exit(3)"),
        ("./none.py:f", "{}", "there is no file ./none.py"),
        ("sub.needy.f", "{}", "No module named 'no_such_package'\n  sub/needy.py:1 in <module>"),
        ("sub.none.f", "{}", "No module named 'sub.none'; tried: "),
        ("no_such_package.steps.f", "{}", "no Python with no_such_package was found"),
        ("my_steps.die", "{}", "was ended by signal 9 before my_steps.die returned"),
    ] {
        let message = run(&project, name, inputs).await.0.unwrap_err();
        assert!(message.contains(expected), "{name}: {message}");
    }
    let message = run(&project, "my_steps.deep", "{value: '{'}").await.0.unwrap_err();
    let (first, frames) = message.split_once('\n').unwrap();
    assert!(first.starts_with("JSONDecodeError: "), "{message}");
    assert_eq!(
        frames,
        "  my_steps.py:23 in deep: return inner(value)\n  my_steps.py:27 in inner: return json.loads(value)"
    );
}
