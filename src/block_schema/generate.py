"""Generate bundled.json, the schemas of the block types that prefectl knows without a server.

The schemas come from the installed Prefect and its integrations, and from the collection of the Prefect server, which
registers the block types of older integrations. Run the script in a virtual environment with these packages:

    pip install prefect==3.9.1 prefect-aws prefect-azure prefect-bitbucket prefect-databricks prefect-docker \
        prefect-email prefect-gcp prefect-github prefect-gitlab prefect-kubernetes prefect-shell prefect-slack \
        prefect-snowflake prefect-sqlalchemy
    python src/block_schema/generate.py > src/block_schema/bundled.json
"""

import inspect
import json
from pathlib import Path

import prefect
from prefect.blocks.core import Block
from prefect.plugins import load_prefect_collections
from prefect.utilities.dispatch import get_registry_for_type

COLLECTION = Path(prefect.__file__).parent / "server" / "collection_blocks_data.json"

# Keywords that only document a schema.
ANNOTATIONS = {"title", "description", "examples", "format", "writeOnly", "block_type_slug", "position"}


def newest():
    """Yield the slug and the schema of each installed block type."""
    load_prefect_collections()
    import prefect.blocks.notifications, prefect.blocks.system, prefect.blocks.webhook, prefect.filesystems  # noqa

    for block in get_registry_for_type(Block).values():
        if block.__module__.startswith("prefect") and not block.__name__.startswith("_"):
            slug = block.get_block_type_slug()
            if not inspect.isabstract(block) and (block._block_type_name or slug == "secret"):
                yield slug, block.model_json_schema()


def collected():
    """Yield the slug and the schema of each block type in the collection of the server."""
    for collection in json.loads(COLLECTION.read_text())["collections"].values():
        for block in collection["block_types"].values():
            yield block["slug"], block["block_schema"]["fields"]


def reduced(schema, in_properties=False):
    """Return a schema without annotations. The values of defaults are dropped, because they are not compared."""
    if isinstance(schema, list):
        return [reduced(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if in_properties:
        return {name: reduced(value) for name, value in schema.items()}
    kept = {}
    for key, value in schema.items():
        if key == "default":
            kept[key] = None
        elif key not in ANNOTATIONS:
            kept[key] = value if key == "enum" else reduced(value, key in ("properties", "definitions"))
    return kept


def summary(schema):
    """Return the parts of a schema that are needed to validate the data of a block."""
    references = schema.get("block_schema_references") or {}
    slugs = {
        field: sorted({item["block_type_slug"] for item in (found if isinstance(found, list) else [found])})
        for field, found in references.items()
    }
    definitions = {
        name: {"block_type_slug": value["block_type_slug"]} if value.get("block_type_slug") else reduced(value)
        for name, value in (schema.get("definitions") or schema.get("$defs") or {}).items()
    }
    return {
        "properties": reduced(schema.get("properties", {}), True),
        "required": schema.get("required") or [],
        "secret_fields": sorted(set(schema.get("secret_fields") or [])),
        "block_schema_references": {field: [{"block_type_slug": slug} for slug in found] for field, found in slugs.items()},
        "definitions": used(definitions, reduced(schema.get("properties", {}), True)),
    }


def used(definitions, schema):
    """Return the definitions to which a schema refers, directly or through other definitions."""
    found = {}
    texts = [json.dumps(schema)]
    while texts:
        text = texts.pop()
        for name, definition in definitions.items():
            if name not in found and f"/{name}\"" in text:
                found[name] = definition
                texts.append(json.dumps(definition))
    return found


def merged(new, old):
    """Return a schema that accepts the data of both versions of a block type."""
    if old is None:
        return new
    references = {**old["block_schema_references"], **new["block_schema_references"]}
    return {
        "properties": {**{name: {} for name in old["properties"]}, **new["properties"]},
        "required": [name for name in new["required"] if name in old["required"]],
        "secret_fields": sorted({*new["secret_fields"], *old["secret_fields"]}),
        "block_schema_references": references,
        "definitions": new["definitions"],
    }


def main():
    old = {slug: summary(schema) for slug, schema in collected()}
    new = {slug: summary(schema) for slug, schema in newest()}
    bundled = {slug: merged(new[slug], old.get(slug)) if slug in new else old[slug] for slug in sorted({*old, *new})}
    lines = (f"{json.dumps(slug)}:{json.dumps(schema, separators=(',', ':'))}" for slug, schema in bundled.items())
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
