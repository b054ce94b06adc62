"""Extracts the JSON schemas of the objects in a worker manifest from the Python package `kubernetes-validate`.

    pip download --no-deps kubernetes-validate && unzip kubernetes_validate-*.whl
    python tests/data/kubernetes/extract.py kubernetes_validate 1.37.0 > tests/data/kubernetes/schemas.json
"""

import json
import sys
from pathlib import Path

KINDS = {
    "Namespace": "io.k8s.api.core.v1.Namespace",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "Role": "io.k8s.api.rbac.v1.Role",
    "RoleBinding": "io.k8s.api.rbac.v1.RoleBinding",
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "Job": "io.k8s.api.batch.v1.Job",
}
PREFIX = "#/$defs/"


def compact(schema, found):
    """Removes descriptions, and adds the names of referenced definitions to `found`."""
    if isinstance(schema, list):
        return [compact(item, found) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].split(PREFIX)[-1]
        found.append(name)
        return {"$ref": PREFIX + name}
    kept = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: compact(inner, found) for name, inner in value.items()}
        elif key != "description" and not key.startswith("x-"):
            kept[key] = compact(value, found)
    return kept


def main():
    folder, release = Path(sys.argv[1]), sys.argv[2]
    source = folder / "kubernetes-json-schema" / f"v{release}-local-strict" / "_definitions.json"
    definitions = json.loads(source.read_text())["$defs"]
    extracted, waiting = {}, list(KINDS.values())
    while waiting:
        name = waiting.pop()
        if name not in extracted:
            extracted[name] = None
            extracted[name] = compact(definitions[name], waiting)
    kinds = {kind: {"$ref": PREFIX + name} for kind, name in KINDS.items()}
    document = {"kinds": kinds, "$defs": dict(sorted(extracted.items()))}
    json.dump(document, sys.stdout, separators=(",", ":"))
    print()


main()
