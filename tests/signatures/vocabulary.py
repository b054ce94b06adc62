"""The parts of random flows."""

IMPORTS = """\
import asyncio, collections, datetime, decimal, enum, fractions, functools, ipaddress, logging, os, pathlib, re, typing
import typing as t, uuid, zoneinfo
import collections.abc as abc, datetime as dt
import annotated_types, prefect, pydantic
import shapes
import shapes as forms
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import (
    Annotated, Any, Callable, Dict, FrozenSet, Iterable, List, Literal, Mapping, NamedTuple, Optional, Sequence, Set,
    Tuple, Type, Union,
)
from typing_extensions import TypedDict
from prefect import flow, task, unmapped
from prefect import flow as workflow
from prefect.flows import Flow
from pydantic import (
    AnyUrl, AwareDatetime, BaseModel, ByteSize, ConfigDict, Field, HttpUrl, Json, NonNegativeInt, PositiveFloat,
    PositiveInt, Secret, SecretBytes, SecretStr, StrictInt, StringConstraints, UUID4, conint, conlist, constr,
)
"""

# Types

COMMON = [
    'str', 'int', 'float', 'bool', 'bytes', 'Any', 'dict', 'list', 'tuple', 'set', 'frozenset', 'object', 'None',
    'complex', 'type', 'range', 'datetime.datetime', 'date', 'dt.time', 'timedelta', 'Path', 'pathlib.PurePath',
    'uuid.UUID', 'Decimal', 'fractions.Fraction', 're.Pattern', 'ipaddress.IPv4Address', 'zoneinfo.ZoneInfo', 'List',
    'Dict',
]

RARE = [
    'Set', 'Tuple', 'Sequence', 'Mapping', 'Iterable', 'collections.OrderedDict', 'collections.deque',
    'abc.Collection', 'abc.Iterator', 'abc.MutableSequence', 'abc.Hashable', 'Type[int]', 'type[str]', 'AnyUrl',
    'AwareDatetime', 'ByteSize', 'HttpUrl', 'Json', 'NonNegativeInt', 'PositiveFloat', 'PositiveInt', 'SecretBytes',
    'SecretStr', 'StrictInt', 'UUID4', 'pydantic.FilePath', 'pydantic.PastDate', 'pydantic.Base64Str',
    'conint(gt=1, le=9)', 'constr(min_length=2)', "constr(pattern='^a')", 'pydantic.confloat(ge=0.5)',
    'logging.Logger', 'ipaddress.IPv6Address', 'ipaddress.IPv4Network', 'abc.Set[int]', 't.AbstractSet[str]',
    'collections.Counter', 'collections.Counter[str]', 'typing.Counter[int]', 'pydantic.EmailStr', 'datetime.tzinfo',
    'bytearray', 'memoryview', 'Exception', 'asyncio.Event', 'enum.Enum', 'BaseModel', 'pydantic.JsonValue',
    "t.Literal['z']", 'typing.Hashable', 'pydantic.PostgresDsn', 'pydantic.RedisDsn', 'pydantic.FutureDatetime',
    'pydantic.NaiveDatetime', 'pydantic.Base64Bytes', 'pydantic.NegativeInt', 'pydantic.StrictStr',
    'pydantic.FiniteFloat', 'pydantic.UUID1', 'pydantic.DirectoryPath', 'pydantic.NewPath', 'ipaddress.IPv4Interface',
    'typing.Text', 'typing.AnyStr', 't.ItemsView[str, int]', 'slice', 'os.PathLike', 'os.PathLike[str]', 't.Pattern',
    't.Pattern[str]', 're.Pattern[bytes]', 'abc.ByteString', 't.NoReturn', 'typing.Never', 'pydantic.IPvAnyAddress',
    'pydantic.NameEmail', 'pydantic.PaymentCardNumber', 't.IO[str]', 't.Final', 'prefect.states.State',
    'prefect.futures.PrefectFuture', 'Path | None', 'pydantic.types.SecretStr', 't.Awaitable[int]', 'Callable',
    'Callable[[int], str]', 'abc.Callable[..., Any]', 'list[Callable]',
]

SHAPES = [
    'shapes.Color', 'shapes.Level', 'shapes.Size', 'shapes.Auto', 'shapes.Word', 'shapes.Mixed', 'shapes.Twice',
    'shapes.Weight', 'shapes.Bits', 'shapes.IntBits', 'shapes.Inner', 'shapes.Model', 'shapes.Child', 'shapes.Strict',
    'shapes.Camel', 'shapes.Old', 'shapes.Validated', 'shapes.Tree', 'shapes.Cat', 'shapes.Dog', 'shapes.Ints',
    'shapes.Mapping_', 'shapes.Page', 'shapes.Page[int]', 'shapes.Page[shapes.Inner]', 'shapes.Page[Optional[str]]',
    'shapes.Page[list[int]]', 'shapes.Pair_[int, shapes.Inner]', 'shapes.Page[shapes.Page[int]]', 'shapes.Box',
    'shapes.Box[int]', 'shapes.Point', 'shapes.Documented', 'shapes.Checked', 'shapes.Row', 'shapes.Loose',
    'shapes.Made', 'shapes.Coordinates', 'shapes.Nt', 'shapes.Plain', 'shapes.Plain.Nested', 'shapes.Plain.Deep',
    'shapes.Runtime', 'shapes.Callback', 'shapes.UserId', 'shapes.Names', 'shapes.Json_', 'shapes.Number',
    'shapes.MaybeInt', 'shapes.Positive', 'shapes.Mode', 'shapes.Modes', 'shapes.Alias', 'shapes.Pet', 'shapes.T',
    'shapes.K', 'shapes.S',
]

IN_CLASSES = [
    'str', 'int', 'float', 'bool', 'bytes', 'Any', 'dict', 'list', 'set', 'object', 'None', 'datetime.datetime',
    'date', 'timedelta', 'Path', 'uuid.UUID', 'Decimal', 'SecretStr', 'PositiveInt', 'HttpUrl', 'Sequence', 'Json',
    'conint(gt=1, le=9)',
]

SHAPES_IN_CLASSES = [
    'shapes.Color', 'shapes.Level', 'shapes.Inner', 'shapes.Model', 'shapes.Point', 'shapes.Coordinates',
    'shapes.UserId', 'shapes.Mode', 'shapes.Page[int]', 'shapes.Ints', 'shapes.Tree', 'shapes.Camel',
    'shapes.Positive', 'shapes.MaybeInt',
]

KEYS = [
    'str', 'int', 'float', 'bool', 'date', 'uuid.UUID', "Literal['a', 'b']", 'Path', 'Decimal', 'shapes.Color',
    'shapes.Level', 'Optional[str]', 'tuple[int, str]', 'constr(min_length=1)', "constr(pattern='^k')", 'Any',
    'shapes.UserId', 'shapes.Size', 'Annotated[str, Field(max_length=3)]', 'bytes', 'datetime.datetime',
]

LITERALS = [
    "'a', 'b'", '1, 2', "'z'", 'True', "None, 'x'", "1, 'one'", 'shapes.Color.RED',
    'shapes.Level.LOW, shapes.Level.HIGH', "b'x'", "shapes.Mode, 'q'", "'a', 'a'", 'True, 1', '-1, 0',
    "shapes.Size.SMALL, 'l'",
]

NUMBERS = ["int", "float", "PositiveInt", "Optional[int]", "Decimal", "Union[int, float]", "timedelta", "date"]

OF_NUMBERS = [
    "Field(ge=1, le=8)", "Field(gt=0, multiple_of=2)", "annotated_types.Ge(1)", "annotated_types.Interval(gt=1, lt=9)",
    "'note', 3", "Field(description='inner', examples=[1])", "annotated_types.Gt(0), Field(lt=5)", "Field(2, ge=0)",
    "Field(default_factory=int)", "Field(allow_inf_nan=False)", "Field(max_digits=5, decimal_places=2)",
]

TEXTS = ["str", "Optional[str]", "bytes", "list[str]", "Path", "SecretStr", "Any", "dict[str, int]", "set[int]"]

OF_TEXTS = [
    "Field(min_length=1, description='inner')", "annotated_types.Len(1, 5)", "annotated_types.MinLen(2)",
    "Field(max_length=4)", "Field(title='T')", "Field(alias='other')", "Field(deprecated=True)",
    "Field(json_schema_extra={'x': 1})", "StringConstraints(max_length=3)",
    "StringConstraints(pattern='^a$', to_lower=True)", "Field(strict=True)", "pydantic.AfterValidator(str)",
    "pydantic.WithJsonSchema({'type': 'string'})", "pydantic.Strict()", "Field(pattern='^b')",
]

OF_ANY = ["'note'", "Field(description='d')", "Field(title='T', deprecated=True)", "7", "Field(examples=[None])"]

ARRAYS = [
    "list", "List", "Sequence", "Iterable", "collections.deque", "abc.MutableSequence", "t.Deque", "abc.Collection",
    "t.Iterator",
]

MAPPINGS = [
    "dict", "Dict", "Mapping", "abc.MutableMapping", "collections.OrderedDict", "t.DefaultDict",
    "collections.defaultdict",
]


def annotated(inner, pick):
    """Pydantic adds what is said of a recursive model to the model itself, for all flows after."""
    return f"Annotated[{inner}, {pick(OF_ANY) if 'Tree' not in inner else 7}]"


# Types made of others: functions of one that gives a type, and of one that picks a word.
GENERICS_IN_CLASSES = [
    lambda inner, pick: f"{pick(['Optional', 't.Optional', 'typing.Optional'])}[{inner()}]",
    lambda inner, pick: f"{pick(['Optional', 't.Optional', 'typing.Optional'])}[{inner()}]",
    lambda inner, pick: f"{pick(['list', 'Sequence', 'List'])}[{inner()}]",
    lambda inner, pick: f"{pick(MAPPINGS[:4])}[{pick(KEYS)}, {inner()}]",
    lambda inner, pick: f"Union[{inner()}, {inner()}]",
    lambda inner, pick: f"Union[None, {inner()}, {inner()}]",
    lambda inner, pick: f"{pick(['tuple', 'Tuple'])}[{inner()}, {inner()}]",
    lambda inner, pick: f"tuple[{inner()}, ...]",
    lambda inner, pick: f"{pick(['set', 'Set', 'frozenset', 'FrozenSet', 't.MutableSet'])}[{pick(KEYS)}]",
    lambda inner, pick: f"Literal[{pick(LITERALS)}]",
    lambda inner, pick: f"Annotated[{pick(NUMBERS)}, {pick(OF_NUMBERS)}]",
    lambda inner, pick: f"Annotated[{pick(TEXTS)}, {pick(OF_TEXTS)}]",
    lambda inner, pick: annotated(inner(), pick),
    lambda inner, pick: f"{pick(['int', 'str', 'list[int]', 'dict[str, Any]', 'shapes.Color', 'date'])} | None",
    lambda inner, pick: f"{pick(['shapes.Model', 'Optional[int]', 'bool | int'])} | None",
    lambda inner, pick: f"{pick(['int', 'str', 'shapes.Inner', 'list[str]'])} | "
    f"{pick(['float', 'None', 'date', 'shapes.Level', 'tuple[int, ...]'])}",
    lambda inner, pick: f"conlist({inner()}, min_length=1)",
]

GENERICS = [
    *GENERICS_IN_CLASSES,
    lambda inner, pick: f"{pick(ARRAYS)}[{inner()}]",
    lambda inner, pick: f"{pick(MAPPINGS)}[{pick(KEYS)}, {inner()}]",
    lambda inner, pick: f"{pick(['Json', 'Secret', 'Type', 't.Awaitable', 'abc.AsyncIterator'])}[{inner()}]",
    lambda inner, pick: f"typing.Generator[{inner()}, None, None]",
    lambda inner, pick: "tuple[()]",
    lambda inner, pick: f"Union[{inner()}]",
    lambda inner, pick: f"shapes.Page[{inner()}]",
    lambda inner, pick: f"shapes.Pair_[{inner()}, shapes.Inner]",
]

# Around a whole annotation.
QUALIFIERS = ["typing.Final", "t.ClassVar"]

# Values

DEFAULTS = [
    'None', '1', '-2', "'s'", 'True', '1.5', '[]', '{}', '()', "[1, 'a']", "{'k': [1]}", '...', '1e-9', '10**18',
    '1_000', '0x1F', '1e300 * 10', "float('nan')", '-0.0', '2j', "b'xy'", "b'\\xff'", '(1, 2)', '{1, 2}',
    "frozenset({'a'})", 'shapes.LIMIT', 'shapes.NAME', 'shapes.RATIO * 2', 'shapes.LIMIT * 2 + 1',
    "f'{shapes.NAME}-{shapes.LIMIT}'", "f'{shapes.RATIO:.3f}'", 'shapes.FLAGS', 'shapes.FLAGS[0]',
    "shapes.TABLE['y']", 'shapes.TABLE', 'shapes.START', "shapes.BASE / 'x'", 'shapes.BIG', 'shapes.Color.RED',
    'shapes.Color.RED.value', 'shapes.Color.RED.name', 'shapes.Level.HIGH', 'shapes.Size.SMALL', "shapes.Size('l')",
    'shapes.Auto.SECOND', 'shapes.Word.ALPHA', 'shapes.Mixed.NOTHING', 'shapes.Twice.B', 'shapes.Weight.HALF',
    'shapes.Bits.READ', 'shapes.Bits.BOTH', 'shapes.Plain.LIMIT', 'shapes.Plain.Nested.N', "shapes.Color['BLUE']",
    '[shapes.Color.BLUE]', "{'a': shapes.Level.LOW}", 'date(2024, 1, 2)', 'datetime.datetime(2024, 1, 2, 3)',
    'datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)', 'datetime.time(1, 2, 3, 4)',
    'timedelta(hours=3, seconds=1)', 'timedelta(days=-1)', 'timedelta(days=400)', '[timedelta(minutes=5)]',
    "Path('a/b')", "Path('a') / 'b' / 'c.txt'", 'Path()', "str(Path('x') / 'y')", "Decimal('1.50')",
    "uuid.UUID('12345678-1234-5678-1234-567812345678')", "SecretStr('q')", "SecretStr('')", "re.compile('a+')",
    'shapes.Inner(x=1)', 'shapes.Model()', 'shapes.Model(a=2)', 'shapes.Child()', 'shapes.Point(1.5)',
    'shapes.Point(p=1.5, q=[1])', 'shapes.Documented()', 'shapes.Coordinates(1)', 'shapes.Nt(1, 2)', 'shapes.Cat()',
    'shapes.Old()', "shapes.Camel(firstName='a')", 'shapes.Plain', 'shapes.Plain()', 'lambda: 1', 'len', 'print',
    'object()', 'range(3)', 'list(range(3))', "dict(a=1, b='x')", 'tuple([1, 2])', 'sorted({3, 1})', "'a' 'b'",
    "'a' + 'b'", "'-' * 3", "'A'.lower()", "','.join(['a', 'b'])", "'a,b'.split(',')", "'%s-%d' % ('x', 1)",
    "'{}-{n}'.format(1, n=2)", 'not True', '1 if True else 2', "None or 'x'", '1 < 2', "'a' in ['a']", "int('3')",
    'str(5)', 'round(2.5)', 'abs(-3)', 'max(1, 2)', 'min([3, 2])', "len('abc')", 'sum([1, 2])',
    '[x * 2 for x in range(3)]', "{k: 1 for k in 'ab'}", '{x for x in (1, 2)}', "[*shapes.FLAGS, 'c']",
    "{**shapes.TABLE, 'z': 0}", "os.getenv('PREFECTL_NO_SUCH', 'd')", "os.environ.get('PREFECTL_NO_SUCH')",
    '\'é\\n"\'', "r'\\d'", "'''multi\nline'''", "{2: 'x', None: 1}", '{(1, 2): 3}', '{True: 1}', 'unmapped(3)',
    '5 // 2', '7 % 4', '2 ** 8', '1 / 4', '~5', '3 & 1', "'abc'[1:]", '[1, 2, 3][-1]', '(1, 2) + (3,)', '[0] * 3',
    'shapes.forms if False else 1', 'fractions.Fraction(1, 2)', "ipaddress.IPv4Address('1.2.3.4')",
    "zoneinfo.ZoneInfo('UTC')", 'datetime.timezone.utc', '60 * 60 * 24', "'x'.upper().strip()",
    "{'nested': {'deep': [1, {'er': None}]}}", 'bytes(2)', "bool('')", 'float(3)', "os.path.join('a', 'b')",
    "datetime.date.fromisoformat('2024-01-02')", "HttpUrl('http://a.b')", 'shapes.UserId(3)', "f'{1 + 1}'",
    'f\'{"x"!r}\'', "f'{shapes.Color.RED.value}'", "f'{shapes.Size.SMALL}'", "f'{1.0}'", "f'{10:05d}'", 'str(1.0)',
    'logging.INFO', 'os.sep', 'datetime.datetime.min', 'asyncio.Event', 'Field(3, ge=1)',
    "Field(..., description='fd')", "Field(default=None, description='nd')", 'Field(default_factory=list)',
    "Field('x', title='T', examples=['e'])", 'Field()', "Field(2, json_schema_extra={'position': 99, 'hint': 'h'})",
    "Field([], description='')",
]

FIELD_DEFAULTS = ["None", "1", "'x'", "[]", "{}", "shapes.Color.RED", "1.5", "date(2024, 1, 2)"]

FIELDS = [
    "Field(default_factory=list)", "Field(None, description='d')", "Field(..., title='Title')",
    "Field(1, alias='theAlias')", "Field('x', examples=['y'], deprecated=True)", "Field(validation_alias='val')",
    "Field(None, json_schema_extra={'k': 1})", "Field(serialization_alias='ser')", "Field(frozen=True, repr=False)",
]

DATACLASS_DEFAULTS = [
    "None", "1", "field(default_factory=dict)", "field(default='x', metadata={'title': 'T'})", "shapes.Color.RED",
]

# Classes

MODEL_BASES = ["BaseModel", "BaseModel", "BaseModel", "shapes.Model", "shapes.Inner", "pydantic.BaseModel"]

MODEL_OPTIONS = [
    "model_config = ConfigDict(extra='forbid', title='Titled')",
    "model_config = {'populate_by_name': True, 'extra': 'allow'}",
    "model_config = ConfigDict(str_max_length=5)",
    "model_config = ConfigDict(use_enum_values=True, frozen=True)",
    "model_config = ConfigDict(alias_generator=pydantic.alias_generators.to_camel)",
    "model_config = ConfigDict(json_schema_extra={'examples': [{}]}, arbitrary_types_allowed=True)",
    "model_config = ConfigDict(use_attribute_docstrings=True)",
]

METHODS = [
    "@pydantic.model_validator(mode='after')\n    def check(self):\n        return self",
    "@pydantic.computed_field\n    @property\n    def computed(self) -> int:\n        return 1",
    "@pydantic.field_validator('*', mode='before')\n    def check(cls, value):\n        return value",
    "def method(self):\n        return 1",
]

DATACLASS_DECORATORS = ["@dataclass", "@dataclass(slots=True)", "@pydantic.dataclasses.dataclass"]

ENUMERATIONS = [
    ("enum.Enum", ["1", "'x'", "None", "(1, 2)", "1.5", "enum.auto()", "True", "'x'"]),
    ("str, enum.Enum", ["'a'", "'B c'", "enum.auto()"]),
    ("enum.StrEnum", ["'a'", "'B c'", "enum.auto()"]),
    ("enum.IntEnum", ["1", "2", "enum.auto()", "4"]),
    ("enum.Flag", ["1", "2", "enum.auto()", "4"]),
]

# Flows

DECORATORS = [
    "@flow",
    "@flow",
    "@flow()",
    "@prefect.flow",
    "@workflow(name='Named flow')",
    "@flow(name=f'{shapes.NAME}-flow', retries=3)",
    "@flow(description='Described', version='7', log_prints=True)",
    "@flow(name=shapes.NAME, flow_run_name=lambda: 'x', on_failure=[print])",
    "@flow(name='', description=None, timeout_seconds=1.5)",
    "@flow(validate_parameters=False)",
    "@flow(persist_result=True, cache_result_in_memory=False)",
    "@flow(**{'name': 'unpacked'})",
    "@flow(name='-'.join(shapes.FLAGS))",
    "@flow(name=shapes.Size.SMALL.value)",
]

METHOD_DECORATORS = ["@flow", "@staticmethod\n@flow", "@flow\n@staticmethod", "@classmethod\n@flow"]

# Docstrings

SECTIONS = [
    "Args:", "Arguments:", "Parameters:", "Raises:", "Args: x", " Args:", "args:", "Params:", "Keyword Args:",
    "Parameters\n    ----------", "Note:\n        n\n\n    Args:", ":param p0: sphinx", "@param p0: epydoc",
]

ITEMS = [
    "{name}: text", "{name}: text", "{name} (int): typed", "{name} : spaced", "{name}(x): tight", "nocolon",
    "{name} (dict[str, int], optional): a: b", "{name}:", "  more",
]

CONTINUATIONS = ["        continued", "      odd", "", "            deep", "```", "        - item: x"]

ENDINGS = ["", "Returns:", "tail", "\n    Args:\n        p0: last wins", "Example:\n        ```\n        x: y"]

# Projects: statements before the flow that bind FLOW, LIMIT and NAME

FLOW_IMPORTS = [
    "try:\n    from prefect import flow as FLOW\nexcept ImportError:\n    FLOW = None\n",
    "try:\n    from prefect import flow as FLOW\n    READY = True\nexcept Exception:\n    READY = False\n",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    from prefect import flow as FLOW\n",
    "try:\n    import prefect\nexcept ImportError:\n    prefect = None\nif prefect is not None:\n    FLOW = prefect.flow\n",
    "try:\n    import no_such_package\nexcept ImportError:\n    from prefect import flow as FLOW\nelse:\n    FLOW = None\n",
    "import sys\nif sys.version_info < (3, 9):\n    FLOW = None\nelse:\n    from prefect import Flow as FLOW\n",
    "FLOW = prefect.flow\n",
    "FLOW = getattr(prefect, 'flow')\n",
    "from teams import flow as FLOW\n",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    FLOW = None\nelse:\n    from prefect import flow as FLOW\n",
    "try:\n    import prefect as P\nexcept ModuleNotFoundError as error:\n    raise SystemExit(1) from error\nFLOW = P.flow\n",
    "try:\n    from prefect import flow as FLOW\nexcept ImportError:\n    def FLOW(fn=None, **options):\n        return fn or FLOW\n",
    "import importlib\nFLOW = importlib.import_module('prefect').flow\n",
]

CONSTANTS = [
    "LIMIT, NAME = 1, 'one'\n",
    "import sys\nif sys.platform == 'win32':\n    LIMIT, NAME = 1, 'a'\nelse:\n    LIMIT, NAME = 2, 'b'\n",
    "import sys\nif sys.version_info >= (3, 10) and os.name == 'posix':\n    LIMIT = 3\nelse:\n    LIMIT = 4\nNAME = f'n{LIMIT}'\n",
    "import sys\nif sys.version_info[:2] >= (3, 13):\n    LIMIT = 3\nelse:\n    LIMIT = 4\nNAME = 'c'\n",
    "try:\n    from no_such_package import LIMIT\nexcept ImportError:\n    LIMIT = 5\nNAME = 'd'\n",
    "try:\n    LIMIT = int('12')\nexcept ValueError:\n    LIMIT = 6\nNAME = 'e'\n",
    "try:\n    LIMIT = int('x')\nexcept ValueError:\n    LIMIT = 6\nNAME = 'e'\n",
    "LIMIT = 1\nLIMIT += 2\nNAME = 'f'\nNAME += '-g'\n",
    "LIMIT = 1\nif os.environ.get('NOT_SET', 'no') == 'no':\n    LIMIT = 8\nNAME = 'h'\n",
    "LIMIT = 1\nif os.getpid() > 0:\n    LIMIT = 9\nNAME = 'i'\n",
    "import sys\nsys.path.insert(0, str(Path(__file__).resolve().parent / 'roots'))\nfrom rooted.consts import LIMIT, NAME\n",
    "import sys\nsys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'roots'))\nfrom rooted.consts import *\n",
    "with open(os.devnull) as file:\n    LIMIT = 11\nNAME = 'j'\n",
    "for LIMIT in (1, 2):\n    pass\nNAME = 'k'\n",
    "LIMIT = 3\ndef change():\n    global LIMIT\n    LIMIT = 4\nNAME = 'l'\nchange()\n",
    "NAME = Path(__file__).stem\nLIMIT = len(NAME) > 3\n",
    "import sys\nsys.path[:0] = [os.path.join(os.path.dirname(__file__), 'roots')]\nfrom rooted import consts\nLIMIT, NAME = consts.LIMIT, consts.NAME\n",
    "import sys\nROOT = Path(__file__).parent.joinpath('roots')\nif str(ROOT) not in sys.path:\n    sys.path.insert(0, os.fspath(ROOT))\nfrom rooted.consts import LIMIT, NAME\n",
    "match 3:\n    case 1:\n        LIMIT = 1\n    case _:\n        LIMIT = 2\nNAME = 'm'\n",
    "LIMIT, *_ = [4, 5]\n(NAME := 'n')\n",
    "while True:\n    LIMIT = 6\n    break\nNAME = 'o'\n",
    "NAME = 'p'\nif not hasattr(os, 'no_such'):\n    LIMIT = 5\nelse:\n    LIMIT = 6\n",
    "from typing import TYPE_CHECKING\nLIMIT, NAME = (1, 'a') if TYPE_CHECKING else (2, 'b')\n",
    "try:\n    LIMIT = 1\nfinally:\n    LIMIT = 2\nNAME = 'q'\n",
    "class Settings:\n    LIMIT = 4\n    NAME = 'r'\nLIMIT, NAME = Settings.LIMIT, Settings.NAME\n",
    "import sys\nLIMIT = 64 if sys.maxsize > 2**32 else 32\nNAME = 's'\n",
    "extra = 1\ndel extra\ntry:\n    extra\nexcept NameError:\n    LIMIT, NAME = 3, 't'\n",
]

TEAM_DECORATORS = [
    '@teams.flow', "@teams.flow(name='common')", '@teams.team_flow', '@teams.team_flow()',
    '@teams.team_flow(name=NAME)', '@teams.retrying', "@teams.retrying(name='r', description='d')", '@teams.fixed',
    "@teams.named('p')", "@teams.named('p', NAME, suffix='S')", "@teams.named('p', keep=False)", '@teams.optional',
    "@teams.optional(name='o', extra=1)", '@teams.optional(version=None)', "@teams.Registry('t')",
    "@teams.Registry('t', version='v2')", '@teams.Special(NAME)', '@teams.registry', '@teams.registry.flow()',
    "@teams.registry.flow('m', description='dd')", '@teams.uncertain', '@teams.renamed', '@FLOW', "@FLOW(name='F')",
    '@FLOW(name=NAME)', '@prefect.flow(name=NAME)', '@Flow', '@functools.partial(FLOW, version="9")',
]

FACTORIES = [
    'my_flow = teams.make()\n', 'my_flow = teams.make(LIMIT, NAME)\n', "my_flow = teams.make(label='x' + NAME)\n",
    'def inner(a: int = LIMIT, *args: str): ...\nmy_flow = FLOW(inner)\n',
    "def inner(a: int = LIMIT): ...\nmy_flow = Flow(fn=inner, name=NAME)\n",
    "def inner(a: int = LIMIT): ...\nmy_flow = Flow(inner, 'positional', '3')\n",
    "@FLOW\ndef my_flow(a: int = LIMIT): ...\nif LIMIT:\n    my_flow = my_flow.with_options(name=NAME + '-again')\n",
    "if LIMIT == 2:\n    @FLOW\n    def my_flow(a: int = 2): ...\nelse:\n    @FLOW(name='other')\n    def my_flow(b: str = NAME): ...\n",
    "try:\n    @FLOW\n    def my_flow(a: int = LIMIT): ...\nexcept ImportError:\n    def my_flow(a: int = LIMIT): ...\n",
    "def build(fn, **options):\n    options['name'] = options.get('name', fn.__name__ + '!')\n    return FLOW(**options)(fn)\ndef inner(a: int = LIMIT): ...\nmy_flow = build(inner, version='5')\n",
    "my_flow = (lambda fn: FLOW(fn, name='by-lambda'))(lambda_free := None) if False else FLOW(teams.make, name='made')\n",
    "def build(limit):\n    if limit > 2:\n        @FLOW(name='big')\n        def it(a: int = limit): ...\n    else:\n        @FLOW(name='small')\n        def it(b: int = limit): ...\n    return it\nmy_flow = build(LIMIT)\n",
    "flows = {}\nfor key in ('a', 'b'):\n    @FLOW(name=key)\n    def it(a: str = key): ...\n    flows[key] = it\nmy_flow = flows['a']\n",
    "class Base:\n    label = 'base'\n    @classmethod\n    def make(cls):\n        return FLOW(name=cls.label)(cls.run)\n    @staticmethod\n    def run(a: int = LIMIT): ...\nclass Child(Base):\n    label = 'child'\nmy_flow = Child.make()\n",
    "def once(fn):\n    store = []\n    def get(*args):\n        if not store:\n            store.append(fn(*args))\n        return store[0]\n    return get\n@once\ndef build():\n    @FLOW\n    def inner(a: str = NAME): ...\n    return inner\nmy_flow = build()\n",
    "@FLOW\n@functools.lru_cache\ndef my_flow(a: int = LIMIT): ...\n",
    "def my_flow(a: int = LIMIT): ...\nmy_flow = FLOW(my_flow)\nmy_flow.name = 'changed'\n",
    "def my_flow(a: int = LIMIT): ...\nglobals()['my_flow'] = FLOW(name='global')(my_flow)\n",
    "def my_flow(a: int = LIMIT): ...\nmy_flow.__doc__ = 'Late.'\nmy_flow = FLOW(my_flow)\n",
    "def my_flow(a: int = LIMIT): ...\nmy_flow.__defaults__ = (99,)\nmy_flow = FLOW(my_flow)\n",
    "@FLOW\ndef my_flow(a: int = LIMIT): ...\n@FLOW(name='second')\ndef my_flow(b: str = NAME): ...\n",
    "@FLOW\ndef my_flow(a: int = LIMIT): ...\nother = my_flow\ndel my_flow\nmy_flow = other\n",
]
