"""Records what importing flows gives, with a Python that has the pinned Prefect.

    python tests/data/flows/record.py CLASS NAME...

records `NAME.py`, whose first line is `# entrypoint: ...`, in `expected.json`. CLASS says how it can be known: 1 and 1x
from the file, 2 with the project's imports, 3 by running it, E if Prefect refuses it.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ.update(DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
warnings.simplefilter("ignore")
FOLDER = Path(__file__).parent
EXPECTED = FOLDER / "expected.json"


def record(name):
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    first = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()[0]
    case = {"class": sys.argv[1], "entrypoint": first.removeprefix("# entrypoint: ")}
    try:
        flow = load_flow_from_entrypoint(case["entrypoint"], use_placeholder_flow=False)
    except Exception as error:
        return {**case, "result_error": f"{type(error).__name__}: {error}"}
    schema = parameter_schema(flow).model_dump(mode="json", exclude_unset=True)
    of_flow = {"flow_name": flow.name, "description": flow.description, "version": flow.version}
    return {**case, "import": {**of_flow, "parameter_openapi_schema": schema}}


def main():
    sys.dont_write_bytecode = True
    os.chdir(FOLDER)
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    expected.update({name: record(name) for name in sys.argv[2:]})
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    EXPECTED.write_text(text + "\n", encoding="utf-8")


main()
