//! Values that the program computes when it is imported: results of functions, members of enumerations, settings.

use serde_json::{Value as Json, json};

use super::projects::{Project, integer};

/// Asserts the default of the only parameter of a flow. `default` is the expression for it.
#[track_caller]
fn assert_default(files: &[(&str, &str)], imports: &str, default: &str, expected: &Json) {
    let flow = format!("from prefect import flow\n{imports}\n@flow\ndef f(p={default}): ...\n");
    let mut files = files.to_vec();
    files.push(("flow.py", &flow));
    Project::new(&files).assert_exact("flow.py:f", "f", &json!({"p": {"default": expected}}));
}

/// Asserts that the default of the only parameter of a flow is unknown.
#[track_caller]
fn assert_unknown(files: &[(&str, &str)], imports: &str, default: &str, part: &str) {
    let flow = format!("from prefect import flow\n{imports}\n@flow\ndef f(p={default}): ...\n");
    let mut files = files.to_vec();
    files.push(("flow.py", &flow));
    let (name, properties, reasons) = Project::new(&files).read("flow.py:f");
    assert_eq!((name.as_str(), properties), ("f", json!({"p": {}})), "{default}");
    assert!(reasons.len() == 1 && reasons[0].contains(part), "{default}: {reasons:?}");
}

const HELPERS: &str = "
import os
from datetime import date
from functools import lru_cache

STAGE = os.environ.get('STAGE', 'dev')
BUCKETS = {'dev': 'acme-dev', 'prod': 'acme-prod'}
COUNTER = 0

def bucket(name='raw', *, stage=None):
    '''Returns a bucket.'''
    stage = stage or STAGE
    if stage not in BUCKETS:
        return f'acme-{stage}-{name}'
    return f'{BUCKETS[stage]}-{name}'

def items(key, default=''):
    value = os.getenv(key, default)
    return [item.strip() for item in value.split(',') if item.strip()]

def options():
    result = {'retries': 3}
    result['mode'] = 'merge' if STAGE == 'prod' else 'append'
    return result

def start_of(year): return date(year, 1, 1)

def lookup(path, default=None):
    section, _, key = path.partition('.')
    (first, [second]) = ('x', [default])
    if not key:
        return BUCKETS.get(section, second)
    return first + key

class Paths:
    ROOT = '/data'
    name = 'class'
    @staticmethod
    def raw(name): return f'{Paths.ROOT}/{name}'
    @classmethod
    def out(cls, name='x'): return f'{cls.ROOT}/out/{name}'
    @staticmethod
    def module_name(): return name

class Other(Paths):
    ROOT = '/other'

name = 'module'

def looped():
    for item in BUCKETS: pass
    return item

def counted():
    global COUNTER
    COUNTER += 1
    return COUNTER

def now():
    import time
    return time.time()

async def later(): return 1
def generated(): yield 1
@lru_cache
def cached(): return 1
";

#[test]
fn evaluates_calls_of_functions_of_the_project() {
    let helpers = [("helpers.py", HELPERS)];
    for (default, expected) in [
        ("bucket()", json!("acme-dev-raw")),
        ("helpers.bucket('clean', stage='prod')", json!("acme-prod-clean")),
        ("bucket(stage='qa')", json!("acme-qa-raw")),
        ("items('TABLES', 'a, b,,c')", json!(["a", "b", "c"])),
        ("options()", json!({"retries": 3, "mode": "append"})),
        ("start_of(2024)", json!("2024-01-01")),
        ("[lookup('dev'), lookup('no', 1), lookup('a.b')]", json!(["acme-dev", 1, "xb"])),
        ("f'{bucket()}/x'", json!("acme-dev-raw/x")),
        ("[bucket(name) for name in ('a', 'b')]", json!(["acme-dev-a", "acme-dev-b"])),
        ("Paths.raw('x')", json!("/data/x")),
        ("Paths.out()", json!("/data/out/x")),
        ("Other.out('y')", json!("/other/out/y")),
        ("Paths.module_name()", json!("module")),
    ] {
        assert_default(&helpers, "import helpers\nfrom helpers import *", default, &expected);
    }
    for (default, part) in [
        ("bucket(1, 2)", "too many arguments"),
        ("start_of()", "the argument 'year' is missing"),
        ("looped()", "a loop in a function"),
        ("counted()", "a statement in a function"),
        ("now()", "time.time"),
        ("later()", "coroutine"),
        ("generated()", "`yield`"),
        ("cached()", "lru_cache"),
    ] {
        assert_unknown(&helpers, "from helpers import *", default, part);
    }
}

#[test]
fn functions_see_the_names_that_exist_when_they_are_called() {
    let text = "
from prefect import flow
LIMIT = 5
def limit(): return LIMIT
@flow
def f(n: int = limit()): ...
LIMIT = 7
";
    Project::single(text).assert_exact("flow.py:f", "f", &integer(5));
    // The same applies to functions that create flows.
    let text = "
from prefect import flow
NAME = 'first'
def deco(fn): return flow(fn, name=NAME)
@deco
def f(n: int = 1): ...
NAME = 'second'
";
    Project::single(text).assert_exact("flow.py:f", "first", &integer(1));
    let helpers = ("helpers.py", "LIMIT = 5\ndef limit(): return LIMIT\nLIMIT = 7\n");
    assert_default(&[helpers], "from helpers import limit", "limit()", &json!(7));
}

#[test]
fn local_functions_are_not_called_without_their_variables() {
    let text = "
from prefect import flow
size = 1
def make(size):
    def double(): return size * 2
    @flow
    def f(n: int = double()): ...
    return f
made = make(4)
";
    let (name, _, reasons) = Project::single(text).read("flow.py:made");
    assert_eq!((name.as_str(), reasons.len()), ("f", 1), "{reasons:?}");
}

#[test]
fn evaluates_functions_of_the_standard_library() {
    let imports = "import json, os, textwrap\nfrom datetime import date, datetime, time, timedelta, timezone\nSTART = datetime(2024, 1, 31, 12)\n\
                   NAMES = (name for name in 'ab')";
    for (default, expected) in [
        ("datetime.strptime('2024-01-31', '%Y-%m-%d').date()", json!("2024-01-31")),
        ("START.strftime('%Y%m%d')", json!("20240131")),
        ("f'{START:%d.%m.%Y}'", json!("31.01.2024")),
        ("START.replace(hour=6, day=1)", json!("2024-01-01T06:00:00")),
        ("[START.year, START.hour, START.date().day]", json!([2024, 12, 31])),
        ("str(START)", json!("2024-01-31 12:00:00")),
        ("START.replace(tzinfo=timezone.utc).isoformat()", json!("2024-01-31T12:00:00+00:00")),
        ("datetime.combine(START.date(), time(5))", json!("2024-01-31T05:00:00")),
        ("datetime.fromtimestamp(0, tz=timezone.utc)", json!("1970-01-01T00:00:00Z")),
        ("timedelta(hours=1, milliseconds=500).total_seconds()", json!(3600.5)),
        ("json.loads('{\"a\": [1, 1.5, null, true]}')", json!({"a": [1, 1.5, null, true]})),
        ("json.loads(os.getenv('MISSING', '[]'))", json!([])),
        ("json.dumps({'a': [1, 'é']})", json!("{\"a\": [1, \"\\u00e9\"]}")),
        ("textwrap.dedent('''\n  a\n    b\n''').strip()", json!("a\n  b")),
        ("dict(zip('ab', [1, 2]))", json!({"a": 1, "b": 2})),
        ("dict.fromkeys(['a', 'b'], 0)", json!({"a": 0, "b": 0})),
        ("list(enumerate('ab', 1))", json!([[1, "a"], [2, "b"]])),
        ("list(reversed([1, 2]))", json!([2, 1])),
        ("list(map(int, '1,2'.split(',')))", json!([1, 2])),
        ("tuple(x.upper() for x in 'ab')", json!(["A", "B"])),
        ("','.join(f'{k}={v}' for k, v in {'a': 1, 'b': 2}.items())", json!("a=1,b=2")),
        ("max(len(x) for x in ['a', 'bcd'])", json!(3)),
        ("[any(x > 1 for x in [1, 2]), all([])]", json!([true, true])),
        ("next(iter({'a': 1}))", json!("a")),
        ("int('1_000')", json!(1000)),
        ("'7'.zfill(3)", json!("007")),
        ("'a,b,c'.split(',', 1)", json!(["a", "b,c"])),
        ("'a.b.c'.rsplit('.', 1)", json!(["a.b", "c"])),
        ("'s3://b/k'.partition('://')[2]", json!("b/k")),
        ("'a\\nb\\n'.splitlines()", json!(["a", "b"])),
        ("['banana'.count('a'), 'abc'.find('c'), '1'.isdigit()]", json!([3, 2, true])),
    ] {
        assert_default(&[], imports, default, &expected);
    }
    for (default, part) in [
        ("list(NAMES)", "may have been consumed"),
        ("zip('a', 'b')", "may have been consumed"),
        ("[zip('a', 'b')]", "cannot be evaluated"),
        ("json.loads('100000000000000000000')", "cannot be evaluated"),
        ("datetime.strptime('31 Jan', '%d %b')", "cannot be evaluated"),
        ("datetime.fromtimestamp(0)", "cannot be evaluated"),
        ("START.strftime('%A')", "cannot be evaluated"),
        ("dict.fromkeys(range(9999), 'x' * 9999)", "cannot be evaluated"),
    ] {
        assert_unknown(&[], imports, default, part);
    }
}

#[test]
fn reads_enumerations_created_by_calls() {
    let kinds = "
import enum
from enum import Enum, IntEnum, StrEnum
NAMES = ['alpha', 'beta']
class Text(str, Enum): pass
Color = Enum('Color', 'RED GREEN, BLUE')
Region = Enum('Region', {'EU': 'eu-1', 'US': 'us-1'})
Mode = Enum('Mode', [('FULL', 'full'), ('DELTA', 'delta')], type=str)
Level = IntEnum('Level', names=['LOW', 'HIGH'], module=__name__)
Kind = StrEnum('Kind', ['CSV', 'PARQUET'])
Team = enum.Enum('Team', {name.upper(): name for name in NAMES})
Sub = Text('Sub', [('A', 'a')])
Unknown = Enum('Unknown', outside())
Shifted = Enum('Shifted', 'A B', start=5)
";
    let text = "
from prefect import flow
from kinds import *
import kinds
@flow
def f(a: Color, b: Region = Region.US, c: Mode = Mode['DELTA'], d: kinds.Level = Level.HIGH, e: Kind = Kind.CSV,
      g: Team = Team.BETA, h: list = [c.name for c in Color], i: str = Region('eu-1').value, j: Sub = Sub.A): ...
@flow
def unknown(a: Unknown): ...
@flow
def shifted(a: Shifted): ...
";
    let project = Project::new(&[("kinds.py", kinds), ("flow.py", text)]);
    let (_, properties, reasons) = project.read("flow.py:f");
    assert_eq!(reasons, Vec::<String>::new());
    let reference =
        |name: &str, default: Json| json!({"$ref": format!("#/definitions/{name}"), "default": default});
    let expected = json!({
        "a": {"$ref": "#/definitions/Color"},
        "b": reference("Region", json!("us-1")),
        "c": reference("Mode", json!("delta")),
        "d": reference("Level", json!(2)),
        "e": reference("Kind", json!("csv")),
        "g": reference("Team", json!("beta")),
        "h": {"type": "array", "items": {}, "default": ["RED", "GREEN", "BLUE"]},
        "i": {"type": "string", "default": "eu-1"},
        "j": reference("Sub", json!("a")),
    });
    assert_eq!(properties, expected);
    let color = json!({"title": "Color", "type": "integer", "enum": [1, 2, 3]});
    assert_eq!(project.definition("flow.py:f", "Color"), color);
    for name in ["unknown", "shifted"] {
        let (_, properties, reasons) = project.read(&format!("flow.py:{name}"));
        assert_eq!((properties, reasons.len()), (json!({"a": {}}), 1), "{name}: {reasons:?}");
    }
}

const SETTINGS: &str = "
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix='ETL_', env_file='.env', extra='ignore')
    bucket: str = 'raw'
    size: int = Field(5, ge=1)
    rate: float = 2
    tables: list[str] = ['a']
    token: str
    changed: str = 'x'
    host: str = Field('h', alias='DB_HOST')
    odd: int = '7'
    @field_validator('changed')
    @classmethod
    def change(cls, value): return value * 2
    @property
    def url(self): return self.bucket
settings = Settings()
used = Settings()
print(used)
";

#[test]
fn reads_fields_of_settings_that_no_source_sets() {
    let files = [("config.py", SETTINGS), (".env", "OTHER=1\n")];
    let imports = "import config\nfrom config import settings, used";
    for (default, expected) in [
        ("settings.bucket", json!("raw")),
        ("config.settings.size", json!(5)),
        ("settings.rate", json!(2.0)),
        ("settings.tables", json!(["a"])),
        ("settings.host", json!("h")),
        ("f's3://{settings.bucket}/x'", json!("s3://raw/x")),
    ] {
        assert_default(&files, imports, default, &expected);
    }
    for (default, part) in [
        ("settings.token", "required field 'token'"),
        ("settings.changed", "the method 'change' may change"),
        ("settings.odd", "may be converted"),
        ("settings.url", "reads its values from the environment"),
        ("used.bucket", "may be modified"),
        ("settings", "reads its values from the environment"),
    ] {
        assert_unknown(&files, imports, default, part);
    }
    let dotenv = [("config.py", SETTINGS), (".env", "etl_bucket=x\n")];
    assert_unknown(&dotenv, imports, "settings.bucket", "`.env` file");
    let flow = "from prefect import flow\nfrom config import settings\n@flow\ndef f(p=settings.bucket, n=settings.size): ...\n";
    let project = Project::new(&[("config.py", SETTINGS), ("flow.py", flow)]).with("etl_BUCKET", "set");
    project.assert_exact("flow.py:f", "f", &json!({"p": {"default": "set"}, "n": {"default": 5}}));
    let project = Project::new(&[("config.py", SETTINGS), ("flow.py", flow)]).with("ETL_SIZE", "6");
    let (.., reasons) = project.read("flow.py:f");
    assert!(reasons.len() == 1 && reasons[0].contains("environment variable sets"), "{reasons:?}");
}

#[test]
fn does_not_guess_imported_values_that_a_module_modifies() {
    let config = ("config.py", "CONFIG = {'a': 1}\nN = 1\nclass Limits: MAX = 1\ndef helper(): return 1\n");
    for (imports, default, is_known) in [
        ("from config import CONFIG", "CONFIG['a']", true),
        ("from config import CONFIG\nCONFIG['a'] = 2", "CONFIG['a']", false),
        ("from config import CONFIG\nCONFIG.update(a=2)", "CONFIG['a']", false),
        ("from config import N\nprint(N)", "N", true),
        ("import config\nconfig.N = 2", "config.N", false),
        ("import config\nconfig.CONFIG['a'] = 2", "config.CONFIG['a']", false),
        ("from config import Limits\nLimits.MAX = 2", "Limits.MAX", false),
        ("from config import helper\nhelper.calls = 0", "helper()", true),
        ("import os, config\nos.environ['X'] = '1'", "config.N", true),
    ] {
        if is_known {
            assert_default(&[config], imports, default, &json!(1));
        } else {
            assert_unknown(&[config], imports, default, "");
        }
    }
}
