"""Generates random flows from a grammar: annotations, defaults, docstrings, decorators, classes and project layouts.

    generate.py FOLDER COUNT SEED

Writes `flow_0.py`, `flow_1.py`, ... with one flow each and the modules that they import. Prints the entrypoints. The
same seed gives the same flows.
"""

import random
import shutil
import sys
from pathlib import Path

import vocabulary as words

HERE = Path(__file__).parent

PLAIN_DECORATOR = '''

def plain(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
'''


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice
        self.postponed = self.chance(0.25)
        # Pydantic rejects some types in fields of classes, and then the whole flow.
        self.in_class = False
        self.local = []

    def chance(self, probability):
        return self.random.random() < probability

    # Annotations

    def leaf(self):
        if self.local and self.chance(0.12):
            return self.pick(self.local)
        if self.in_class:
            return self.pick(words.IN_CLASSES if self.chance(0.7) else words.SHAPES_IN_CLASSES)
        kind = self.random.random()
        if kind < 0.5:
            return self.pick(words.COMMON)
        if kind < 0.75:
            return self.pick(words.RARE)
        return self.pick(words.SHAPES)

    def annotation(self, depth=0):
        if depth > 2 or self.chance(0.42):
            return self.leaf()
        inner = lambda: self.annotation(depth + 1)
        make = self.pick(words.GENERICS_IN_CLASSES if self.in_class else words.GENERICS)
        return make(inner, self.pick)

    def written_annotation(self):
        """Returns an annotation, sometimes quoted."""
        annotation = self.annotation()
        if self.chance(0.03):
            annotation = f"{self.pick(words.QUALIFIERS)}[{annotation}]"
        if not self.postponed and self.chance(0.05):
            return repr(annotation)
        return annotation

    # Classes

    def a_class(self, index):
        name = f"{self.pick(['Local', 'Some_Class', 'HTTPThing'])}{index}"
        self.in_class = True
        make = self.pick(
            [self.model, self.model, self.model, self.dataclass, self.typed_dict, self.named_tuple, self.enumeration]
        )
        lines = make(name)
        self.in_class = False
        self.local.append(name)
        if self.chance(0.3):
            lines.insert(1 + lines[0].startswith("@"), '    """Documented.\n\n    More.\n    """')
        return "\n\n" + "\n".join(lines) + "\n"

    def fields(self, prefixes, value):
        count = self.random.randint(1, 4)
        return [f"    {self.pick(prefixes)}_{index}: {self.annotation()}{value()}" for index in range(count)]

    def model(self, name):
        lines = [f"class {name}({self.pick(words.MODEL_BASES)}):"]
        if self.chance(0.5):
            lines.append("    " + self.pick(words.MODEL_OPTIONS))
        lines += self.fields(["size", "some_name", "camelCase", "HTTPValue2x"], self.field_value)
        if self.chance(0.2):
            lines.append("    " + self.pick(words.METHODS))
        return lines

    def field_value(self):
        kind = self.random.random()
        if kind < 0.3:
            return ""
        if kind < 0.6:
            return " = " + self.pick(words.FIELD_DEFAULTS)
        return " = " + self.pick(words.FIELDS if kind < 0.85 else words.DEFAULTS)

    def dataclass(self, name):
        fields = self.fields(["field"], lambda: " = " + self.pick(words.DATACLASS_DEFAULTS))
        return [self.pick(words.DATACLASS_DECORATORS), f"class {name}:", *fields]

    def typed_dict(self, name):
        head = f"class {name}(TypedDict{self.pick(['', ', total=False'])}):"
        return [head, *self.fields(["key"], lambda: "")]

    def named_tuple(self, name):
        return [f"class {name}(NamedTuple):", *self.fields(["item"], lambda: "")]

    def enumeration(self, name):
        base, values = self.pick(words.ENUMERATIONS)
        count = self.random.randint(1, 4)
        return [f"class {name}({base}):"] + [f"    MEMBER_{index} = {self.pick(values)}" for index in range(count)]

    # The flow

    def parameters(self, count, is_method):
        parameters = ["self"] if is_method else []
        positional_only = self.random.randrange(count) if count and self.chance(0.08) else None
        is_keyword_only = has_default = False
        for index in range(count):
            if not is_keyword_only and self.chance(0.12):
                parameters.append(self.pick(["*", "*args", "*args: int", "*args: list[shapes.Inner]"]))
                is_keyword_only, has_default = True, False
            parameter = f"p{index}"
            if self.chance(0.88):
                parameter += ": " + self.written_annotation()
            if (has_default and not is_keyword_only) or self.chance(0.5):
                parameter += " = " + self.pick(words.DEFAULTS)
                has_default = True
            parameters.append(parameter)
            if index == positional_only and not is_keyword_only:
                parameters.append("/")
        if parameters[-1:] == ["*"]:
            parameters.pop()
        if self.chance(0.05):
            parameters.append(self.pick(["**kwargs", "**kwargs: str"]))
        return ", ".join(parameters)

    def docstring(self, count):
        lines = [self.pick(["Sum.", "", "Sum: of it"]), "", self.pick(words.SECTIONS)]
        for index in range(count + 1):
            lines.append("    " + self.pick(words.ITEMS).format(name=f"p{index}"))
            if self.chance(0.3):
                lines.append(self.pick(words.CONTINUATIONS))
        if self.chance(0.3):
            lines += [self.pick(words.ENDINGS), "    z: q"]
        quotes = self.pick(['"""', "'''", 'r"""'])
        return f"    {quotes}" + "\n    ".join(lines) + f"\n    {quotes.lstrip('r')}\n"

    def function(self, in_class):
        decorators = self.pick(words.METHOD_DECORATORS if in_class else words.DECORATORS)
        if not in_class and self.chance(0.07):
            decorators += "\n@plain"
        count = self.random.randrange(6)
        parameters = self.parameters(count, in_class and "staticmethod" not in decorators)
        returns = f" -> {self.written_annotation()}" if self.chance(0.2) else ""
        docstring = self.docstring(count) if self.chance(0.4) else ""
        define = self.pick(["def", "def", "def", "async def"])
        return f"{decorators}\n{define} my_flow({parameters}){returns}:\n{docstring}    return None\n"

    def project(self):
        """Returns statements that bind FLOW, LIMIT and NAME."""
        return "import teams\n" + self.pick(words.FLOW_IMPORTS) + self.pick(words.CONSTANTS)

    def project_flow(self):
        """Returns a flow made by a decorator or a factory of the project."""
        if self.chance(0.35):
            return self.pick(words.FACTORIES)
        decorator = self.pick(words.TEAM_DECORATORS)
        count = self.random.randrange(3)
        parameters = [parameter for parameter in [self.parameters(count, False)] if parameter]
        if parameters and not any(mark in parameters[0] for mark in "*/"):
            parameters.append("*, limit: int = LIMIT")
        docstring = self.docstring(count) if self.chance(0.4) else ""
        return f"{decorator}\ndef my_flow({', '.join(parameters)}):\n{docstring}    return None\n"

    def flow(self):
        """Returns the text of a file and the last part of its entrypoint."""
        text = "from __future__ import annotations\n" if self.postponed else ""
        text += words.IMPORTS
        text += "from shapes import *\n" if self.chance(0.3) else ""
        text += "".join(self.a_class(index) for index in range(self.random.randrange(3)))
        text += PLAIN_DECORATOR
        if self.chance(0.3):
            return f"{text}\n\n{self.project()}\n{self.project_flow()}", "my_flow"
        in_class = self.chance(0.08)
        function = self.function(in_class)
        if not in_class:
            return f"{text}\n\n{function}", "my_flow"
        indented = "".join(f"    {line}" for line in function.splitlines(keepends=True))
        return f"{text}\n\nclass Flows:\n{indented}", "Flows.my_flow"


def main():
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for module in ("shapes.py", "teams.py"):
        shutil.copy(HERE / module, folder)
    shutil.copytree(HERE / "roots", folder / "roots")
    for index in range(count):
        text, name = Writer(f"{seed}/{index}").flow()
        (folder / f"flow_{index}.py").write_text(text, encoding="utf-8")
        print(f"flow_{index}.py:{name}")


if __name__ == "__main__":
    main()
