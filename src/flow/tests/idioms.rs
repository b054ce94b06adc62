//! Idioms of public projects: package layouts, constants, models and annotations.

use serde_json::json;

use super::projects::{Project, integer};
use crate::flow::{Entrypoint, Grade, Inspector};

#[test]
fn resolves_packages_that_import_their_own_modules() {
    let flow = "from prefect import flow\n";
    let config = ("app/config.py", "N = 1\n");
    let from_package = format!("{flow}from app import config\n@flow\ndef f(n: int = config.N): ...\n");
    for init in [
        "from . import config\n",
        "from app import config\n",
        "from . import config as config\nfrom .config import N\n",
        "from .models import *\n",
        "import app.config\nfrom . import config\n",
    ] {
        let models = ("app/models.py", "from app import config\nfrom . import other\n");
        let other = ("app/other.py", "from app import config, models\n");
        let files = [("app/__init__.py", init), config, models, other, ("flow.py", &from_package)];
        Project::new(&files).assert_exact("flow.py:f", "f", &integer(1));
    }
    let nested = format!("{flow}from .. import config\n@flow\ndef f(n: int = config.N): ...\n");
    let init = ("app/__init__.py", "from . import config\nfrom . import flows\n");
    let files = [
        init,
        config,
        ("app/flows/__init__.py", "from . import impl\n"),
        ("app/flows/impl.py", &nested),
        ("main.py", "from app.flows import impl\n"),
    ];
    let project = Project::new(&files);
    for entrypoint in ["app.flows.impl:f", "app.flows:impl.f", "main.py:impl.f", "app:flows.impl.f"] {
        project.assert_exact(entrypoint, "f", &integer(1));
    }
    // A name that the package has bound before takes precedence over the module.
    let files = [
        ("app/__init__.py", "class config: N = 2\nfrom . import config\n"),
        config,
        ("flow.py", &from_package),
    ];
    Project::new(&files).assert_exact("flow.py:f", "f", &integer(2));
}

#[test]
fn reads_inherited_constants_and_fields_of_instances() {
    let settings = "
from abc import ABC
from dataclasses import dataclass
class Base(ABC):
    ROOT = 1
    NEXT = ROOT + 1
class Paths(Base):
    ROOT = 5
@dataclass(frozen=True)
class Config:
    n: int = 3
    @property
    def twice(self): return self.n * 2
CONFIG = Config()
OTHER = Config(n=4)
class External(Unknown):
    pass
";
    let text = |default: &str| {
        format!(
            "from prefect import flow\nimport settings\nfrom settings import *\n@flow\ndef f(n: int = {default}): ...\n"
        )
    };
    for (default, expected) in [
        ("Paths.ROOT", 5),
        ("Paths.NEXT", 2),
        ("settings.Paths.NEXT", 2),
        ("CONFIG.n", 3),
        ("settings.OTHER.n", 4),
    ] {
        let flow = text(default);
        let project = Project::new(&[("settings.py", settings), ("flow.py", &flow)]);
        project.assert_exact("flow.py:f", "f", &integer(expected));
    }
    for default in ["CONFIG.twice", "External.N", "Paths.MISSING"] {
        let flow = text(default);
        let (.., reasons) = Project::new(&[("settings.py", settings), ("flow.py", &flow)]).read("flow.py:f");
        assert_eq!(reasons.len(), 1, "{default}: {reasons:?}");
    }
}

#[test]
fn iterates_over_enumerations() {
    let text = "
from enum import Enum, Flag
from prefect import flow
class Color(str, Enum):
    RED = 'r'
    BLUE = 'b'
    AZURE = 'b'
@flow
def f(a: list = [c.value for c in Color], b: list = list(Color), c: int = len(Color), d: list = [*Color], e: list = [c.name for c in Color]): ...
";
    let values = json!({"type": "array", "items": {}, "default": ["r", "b"]});
    let mut expected = json!({"c": {"type": "integer", "default": 2}});
    for name in ["a", "b", "d"] {
        expected[name] = values.clone();
    }
    expected["e"] = json!({"type": "array", "items": {}, "default": ["RED", "BLUE"]});
    Project::single(text).assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn reads_annotations_with_boolean_operators() {
    let text = "
from typing import *
from prefect import flow
@flow
def f(a: str or None = None, b: None or int = 1, c: List[str] or str = [], d: int and str = '', e: Optional[str or int] = None): ...
";
    let expected = json!({
        "a": {"type": "string", "default": null},
        "b": {"type": "integer", "default": 1},
        "c": {"type": "array", "items": {"type": "string"}, "default": []},
        "d": {"type": "string", "default": ""},
        "e": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
    });
    Project::single(text).assert_exact("flow.py:f", "f", &expected);
}

#[test]
fn reads_flows_of_instances() {
    let text = "
from prefect import flow
class Pipeline:
    def __init__(self, table):
        self.table = table
        {init}
    @flow(name='pipe')
    def run(self, n: int = 1): ...
pipe = Pipeline('x')
";
    let project = |init: &str| Project::single(&text.replace("{init}", init));
    project("pass").assert_exact("flow.py:pipe.run", "pipe", &integer(1));
    project("self.run = self.run.with_options(name='other')")
        .assert_error("flow.py:pipe.run", "'run' is an attribute");
}

#[test]
fn reads_models_of_pydantic_1_that_pydantic_2_accepts() {
    let text = "
from typing import List
from pydantic import BaseModel, Extra, Field, validator
from prefect import flow
class Model(BaseModel):
    a: List[int] = Field([], min_items=1, max_items=3, example=[1], env='A')
    b: int = Field(1, example=2, json_schema_extra={'x': 1})
    class Config:
        extra = Extra.forbid
        orm_mode = True
        schema_extra = {'examples': []}
    @validator('b')
    def check(cls, value): return value
@flow
def f(m: Model): ...
";
    let project = Project::single(text);
    let entrypoint = Entrypoint::parse("flow.py:f").unwrap();
    let flow = Inspector::new().inspect(&entrypoint, project.folder.path(), &project.environment).unwrap();
    assert_eq!(flow.grade, Grade::Exact, "{:?}", flow.reasons);
    let expected = json!({
        "title": "Model", "type": "object", "additionalProperties": false,
        "properties": {
            "a": {
                "title": "A", "type": "array", "items": {"type": "integer"}, "default": [], "minItems": 1, "maxItems": 3,
                "example": [1], "env": "A",
            },
            "b": {"title": "B", "type": "integer", "default": 1, "x": 1},
        },
    });
    assert_eq!(flow.parameters["definitions"]["Model"], expected);
}

#[test]
fn does_not_guess_variables_that_the_program_changes() {
    let flow =
        "import os, config\nfrom prefect import flow\n@flow\ndef f(n: str = os.getenv('A', 'd')): ...\n";
    let text = json!({"n": {"type": "string", "default": "d"}});
    for (config, dotenv, is_known) in [
        ("import os\nos.environ['A'] = 'x'\n", "", false),
        ("import os\nos.environ.setdefault('B', 'x')\n", "", true),
        ("from dotenv import load_dotenv\nload_dotenv()\n", "", true),
        ("from dotenv import load_dotenv\nload_dotenv()\n", "B=1\n", true),
        ("from dotenv import load_dotenv\nload_dotenv()\n", "A=1\n", false),
        ("from dotenv import load_dotenv\nload_dotenv(PATH)\n", "B=1\n", false),
        ("from dotenv import load_dotenv\nload_dotenv(dotenv_path=PATH)\n", "B=1\n", false),
    ] {
        let mut files = vec![("flow.py", flow), ("config.py", config)];
        if !dotenv.is_empty() {
            files.push((".env", dotenv));
        }
        let project = Project::new(&files);
        if is_known {
            project.assert_exact("flow.py:f", "f", &text);
        } else {
            let (.., reasons) = project.read("flow.py:f");
            let expected = "the program may change the environment variable 'A'";
            assert!(reasons.len() == 1 && reasons[0].ends_with(expected), "{config}: {reasons:?}");
        }
    }
}
