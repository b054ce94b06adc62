use std::{fs, sync::Mutex};

use tempfile::TempDir;

use super::*;
use crate::{
    diagnostics::Diagnostic,
    environment::Environment,
    progress::{Progress, Stream},
    steps::testing::TestContext,
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

def odd():
    class Bad:
        def model_dump(self, mode): raise RuntimeError("no")
    loop = []
    loop.append(loop)
    deep = []
    for _ in range(200): deep = [deep]
    os.environ["NOT_TEXT"] = os.fsdecode(b"\xff")
    return {
        "big": 2**64, "largest": 2**64 - 1, "smallest": -2**63, "below": -2**63 - 1, "float": 0.1, "tiny": 5e-324,
        "precise": 1.7976931348623157e308, "nan": float("nan"), "inf": [float("-inf")],
        "lone": "a\ud800b", "pair": "\U0001f600", "loop": loop, "deep": deep, "bad": Bad(),
        "keys": {1: 1, None: 2, 1.5: 4}, "tuple_key": {(1, 2): 3}, 7: "seven",
    }

def interrupted():
    raise asyncio.CancelledError

def unprintable():
    class Odd(Exception):
        def __str__(self): raise ValueError
    raise Odd

def daemon():
    import subprocess
    child = subprocess.Popen(["sleep", "1000"])
    return {"pid": child.pid}

def end():
    sys.exit(3)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Signer:
    @staticmethod
    def sign(image): return {"by": "method", "image": image}
"#;

/// Progress receiver that records output lines and warnings.
#[derive(Default)]
struct RecordedProgress(Mutex<Vec<String>>);

impl Progress for RecordedProgress {
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

/// Runs a step. Returns its outputs as JSON or its error, with the recorded progress and the final working directory.
async fn run(project: &TempDir, name: &str, inputs: &str) -> (Result<String, String>, Vec<String>, String) {
    let environment: Environment = [("PATH", std::env::var("PATH").unwrap())].into_iter().collect();
    let progress = RecordedProgress::default();
    let directory = project.path().canonicalize().unwrap();
    let test = TestContext { environment, ..TestContext::new(&directory, &progress) };
    let mut context = test.context();
    let step = (ENTRY.create)(inputs_of_call(name, None, serde_yaml::from_str(inputs).unwrap())).unwrap();
    let result = step.run(&mut context).await;
    let result = result
        .map(|outputs| value::to_json(&outputs.map_or(Value::Null, Value::Mapping)).to_string())
        .map_err(|error| error.to_string().replace(&*directory.to_string_lossy(), "[PROJECT]"));
    let end = context.directory.strip_prefix(&directory).unwrap().to_string_lossy().into_owned();
    (result, progress.0.into_inner().unwrap(), end)
}

#[tokio::test]
async fn calls_functions_and_returns_their_outputs() {
    let project = project();
    for (name, inputs, expected) in [
        ("my_steps.sign", "{image: a}", r#"{"signed":"a!","list":[1,2],"path":"/x","none":null}"#),
        ("my_steps.later", "{seconds: 0}", r#"{"slept":0}"#),
        ("my_steps:Signer.sign", "{image: a}", r#"{"by":"method","image":"a"}"#),
        ("./my_steps.py:later", "{}", r#"{"slept":0}"#),
        ("my_steps.nothing", "{}", "null"),
        ("os.getcwd", "{}", "null"),
    ] {
        assert_eq!(run(&project, name, inputs).await.0.as_deref(), Ok(expected), "{name}");
    }
    assert_eq!(run(&project, "my_steps.sign", "{image: a}").await.1, ["signing a"]);
    assert_eq!(run(&project, "my_steps.move", "{}").await.2, "sub");
}

#[tokio::test]
async fn warns_about_lost_outputs() {
    let (result, progress, _) = run(&project(), "my_steps.half", "{}").await;
    assert_eq!(result.as_deref(), Ok(r#"{"good":1}"#));
    assert_eq!(
        progress,
        ["the output 'bad' of my_steps.half is lost: JSON cannot represent a value of type object"]
    );
}

#[tokio::test]
async fn outputs_arrive_unchanged_or_with_a_warning() {
    let (result, progress, _) = run(&project(), "my_steps.odd", "{}").await;
    let expected = serde_json::json!({
        "big": "18446744073709551616", "largest": 18_446_744_073_709_551_615_u64, "smallest": i64::MIN,
        "below": "-9223372036854775809", "float": 0.1, "tiny": 5e-324, "precise": f64::MAX, "nan": "nan",
        "inf": ["-inf"], "lone": "a?b", "pair": "\u{1F600}", "keys": {"1": 1, "null": 2, "1.5": 4}, "7": "seven",
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&result.unwrap()).unwrap(), expected);
    let progress: Vec<&str> =
        progress.iter().map(|line| line.strip_prefix("the output ").expect("a warning")).collect();
    assert_eq!(
        progress,
        [
            "'big' of my_steps.odd is changed: an integer beyond 64 bits became a string",
            "'below' of my_steps.odd is changed: an integer beyond 64 bits became a string",
            "'nan' of my_steps.odd is changed: the number nan became a string",
            "'inf' of my_steps.odd is changed: the number -inf became a string",
            "'lone' of my_steps.odd is changed: characters that are not valid Unicode became '?'",
            "'loop' of my_steps.odd is lost: the value is nested more than 100 levels deep",
            "'deep' of my_steps.odd is lost: the value is nested more than 100 levels deep",
            "'bad' of my_steps.odd is lost: Bad: RuntimeError: no",
            "'tuple_key' of my_steps.odd is lost: JSON has no keys of type tuple",
        ]
    );
}

#[tokio::test]
async fn a_step_ends_when_its_function_returns() {
    let started = std::time::Instant::now();
    let (result, _, _) = run(&project(), "my_steps.daemon", "{}").await;
    assert!(started.elapsed().as_secs() < 60);
    let result: serde_json::Value = serde_json::from_str(&result.unwrap()).unwrap();
    // A process started by the function outlives the step, as in Prefect.
    let status = std::process::Command::new("kill").arg(result["pid"].to_string()).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn errors_show_the_location_in_the_users_files() {
    let project = project();
    for (name, inputs, expected) in [
        ("my_steps.sign", "{imag: a}", "missing a required argument: 'image'; it takes image, times"),
        (
            "my_steps.sign",
            "{image: a, x: b}",
            "got an unexpected keyword argument 'x'; it takes image, times",
        ),
        ("my_steps.sing", "{}", "module 'my_steps' has no function 'sing'"),
        ("my_steps.sys", "{}", "'sys' in module 'my_steps' is not a function"),
        ("my_steps.end", "{}", "the function exited Python with 3\n  my_steps.py:"),
        ("./none.py:f", "{}", "the file ./none.py does not exist"),
        ("sub.needy.f", "{}", "No module named 'no_such_package'\n  sub/needy.py:1 in <module>"),
        ("sub.none.f", "{}", "No module named 'sub.none'; tried: "),
        ("no_such_package.steps.f", "{}", "no Python with no_such_package was found"),
        ("my_steps.interrupted", "{}", "CancelledError\n  my_steps.py:"),
        ("my_steps.unprintable", "{}", "Odd: the message of the exception cannot be printed\n"),
        ("my_steps.die", "{}", "was killed by signal 9 before my_steps.die returned"),
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
