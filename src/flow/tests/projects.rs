//! Flows of typical projects: optional imports, source directories, project-defined decorators.

use serde_json::{Value as Json, json};

use crate::{
    diagnostics::Diagnostic,
    environment::Environment,
    flow::{Entrypoint, Grade, Inspector},
    test_files,
};

pub(super) struct Project {
    pub(super) folder: tempfile::TempDir,
    pub(super) environment: Environment,
}

impl Project {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        Self { folder: test_files::directory(files), environment: Environment::default() }
    }

    /// A project with one file, `flow.py`.
    pub(super) fn single(text: &str) -> Self {
        Self::new(&[("flow.py", text)])
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment = [(name, value)].into_iter().collect();
        self
    }

    /// Returns a flow's name, its properties without titles and positions, and the reasons.
    pub(super) fn read(&self, entrypoint: &str) -> (String, Json, Vec<String>) {
        let entrypoint = Entrypoint::parse(entrypoint).unwrap();
        let flow = match Inspector::new().inspect(&entrypoint, self.folder.path(), &self.environment) {
            Ok(flow) => flow,
            Err(error) => return (format!("error: {error}"), Json::Null, Vec::new()),
        };
        let mut properties = flow.parameters["properties"].clone();
        for property in properties.as_object_mut().unwrap().values_mut() {
            let property = property.as_object_mut().unwrap();
            property.remove("title");
            property.remove("position");
        }
        assert_eq!(flow.grade == Grade::Exact, flow.reasons.is_empty());
        (flow.name.clone(), properties, flow.reasons.iter().map(|reason| reason.reason.clone()).collect())
    }

    /// Returns a definition in a flow's parameter schema.
    pub(super) fn definition(&self, entrypoint: &str, name: &str) -> Json {
        let entrypoint = Entrypoint::parse(entrypoint).unwrap();
        let flow = Inspector::new().inspect(&entrypoint, self.folder.path(), &self.environment).unwrap();
        flow.parameters["definitions"][name].clone()
    }

    #[track_caller]
    pub(super) fn assert_exact(&self, entrypoint: &str, name: &str, properties: &Json) {
        assert_eq!(self.read(entrypoint), (name.to_owned(), properties.clone(), vec![]), "{entrypoint}");
    }

    #[track_caller]
    pub(super) fn assert_error(&self, entrypoint: &str, part: &str) {
        let (error, ..) = self.read(entrypoint);
        assert!(error.starts_with("error: ") && error.contains(part), "{error}");
    }

    pub(super) fn flows(&self) -> Vec<String> {
        let found = Inspector::new().discover(&["".into()], self.folder.path(), &self.environment);
        found
            .iter()
            .map(|flow| format!("{} {} {}", flow.entrypoint(), flow.name, flow.grade_name()))
            .collect()
    }
}

pub(super) fn integer(default: i64) -> Json {
    json!({"n": {"type": "integer", "default": default}})
}

#[test]
fn resolves_optional_imports_of_prefect() {
    let flow = "@flow(name='one')\ndef f(n: int = 1): ...\n";
    let cases = [
        "try:\n    from prefect import flow, task\nexcept ImportError:\n    def flow(*args, **kwargs):\n        return lambda fn: fn\n",
        "try:\n    from prefect import flow\n    AVAILABLE = True\nexcept ImportError:\n    AVAILABLE = False\n",
        "import sys\ntry:\n    from prefect import flow\nexcept ImportError:\n    sys.exit('needs Prefect')\n",
        "import contextlib\nflow = None\nwith contextlib.suppress(ImportError):\n    from prefect import flow\n",
        "from contextlib import suppress\nwith suppress(ImportError, KeyError):\n    from prefect import flow\n",
        "try:\n    import prefect\nexcept Exception:\n    prefect = None\nif prefect:\n    flow = prefect.flow\nelse:\n    flow = None\n",
        "try:\n    import prefect\nexcept ModuleNotFoundError:\n    flow = None\nelse:\n    from prefect import flow\n",
        "import sys\nif sys.version_info >= (3, 9):\n    from prefect import flow\nelse:\n    raise RuntimeError\n",
        "import sys\nif sys.platform == 'win32':\n    from windows import flow\nelif sys.platform.startswith('linux'):\n    from prefect import flow\n",
        "import os\nif os.name != 'nt' and not os.environ.get('MISSING'):\n    from prefect import flow\nelse:\n    flow = None\n",
        "import importlib\ntry:\n    prefect = importlib.import_module('prefect')\n    from prefect import flow\nexcept ImportError:\n    flow = None\n",
    ];
    for text in cases {
        Project::single(&format!("{text}\n{flow}")).assert_exact("flow.py:f", "one", &integer(1));
    }
}

#[test]
fn reads_flows_in_conditional_blocks() {
    let text = "
def count(hours):
    return hours

try:
    from prefect import flow
    HAVE_PREFECT = True

    @flow(name='stats')
    def inside(n: int = 24) -> dict:
        return count(n)

except ImportError:
    HAVE_PREFECT = False

    def inside(n: int = 24) -> dict:
        return count(n)

if HAVE_PREFECT:
    @flow
    def guarded(n: int = 3): ...

with open('x') as file:
    @flow
    def opened(n: int = 4): ...
";
    let project = Project::single(text);
    project.assert_exact("flow.py:inside", "stats", &integer(24));
    project.assert_exact("flow.py:guarded", "guarded", &integer(3));
    project.assert_exact("flow.py:opened", "opened", &integer(4));
}

#[test]
fn evaluates_conditions_as_on_a_worker() {
    let text = "
import sys
from typing import TYPE_CHECKING
from prefect import flow

if sys.version_info >= (3, 11):
    from datetime import UTC
else:
    from datetime import timezone
    UTC = timezone.utc
try:
    from typing import Annotated
except ImportError:
    from typing_extensions import Annotated
try:
    from settings_local import LIMIT
except ImportError:
    LIMIT = 10
if sys.platform == 'win32':
    ROOT = 'C:/data'
else:
    ROOT = '/data'
if TYPE_CHECKING:
    SIZE = 1
else:
    SIZE = 2

@flow
def f(limit: int = LIMIT, root: str = ROOT, a: Annotated[int, 'x'] = 1, tz: str = str(UTC), size: int = SIZE): ...
";
    let expected = json!({
        "limit": {"type": "integer", "default": 10},
        "root": {"type": "string", "default": "/data"},
        "a": {"type": "integer", "default": 1},
        "tz": {"type": "string", "default": "UTC"},
        "size": {"type": "integer", "default": 2},
    });
    Project::single(text).assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn leaves_uncertain_conditions_open() {
    let header = "import sys, time\nfrom prefect import flow\n";
    let flow = "@flow\ndef f(n: int = N): ...\n";
    for condition in [
        "if sys.version_info >= (3, 13):\n    N = 1\nelse:\n    N = 2\n",
        "if time.time() > 5:\n    N = 1\nelse:\n    N = 2\n",
        "N = 1\nif time.time() > 5:\n    N = 2\n",
        "try:\n    N = time.time()\nexcept ValueError:\n    N = 2\n",
        "for N in (1, 2):\n    pass\n",
        "from decimal import Decimal\nN = 1 if Decimal('1') == Decimal('1.0') else 2\n",
    ] {
        let (name, properties, reasons) =
            Project::single(&format!("{header}{condition}{flow}")).read("flow.py:f");
        assert_eq!((name.as_str(), &properties), ("f", &json!({"n": {"type": "integer"}})), "{condition}");
        assert_eq!(reasons.len(), 1, "{condition}");
    }
    // A type that depends on a missing package accepts any value.
    let text = "from prefect import flow\ntry:\n    from pandas import DataFrame\nexcept ImportError:\n    DataFrame = None\n@flow\ndef f(a: DataFrame = None): ...\n";
    let (_, properties, reasons) = Project::single(text).read("flow.py:f");
    assert_eq!(properties, json!({"a": {"default": null}}));
    assert_eq!(reasons, ["the type depends on whether the package 'pandas' is installed"]);
}

#[test]
fn follows_flows_rebound_under_a_condition() {
    let text = |condition: &str| {
        format!(
            "import time\nimport prefect\nfrom prefect import flow\n@flow\ndef f(n: int = 1): ...\nif {condition}:\n    f = f.with_options(name='greeting')\n"
        )
    };
    Project::single(&text("prefect.__version__ > '2'")).assert_exact("flow.py:f", "greeting", &integer(1));
    Project::single(&text("prefect.__version__ < '2'")).assert_exact("flow.py:f", "f", &integer(1));
    Project::single(&text("time.time() > 1"))
        .assert_error("flow.py:f", "under a condition that cannot be evaluated");
}

#[test]
fn finds_packages_in_source_folders() {
    let flow = "from acme.const import LIMIT\nfrom prefect import flow\n@flow(name=f'load-{LIMIT}')\ndef f(n: int = LIMIT): ...\n";
    let files = |folder: &str| {
        [
            (format!("{folder}/acme/__init__.py"), ""),
            (format!("{folder}/acme/const.py"), "LIMIT = 5\n"),
            (format!("{folder}/acme/flows/etl.py"), flow),
        ]
    };
    let project = |folder: &str, metadata: (&str, &str)| {
        let files = files(folder);
        let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        files.push(metadata);
        Project::new(&files)
    };
    let none = ("README.md", "");
    let hatch = ("pyproject.toml", "[tool.hatch.build.targets.wheel]\npackages = [\"python/acme\"]\n");
    for (project, folder) in [
        (project("src", none), "src"),
        (project("python", hatch), "python"),
        (project("lib", none).with("PYTHONPATH", "other:lib"), "lib"),
    ] {
        project.assert_exact("acme.flows.etl.f", "load-5", &integer(5));
        project.assert_exact("acme.flows.etl:f", "load-5", &integer(5));
        project.assert_exact(&format!("{folder}/acme/flows/etl.py:f"), "load-5", &integer(5));
    }
    // A module inside the project is not reported as external.
    let elsewhere = project("hidden", none);
    elsewhere.assert_error(
        "hidden/acme/flows/etl.py:f",
        "is in the folder 'hidden', which is not on the import path",
    );
}

#[test]
fn follows_changes_to_sys_path() {
    let changes = [
        "sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'libs'))",
        "sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'libs'))",
        "sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'libs')))",
        "sys.path.extend([str(Path(__file__).parents[1].joinpath('libs'))])",
        "ROOT = Path(__file__).resolve().parents[1]\nif str(ROOT / 'libs') not in sys.path:\n    sys.path.insert(0, str(ROOT / 'libs'))",
        "sys.path = [f'{Path(__file__).parent.parent}/libs'] + sys.path",
        "sys.path += [os.getcwd() + '/libs']",
        "import bootstrap",
    ];
    for change in changes {
        let flow = format!(
            "import os\nimport sys\nfrom pathlib import Path\n{change}\nfrom shared.consts import LIMIT\nfrom prefect import flow\n@flow\ndef f(n: int = LIMIT): ...\n"
        );
        let project = Project::new(&[
            ("libs/shared/consts.py", "LIMIT = 7\n"),
            ("flows/job.py", &flow),
            ("bootstrap.py", "import sys\nsys.path.insert(0, 'libs')\n"),
        ]);
        project.assert_exact("flows/job.py:f", "f", &integer(7));
    }
}

#[test]
fn evaluates_paths_of_the_flow_file() {
    let text = "
import os
from pathlib import Path
from prefect import flow

ROOT = Path(__file__).resolve().parent
ENV = os.path.join(os.path.dirname(os.path.abspath(__file__)), '.env')

@flow
def f(env: str = ENV, data: Path = ROOT / 'data', home: Path = Path.home() / 'x', stem: str = Path(__file__).stem): ...
";
    let project = Project::single(text).with("HOME", "/home/ada");
    let root = project.folder.path().canonicalize().unwrap().display().to_string();
    let expected = json!({
        "env": {"type": "string", "default": format!("{}/.env", project.folder.path().display())},
        "data": {"type": "string", "format": "path", "default": format!("{root}/data")},
        "home": {"type": "string", "format": "path", "default": "/home/ada/x"},
        "stem": {"type": "string", "default": "flow"},
    });
    project.assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn accepts_any_value_for_functions_as_types() {
    let text = "
from typing import Optional
from prefect import flow

@flow
def f(hook: Optional[callable] = None, after: callable = None, other: any = None, size: len = 1): ...
";
    let expected = json!({
        "hook": {"anyOf": [{}, {"type": "null"}], "default": null},
        "after": {"default": null},
        "other": {"default": null},
        "size": {"default": 1},
    });
    Project::single(text).assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn unions_without_schemas_are_empty() {
    let text = "
from typing import Callable, Optional, Union
from prefect import flow

@flow
def f(a: Union[Callable, list[Callable]], b: Union[Callable, list[Callable], None], c: Optional[Callable]): ...
";
    let expected = json!({"a": {"anyOf": []}, "b": {"type": "null"}, "c": {}});
    Project::single(text).assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn warns_about_relative_imports_beyond_the_folder() {
    let flow = "from prefect import flow\n@flow\ndef f(): ...\n";
    let warning = |imports: &str| {
        let text = format!("{imports}{flow}");
        let project =
            Project::new(&[("company/etl/base.py", "TABLE = 1\n"), ("company/etl/flows/ingest.py", &text)]);
        let read = |entrypoint: &str| {
            let entrypoint = Entrypoint::parse(entrypoint).unwrap();
            let flow =
                Inspector::new().inspect(&entrypoint, project.folder.path(), &project.environment).unwrap();
            flow.warnings.first().map(|it| (it.message.clone(), it.help.clone()))
        };
        assert_eq!(read("company.etl.flows.ingest.f"), None);
        read("company/etl/flows/ingest.py:f")
    };
    let message = "flow 'f' fails on workers: 'company/etl/flows/ingest.py' is loaded as a file, so `from ..base import` cannot leave its directory";
    let help = "use the module entrypoint 'company.etl.flows.ingest.f'";
    assert_eq!(warning("from ..base import TABLE\n"), Some((message.to_owned(), Some(help.to_owned()))));
    for harmless in [
        "from . import helpers\n",
        "from .helpers import x\n",
        "try:\n    from ..base import TABLE\nexcept ImportError:\n    pass\n",
        "def g():\n    from ..base import TABLE\n",
    ] {
        assert_eq!(warning(harmless), None, "{harmless}");
    }
}

#[test]
fn warns_about_imports_that_only_prefect_2_has() {
    let flow = "from prefect import flow\n@flow\ndef f(): ...\n";
    let warnings = |imports: &str| {
        let project = Project::single(&format!("{imports}{flow}"));
        let entrypoint = Entrypoint::parse("flow.py:f").unwrap();
        let flow =
            Inspector::new().inspect(&entrypoint, project.folder.path(), &project.environment).unwrap();
        let shown = |it: &Diagnostic| format!("{}; {}", it.message, it.help.as_deref().unwrap_or_default());
        flow.warnings.iter().map(shown).collect::<Vec<_>>()
    };
    let message = |name: &str, instead: &str| {
        format!("workers cannot import the flow: Prefect 3 has no `{name}`; {instead}")
    };
    for (import, name, instead) in [
        ("from prefect.filesystems import S3", "prefect.filesystems.S3", "use `prefect_aws.S3Bucket`"),
        (
            "from prefect.deployments import run_deployment, Deployment as D",
            "prefect.deployments.Deployment",
            "declare the deployment in prefect.yaml",
        ),
        (
            "import prefect.orion.schemas as s",
            "prefect.orion.schemas",
            "use `prefect.server` or `prefect.client.schemas`",
        ),
        ("from prefect import orion", "prefect.orion", "use `prefect.server` or `prefect.client.schemas`"),
        (
            "from prefect.infrastructure.process import Process",
            "prefect.infrastructure.process.Process",
            "use a work pool instead of an infrastructure block",
        ),
    ] {
        assert_eq!(warnings(&format!("{import}\n")), [message(name, instead)], "{import}");
    }
    assert_eq!(warnings("from prefect.filesystems import S3, GCS\n").len(), 2);
    for harmless in [
        "from prefect.filesystems import LocalFileSystem\n",
        "import prefect.filesystems\n",
        "import prefect.orionids\n",
        "from .prefect.orion import x\n",
        "try:\n    from prefect.filesystems import S3\nexcept ImportError:\n    S3 = None\n",
        "def g():\n    from prefect.filesystems import S3\n",
    ] {
        assert_eq!(warnings(harmless), Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn module_documentation_example_is_accurate() {
    let documentation = include_str!("../mod.rs");
    let block = |language: &str| {
        let start = documentation.split(&format!("//! ```{language}\n")).nth(1).unwrap();
        let lines = start.split("//! ```").next().unwrap().lines();
        lines
            .map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or(""))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let project = Project::single(&block("python"));
    let entrypoint = Entrypoint::parse("flow.py:load_table").unwrap();
    let flow = Inspector::new().inspect(&entrypoint, project.folder.path(), &project.environment).unwrap();
    assert_eq!((flow.name.as_str(), flow.description.as_deref()), ("load", Some("Loads a table.")));
    assert_eq!(*flow.parameters, serde_json::from_str::<Json>(&block("json")).unwrap());
}

#[cfg(unix)]
#[test]
fn rejects_pipes() {
    let project = Project::new(&[]);
    let path = project.folder.path().join("flow.py");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    project.assert_error("flow.py:f", "'flow.py' is not a regular file");
    assert_eq!(project.flows(), Vec::<String>::new());
}
