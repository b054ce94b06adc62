//! Flows behind decorators and factories of the project.

use super::projects::{Project, integer};

const COMMON: &str = "
import functools
import prefect
from prefect import Flow

def flow(*args, **kwargs):
    defaults = {'log_prints': True, 'persist_result': True}
    return prefect.flow(*args, **{**defaults, **kwargs})

def team_flow(fn=None, **kwargs):
    '''Our decorator.'''
    if fn is None:
        return lambda f: team_flow(f, **kwargs)
    kwargs.setdefault('retries', 2)
    return prefect.flow(fn, **kwargs)

retrying = functools.partial(prefect.flow, retries=3)
renamed = prefect.flow(name='fixed')

def named(prefix, *, suffix='x'):
    def decorator(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            return fn(*args, **kwargs)
        name = f'{prefix}-{fn.__name__}-{suffix}'
        return prefect.flow(name=name)(wrapper)
    return decorator

class Registry:
    prefix = 'team'

    def __init__(self, team, **options):
        self.team = team
        self.options = options

    def __call__(self, fn):
        return prefect.flow(fn, name=f'{self.prefix}-{self.team}', **self.options)

    def flow(self, name):
        def decorator(fn):
            return Flow(fn, name=self.team + '-' + name)
        return decorator

registry = Registry('etl')

def make(table, limit=3):
    @prefect.flow(name=f'load-{table}')
    def load(n: int = limit):
        '''Loads.'''
    return load
";

#[test]
fn interprets_decorators_of_the_project() {
    let flows = "
from common import COMMON_NAMES
@flow(name='common-one')
def first(n: int = 1): ...
@flow
def plain(n: int = 1): ...
@team_flow(name='team-one')
def named_team(n: int = 1): ...
@team_flow
def bare(n: int = 1): ...
@retrying
def partial_bare(n: int = 1): ...
@retrying(name='p')
def partial_named(n: int = 1): ...
@renamed
def with_fixed_name(n: int = 1): ...
@named('a', suffix='b')
def by_factory(n: int = 1): ...
@Registry('x', description='d')
def by_class(n: int = 1): ...
@registry
def by_instance(n: int = 1): ...
@registry.flow('y')
def by_method(n: int = 1): ...
made = make('t', 1)
wrapped = prefect.flow(name='w')(lambda_free)
by_keyword = prefect.Flow(fn=lambda_free, name='k')
positional = prefect.Flow(lambda_free, 'q')
";
    let names = "flow, team_flow, retrying, renamed, named, Registry, registry, make";
    let flows =
        flows.replace("COMMON_NAMES", &format!("{names}\nimport prefect\ndef lambda_free(n: int = 1): ..."));
    let project = Project::new(&[
        ("common/impl.py", COMMON),
        ("common/__init__.py", "from .impl import *\n"),
        ("team.py", &flows),
    ]);
    for (function, name) in [
        ("first", "common-one"),
        ("plain", "plain"),
        ("named_team", "team-one"),
        ("bare", "bare"),
        ("partial_bare", "partial-bare"),
        ("partial_named", "p"),
        ("with_fixed_name", "fixed"),
        ("by_factory", "a-by_factory-b"),
        ("by_class", "team-x"),
        ("by_instance", "team-etl"),
        ("by_method", "etl-y"),
        ("made", "load-t"),
        ("wrapped", "w"),
        ("by_keyword", "k"),
        ("positional", "q"),
    ] {
        project.assert_exact(&format!("team.py:{function}"), name, &integer(1));
    }
}

#[test]
fn rejects_decorators_that_cannot_be_interpreted() {
    let bodies = [
        (
            "import time\ndef deco(fn):\n    if time.time() > 1:\n        return flow(fn)\n    return flow(fn, name='x')\n",
            "cannot be evaluated",
        ),
        ("from outside import deco\n", "cannot be evaluated"),
        (
            "def deco(fn):\n    for _ in range(3):\n        fn = flow(fn)\n    return fn\n",
            "a loop in a function",
        ),
        ("def deco(fn):\n    return deco(fn)\n", "nested too deeply"),
        ("def deco(fn):\n    return fn\n", "is not a flow"),
    ];
    for (body, message) in bodies {
        let text = format!("from prefect import flow\n{body}\n@deco\ndef f(n: int = 1): ...\n");
        Project::single(&text).assert_error("flow.py:f", message);
    }
    // Only the name depends on code that cannot be evaluated.
    let text = "from prefect import flow\nimport time\ndef deco(fn):\n    return flow(fn, name=str(time.time()))\n@deco\ndef f(n: int = 1): ...\n";
    Project::single(text).assert_error("flow.py:f", "the name of flow 'f' cannot be determined");
}

#[test]
fn rejects_flows_whose_attributes_are_assigned() {
    let before = "from prefect import flow\nclass Local:\n    SIZE = 1\ndef f(n: int = 1): ...\n";
    for (body, function) in [
        ("f.__doc__ = 'x'\nf = flow(f)\n", "f"),
        ("f.__defaults__ = (9,)\nmy = flow(f)\n", "my"),
        ("setattr(f, '__name__', 'g')\nf = flow(f)\n", "f"),
        ("my = flow(f)\nmy.name = 'x'\n", "my"),
        ("my = flow(f)\nif my:\n    my.description = 'x'\n", "my"),
        ("Local.SIZE = 2\n@flow(name=str(Local.SIZE))\ndef my(n: int = 1): ...\n", "my"),
    ] {
        let project = Project::single(&format!("{before}{body}"));
        project.assert_error(&format!("flow.py:{function}"), "attributes are assigned");
    }
    let harmless = "from prefect import flow\n@flow\ndef f(n: int = 1): ...\nf.cache = {}\n";
    Project::single(harmless).assert_exact("flow.py:f", "f", &integer(1));
}

#[test]
fn accepts_the_flow_class_as_a_decorator() {
    let text = "import absent_vendor_lib\nfrom prefect import Flow\n@Flow\ndef f(n: int = 3):\n    absent_vendor_lib.score(n)\n";
    Project::single(text).assert_exact("flow.py:f", "f", &integer(3));
}

#[test]
fn discovers_flows_behind_aliases_and_wrappers() {
    let project = Project::new(&[
        (
            "aliased.py",
            "from prefect import flow as prefect_flow\n@prefect_flow\ndef one(): ...\n@prefect_flow(name='Two')\ndef two(): ...\n",
        ),
        (
            "by_class.py",
            "from prefect import Flow\n@Flow\ndef four(): ...\ndef five_(): ...\nfive = Flow(five_, name='five')\n",
        ),
        ("common.py", COMMON),
        ("module_alias.py", "import prefect as p\n@p.flow\ndef three(): ...\n"),
        (
            "team.py",
            "from common import team_flow\n@team_flow\ndef six(): ...\n@workflow\ndef seven(): ...\n",
        ),
    ]);
    assert_eq!(
        project.flows(),
        [
            "aliased.py:one one exact",
            "aliased.py:two Two exact",
            "by_class.py:five five exact",
            "by_class.py:four four exact",
            "common.py:load load failed",
            "module_alias.py:three three exact",
            "team.py:six six exact",
        ]
    );
}

#[test]
fn reads_functions_behind_decorators_of_packages() {
    let text = "
'''Loads tables.'''
import backoff, requests, tenacity
from pydantic import validate_call
from sentry_sdk.crons import monitor
from tenacity import retry, stop_after_attempt
from prefect import flow
@flow(version='1')
@retry(stop=stop_after_attempt(3))
def retried(n: int = 1): ...
@flow(version='1', description=__doc__)
@backoff.on_exception(backoff.expo, requests.Timeout, max_tries=outside())
@tenacity.retry
@monitor(monitor_slug='x')
async def stacked(n: int = 1): ...
@flow
@validate_call
def unversioned(n: int = 1): ...
@retry
def computed(): return 1
@flow(version='1')
def called(n: int = computed()): ...
";
    let project = Project::single(text);
    for name in ["retried", "stacked"] {
        project.assert_exact(&format!("flow.py:{name}"), name, &integer(1));
    }
    let (name, properties, reasons) = project.read("flow.py:unversioned");
    assert_eq!((name.as_str(), properties), ("unversioned", integer(1)));
    assert_eq!(
        reasons,
        ["the flow's version is unknown: the function has a decorator from outside the project"]
    );
    let (.., reasons) = project.read("flow.py:called");
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

#[test]
fn class_methods_that_create_flows_receive_their_class() {
    let text = "
from prefect import flow
class Registry:
    prefix = 'reg'
    @classmethod
    def flow(cls, name=None):
        def wrap(fn): return flow(fn, name=f'{cls.prefix}-{name or fn.__name__}')
        return wrap
class Sub(Registry):
    prefix = 'sub'
@Registry.flow('daily')
def one(n: int = 1): ...
@Sub.flow()
def two(n: int = 1): ...
";
    let project = Project::single(text);
    project.assert_exact("flow.py:one", "reg-daily", &integer(1));
    project.assert_exact("flow.py:two", "sub-two", &integer(1));
}
