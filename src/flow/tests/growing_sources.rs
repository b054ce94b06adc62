//! Random sources whose values, types and classes grow. Reading them must end quickly and with little memory.

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::hostile_sources::read;
use crate::test_limits;

/// Maximum number of repetitions for constructs that grow linearly.
const LONG: usize = 20_000;

/// Maximum number of levels for constructs that double at each level.
const DEEP: usize = 80;

/// Definitions, with an annotation and a default value that may use them.
#[derive(Debug, Clone)]
struct Source {
    before: String,
    annotation: String,
    default: String,
}

/// A definition of `NAME`. It may refer to `OTHER`, the previous definition.
type Definition = String;

/// Repeats a line. `@` is replaced by the level's number, and `<` by the previous level's number.
fn levels(count: usize, line: &str) -> String {
    (1..=count).map(|at| line.replace('@', &at.to_string()).replace('<', &(at - 1).to_string())).collect()
}

fn items(count: usize, item: &str, separator: &str) -> String {
    (0..count).map(|at| item.replace('@', &at.to_string())).collect::<Vec<_>>().join(separator)
}

/// Pairs of lines: the line for level 0, and the line that builds each further level on the level below.
const DOUBLING: &[(&str, &str)] = &[
    ("NAME0 = OTHER\n", "NAME@ = dict[NAME<, NAME<]\n"),
    ("NAME0 = OTHER\n", "NAME@ = Union[NAME<, list[NAME<]]\n"),
    ("NAME0 = OTHER\n", "NAME@ = tuple[NAME<, NAME<]\n"),
    ("NAME0 = OTHER\n", "NAME@ = Optional[Annotated[NAME<, NAME<]]\n"),
    ("NAME0 = OTHER\n", "NAME@ = NAME< | NAME<\n"),
    ("type NAME0 = OTHER\n", "type NAME@ = dict[str, NAME<] | NAME<\n"),
    ("NAME0 = [1]\n", "NAME@ = [NAME<, NAME<]\n"),
    ("NAME0 = [1]\n", "NAME@ = [*NAME<, *NAME<]\n"),
    ("NAME0 = {'a': 1}\n", "NAME@ = {'a': NAME<, 'b': NAME<}\n"),
    ("NAME0 = 'ab'\n", "NAME@ = f'{NAME<}{NAME<}'\n"),
    ("NAME0 = 'ab'\n", "NAME@ = NAME< + NAME<\n"),
    ("NAME0 = 'ab'\n", "NAME@ = NAME<.replace('a', NAME<)\n"),
    ("NAME0 = 2\n", "NAME@ = NAME< * NAME<\n"),
    ("NAME0 = 2\n", "NAME@ = NAME< ** NAME<\n"),
    ("NAME0 = 2\n", "NAME@ = 1 << NAME<\n"),
    ("def NAME0(): return 1\n", "def NAME@(): return [NAME<(), NAME<()]\n"),
    ("NAME0 = lambda: 1\n", "NAME@ = lambda: NAME<() + NAME<()\n"),
    ("class NAME0: pass\nclass C0: pass\n", "class NAME@(NAME<, C<): pass\nclass C@(NAME<, C<): pass\n"),
    (
        "class NAME0(BaseModel): pass\n",
        "class NAME@(NAME<):\n    a@: NAME< = None\n    b@: list[NAME<] = []\n",
    ),
    ("class NAME0(BaseModel): pass\n", "class NAME@(BaseModel):\n    a: NAME<\n    b: NAME<\n"),
    ("class NAME0(TypedDict): pass\n", "class NAME@(TypedDict):\n    a: NAME<\n    b: NAME<\n"),
    ("@dataclass\nclass NAME0: pass\n", "@dataclass\nclass NAME@:\n    a: NAME<\n    b: NAME<\n"),
    ("T = TypeVar('T')\nclass NAME0(Generic[T]): pass\n", "class NAME@(NAME<[T], Generic[T]): pass\n"),
];

fn doubling() -> impl Strategy<Value = Definition> {
    (select(DOUBLING), 0..DEEP)
        .prop_map(|((first, line), depth)| format!("{first}{}NAME = NAME{depth}\n", levels(depth, line)))
}

/// Long constructs: prefix, repeated text, separator and suffix.
const LINEAR: &[[&str; 4]] = &[
    ["NAME = Literal[", "'v@'", ", ", "]\n"],
    ["NAME = Literal[", "@", ", ", ", OTHER]\n"],
    ["NAME = Union[", "list[Literal[@]]", ", ", "]\n"],
    ["class NAME(enum.Enum):\n    ", "a@ = @", "\n    ", "\n"],
    ["class NAME(enum.Enum):\n    ", "a@ = 0", "\n    ", "\n"],
    ["class NAME(str, enum.Enum):\n    ", "a@ = enum.auto()", "\n    ", "\n"],
    ["class NAME(enum.Flag):\n    ", "a@ = 1 << @", "\n    ", "\n"],
    ["class NAME(BaseModel):\n    ", "a@: int = @", "\n    ", "\n"],
    ["class NAME(BaseModel):\n    ", "a: OTHER = None", "\n    ", "\n"],
    ["NAME = 1", " + @", "", "\n"],
    ["NAME = OTHER", ".a@", "", "\n"],
    ["NAME = OTHER", "()", "", "\n"],
    ["NAME = OTHER", "[0]", "", "\n"],
    ["NAME = ", "not ", "", "1\n"],
    ["NAME = ", "lambda a@: ", "", "1\n"],
    ["NAME = ", "1 if @ else ", "", "1\n"],
    ["NAME = [", "OTHER", ", ", "]\n"],
    ["NAME = {", "'k@': OTHER", ", ", "}\n"],
    ["NAME = 0\n", "NAME = NAME + @\n", "", ""],
    ["NAME = 0\n", "NAME += 1\n", "", ""],
    ["NAME = OTHER\n", "NAME = list[NAME]\n", "", ""],
    ["NAME = 0\nif OTHER:\n    NAME = 0\n", "elif OTHER == @:\n    NAME = @\n", "", ""],
    ["NAME = 0\n", "try:\n    NAME = @\nexcept OTHER:\n    pass\n", "", ""],
    ["class NAME: pass\n", "class NAME(NAME): pass\n", "", ""],
    ["", "class B@: pass\n", "", "NAME = B0\n"],
    ["def NAME(f): return f\n", "NAME = OTHER(NAME)\n", "", ""],
];

fn linear() -> impl Strategy<Value = Definition> {
    (select(LINEAR), 1..LONG).prop_map(|([start, item, separator, end], count)| {
        format!("{start}{}{end}", items(count, item, separator))
    })
}

/// Short expressions with large results.
const LARGE: &[&str] = &[
    "NAME = 'ab' * 10 ** 9\n",
    "NAME = [OTHER] * 10 ** 9\n",
    "NAME = list(range(10 ** 9))\n",
    "NAME = [a for a in range(10 ** 5) for b in range(10 ** 5)]\n",
    "NAME = {a: OTHER for a in range(10 ** 8)}\n",
    "NAME = 'a'.join(['b'] * 10 ** 8)\n",
    "NAME = '{:999999999}'.format(OTHER)\n",
    "NAME = '%999999999d' % 1\n",
    "NAME = 'a'.center(10 ** 9)\n",
    "NAME = b'a'.zfill(10 ** 9)\n",
    "NAME = str(OTHER) * 10 ** 6\n",
    "NAME = Literal['a' * 10 ** 8]\n",
    "def NAME(): return NAME() + NAME()\n",
    "NAME = Annotated[OTHER, Field(max_length=10 ** 4000)]\n",
];

fn source() -> impl Strategy<Value = Source> {
    const USES: [&str; 7] =
        ["NAME", "list[NAME]", "dict[str, NAME]", "NAME | None", "'NAME'", "NAME.a", "int"];
    const VALUES: [&str; 7] = ["NAME", "NAME()", "[NAME]", "None", "NAME.a0", "'a' * 10 ** 9", "list(NAME)"];
    let definition = prop_oneof![3 => doubling(), 3 => linear(), 1 => select(LARGE).prop_map(str::to_owned)];
    (vec(definition, 1..4), select(&USES[..]), select(&VALUES[..])).prop_map(|(definitions, annotation, default)| {
        let imports = "import enum\nfrom dataclasses import dataclass\nfrom typing import *\nfrom pydantic import BaseModel, Field\n";
        let mut before = imports.to_owned();
        let mut other = "int".to_owned();
        for (number, definition) in definitions.iter().enumerate() {
            let name = format!("N{number}_");
            before += &definition.replace("NAME", &name).replace("OTHER", &other);
            other = name;
        }
        let named = |text: &str| text.replace("NAME", &other);
        Source { annotation: named(annotation), default: named(default), before }
    })
}

#[test]
fn growing_sources_are_bounded() {
    let check = |source: Source| {
        test_limits::within_limits(|| drop(read(&source.before, &source.annotation, &source.default)));
        Ok(())
    };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new(config).run(&source(), check).unwrap();
}
