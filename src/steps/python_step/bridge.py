"""Calls the Python function of a step: reads what to call from one file and writes what came of it to another.

What the function prints goes where it always goes. Runs on every Python from 3.8 on, with nothing installed.
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
import os
import re
import subprocess
import sysconfig
import traceback
import uuid

# Prefect's own name for these packages, as it installs them.
EXTRAS = {"prefect-" + name: "prefect[" + name + "]" for name in ("aws", "azure", "docker", "gcp", "kubernetes")}


class Failure(Exception):
    """An end that has a kind: what the program that started us tells users about it."""

    def __init__(self, kind, message, cause=None, **more):
        super().__init__(message)
        self.answer = {"kind": kind, "message": message, "frames": frames(cause), **more}


def main():
    request_path, answer_path = sys.argv[1:]
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    os.unlink(request_path)  # it may hold secrets
    restore_user_path(os.getcwd())  # noqa: F821 - from prelude.py
    before = dict(os.environ)
    try:
        function = find(request["name"], request["requires"])
        answer = {"result": outputs(call(function, request["inputs"]))}
        answer["directory"] = os.getcwd()
        names = before.keys() | os.environ.keys()
        answer["variables"] = {name: os.environ.get(name) for name in names if before.get(name) != os.environ.get(name)}
    except Failure as failure:
        answer = {"failure": failure.answer}
    except SystemExit as exit:
        answer = {"failure": {"kind": "raised", "message": f"it ended Python with {exit}", "frames": frames(exit)}}
    except Exception as error:
        answer = {"failure": {"kind": "raised", "message": described(error), "frames": frames(error)}}
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answer, file)


def find(name, requires):
    """The function, after an installation of what it requires where that is missing."""
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
            raise Failure("missing", "a step is named by its full path, such as module.function")
        module = importlib.import_module(module_name)
    found = module
    for part in attributes.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            raise Failure("function", f"there is no '{attributes}' in {module.__name__}", known=known)
    if not callable(found):
        raise Failure("function", f"'{attributes}' in {module.__name__} is no function", known=[])
    return found


def load_script(path):
    if not os.path.isfile(path):
        raise Failure("missing", f"there is no file {path}")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("__prefectl_step__", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def absent(name, error):
    """An import that failed: of the step itself, or of something that its module needs."""
    missing = getattr(error, "name", None) or ""
    module = re.split(r"[:]", name)[0]
    is_own = isinstance(error, ModuleNotFoundError) and (module == missing or module.startswith(missing + "."))
    return Failure("missing" if is_own else "import", described(error), error, missing=missing)


def is_installed(requirement):
    name = re.split(r"[\[<>=!~;@ ]", requirement.strip())[0]
    if importlib.util.find_spec(name.replace("-", "_").split(".")[0]) is not None:
        return True
    try:  # a package whose module is called otherwise
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
        print(f"the installation ended with exit code {code}", file=sys.stderr, flush=True)


def without_api_credentials():
    """The environment for installations, which run the setup scripts of every dependency."""
    credentials = {"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"}
    return {name: value for name, value in os.environ.items() if name.upper() not in credentials}


def call(function, inputs):
    try:
        inspect.signature(function).bind(**inputs)
    except TypeError as error:
        raise wrong_inputs(function, inputs, error)
    except ValueError:
        pass  # a function of C that does not say what it takes
    result = function(**inputs)
    return asyncio.run(awaited(result)) if inspect.isawaitable(result) else result


async def awaited(result):
    return await result


def wrong_inputs(function, inputs, error):
    parameters = inspect.signature(function).parameters.values()
    takes = [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    unknown = [name for name in inputs if name not in takes]
    message = f"{error}; it takes {', '.join(takes) or 'nothing'}"
    return Failure("inputs", message, input=unknown[0] if unknown else None)


def outputs(result):
    """What templates can use of a result: the items of a dictionary that JSON can tell."""
    if not isinstance(result, dict):
        return None
    kept, lost = {}, {}
    for key, value in result.items():
        try:
            kept[str(key)] = json.loads(json.dumps(value, default=plain, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            lost[str(key)] = type(value).__name__
    return {"outputs": kept, "lost": lost}


def plain(value):
    """What stands for a value that JSON does not have."""
    if isinstance(value, (os.PathLike, uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(type(value).__name__)


def described(error):
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text if cause is None or isinstance(cause, Failure) else f"{text}\n  caused by {described(cause)}"


def frames(error):
    """Where it went wrong in the user's own files, or else the last steps into somebody else's."""
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
