"""Calls the Python function of a step. Reads the call from one file and writes the result to another.

Stdout and stderr are left to the function. Requires Python 3.8 or later, and no packages.
"""

import asyncio
import dataclasses
import datetime
import decimal
import enum
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import math
import os
import re
import subprocess
import sysconfig
import traceback
import uuid

# Integrations of Prefect are installed as extras of the `prefect` package.
EXTRAS = {"prefect-" + name: "prefect[" + name + "]" for name in ("aws", "azure", "docker", "gcp", "kubernetes")}


class Failure(Exception):
    """A failure of a known kind, which prefectl explains to the user."""

    def __init__(self, kind, message, cause=None, **more):
        super().__init__(message)
        self.answer = {"kind": kind, "message": message, "frames": frames(cause), **more}


def main():
    request_path, answer_path = sys.argv[1:]
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    os.unlink(request_path)  # may contain secrets
    restore_user_path(os.getcwd())  # noqa: F821 - from prelude.py
    before = dict(os.environ)
    try:
        function = find(request["name"], request["requires"])
        answer = {"result": outputs(call(function, request["inputs"]))}
        answer["directory"] = os.getcwd()
        names = before.keys() | os.environ.keys()
        changed = {name: os.environ.get(name) for name in names if before.get(name) != os.environ.get(name)}
        answer["variables"] = {name: value for name, value in changed.items() if is_text(name) and is_text(value or "")}
    except Failure as failure:
        answer = {"failure": failure.answer}
    except SystemExit as exit:
        message = f"the function exited Python with {exit}"
        answer = {"failure": {"kind": "raised", "message": message, "frames": frames(exit)}}
    except BaseException as error:
        answer = {"failure": {"kind": "raised", "message": described(error), "frames": frames(error)}}
    # File names and variables can contain bytes that are not UTF-8.
    text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    with open(os.open(answer_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def is_text(text):
    return portable_text(text) == text


def find(name, requires):
    """Returns the function. Installs missing requirements first."""
    if all(map(is_installed, requires)):
        try:
            return load(name)
        except ImportError as error:
            if not requires:
                raise absent(name, error)
    install(name, requires)
    importlib.invalidate_caches()
    try:
        return load(name)
    except ImportError as error:
        raise absent(name, error)


def load(name):
    if ".py:" in name:
        path, _, attributes = name.rpartition(":")
        module = load_script(path)
    else:
        module_name, separator, attributes = name.rpartition(":" if ":" in name else ".")
        if not separator:
            raise Failure("missing", "the name of a step must be a full path, such as module.function")
        module = importlib.import_module(module_name)
    found = module
    for part in attributes.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            raise Failure("function", f"module '{module.__name__}' has no function '{attributes}'", known=known)
    if not callable(found):
        raise Failure("function", f"'{attributes}' in module '{module.__name__}' is not a function", known=[])
    return found


def load_script(path):
    if not os.path.isfile(path):
        raise Failure("missing", f"the file {path} does not exist")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("__prefectl_step__", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def absent(name, error):
    """Returns the failure for an import error in the step itself or in a module that it imports."""
    missing = getattr(error, "name", None) or ""
    module = re.split(r"[:]", name)[0]
    is_own = isinstance(error, ModuleNotFoundError) and (module == missing or module.startswith(missing + "."))
    return Failure("missing" if is_own else "import", described(error), error, missing=missing)


def is_installed(requirement):
    name = re.split(r"[\[<>=!~;@ ]", requirement.strip())[0]
    if importlib.util.find_spec(name.replace("-", "_").split(".")[0]) is not None:
        return True
    try:  # a package whose module has another name
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def install(name, requires):
    print(f"Installing {', '.join(requires)} for {name}", flush=True)
    packages = [EXTRAS.get(package, package) for package in requires]
    try:
        version = importlib.metadata.version("prefect")
        if "+" not in version:
            packages.insert(0, "prefect==" + version)
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        installer = [importlib.import_module("uv").find_uv_bin(), "pip", "install", "--python", sys.executable]
    except (ImportError, FileNotFoundError):
        installer = [sys.executable, "-m", "pip", "install"]
    code = subprocess.call(installer + packages, env=without_api_credentials())
    if code != 0:
        print(f"the installation failed with exit code {code}", file=sys.stderr, flush=True)


def without_api_credentials():
    """Returns the environment for installing packages, which may run the setup scripts of dependencies."""
    credentials = {"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"}
    return {name: value for name, value in os.environ.items() if name.upper() not in credentials}


def call(function, inputs):
    try:
        inspect.signature(function).bind(**inputs)
    except TypeError as error:
        raise wrong_inputs(function, inputs, error)
    except ValueError:
        pass  # a C function without a signature
    result = function(**inputs)
    return asyncio.run(awaited(result)) if inspect.isawaitable(result) else result


async def awaited(result):
    return await result


def wrong_inputs(function, inputs, error):
    parameters = inspect.signature(function).parameters.values()
    takes = [each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    unknown = [name for name in inputs if name not in takes]
    message = f"{error}; it takes {', '.join(takes) or 'nothing'}"
    return Failure("inputs", message, input=unknown[0] if unknown else None)


def outputs(result):
    """Returns the items of a dictionary as JSON values, and a note for each value that was changed or lost."""
    if not isinstance(result, dict):
        return None
    kept, notes = {}, []
    for key, value in result.items():
        name = portable_text(str(key))
        changes = set()
        try:
            kept[name] = portable(value, changes, 0)
        except Exception as error:
            reason = str(error) if isinstance(error, Lost) else f"{type(value).__name__}: {described(error)}"
            notes.append([name, "lost", reason])
        notes.extend([name, "changed", change] for change in sorted(changes))
    return {"outputs": kept, "notes": notes}


class Lost(Exception):
    """A value cannot be represented in JSON."""


# prefectl cannot parse values that are nested more deeply.
DEPTH_LIMIT = 100


def portable(value, changes, depth):
    """Converts a value to the types of JSON, within the limits of prefectl."""
    if depth > DEPTH_LIMIT:
        raise Lost(f"the value is nested more than {DEPTH_LIMIT} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = portable_text(str(value))
        if text != value:
            changes.add("characters that are not valid Unicode became '?'")
        return text
    if isinstance(value, enum.Enum):
        return portable(value.value, changes, depth + 1)
    if isinstance(value, int):
        if -(2**63) <= value < 2**64:
            return int(value)
        changes.add("an integer beyond 64 bits became a string")
        return str(int(value)) if value.bit_length() < 10000 else hex(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        changes.add(f"the number {value} became a string")
        return str(float(value))
    if isinstance(value, dict):
        return {portable_key(key): portable(item, changes, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable(item, changes, depth + 1) for item in value]
    return portable(plain(value), changes, depth + 1)


def portable_text(text):
    return text.encode("utf-8", "replace").decode()


def portable_key(key):
    if isinstance(key, str):
        return portable_text(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.loads(json.dumps({key: 0}).partition(":")[0].lstrip("{"))
    raise Lost(f"JSON has no keys of type {type(key).__name__}")


def plain(value):
    """Converts a value of a type that JSON does not have to a simpler type."""
    if isinstance(value, (os.PathLike, uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise Lost(f"JSON cannot represent a value of type {type(value).__name__}")


def described(error):
    try:
        message = str(error)
    except Exception:
        message = "the message of the exception cannot be printed"
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text if cause is None or isinstance(cause, Failure) else f"{text}\n  caused by {described(cause)}"


def frames(error):
    """Returns the traceback entries in the user's own files, or the last three entries if there are none."""
    entries = [entry for entry in traceback.extract_tb(getattr(error, "__traceback__", None))
               if not entry.filename.startswith("<")]
    own = [entry for entry in entries if is_own(entry.filename)]
    here = os.getcwd() + os.sep
    return [
        {"file": entry.filename[len(here):] if entry.filename.startswith(here) else entry.filename,
         "line": entry.lineno, "function": entry.name, "code": entry.line or ""}
        for entry in own or entries[-3:]
    ]


def is_own(filename):
    paths = sysconfig.get_paths()
    installed = [paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib") if kind in paths]
    return not any(os.path.abspath(filename).startswith(folder + os.sep) for folder in installed)


main()
