import os
from datetime import date

from prefect import flow

STAGE = os.environ.get("STAGE", "dev")
BUCKETS = {"dev": "acme-dev", "prod": "acme-prod"}


def bucket(name="raw", *, stage=None):
    stage = stage or STAGE
    if stage not in BUCKETS:
        return f"acme-{stage}-{name}"
    return f"{BUCKETS[stage]}-{name}"


def items(key, default=""):
    return [item.strip() for item in os.getenv(key, default).split(",") if item.strip()]


def options():
    result = {"retries": 3}
    result["mode"] = "merge" if STAGE == "prod" else "append"
    return result


def start_of(year):
    return date(year, 1, 1)


class Paths:
    ROOT = "/data"

    @staticmethod
    def raw(name):
        return f"{Paths.ROOT}/{name}"

    @classmethod
    def out(cls, name="x"):
        return f"{cls.ROOT}/out/{name}"


class Other(Paths):
    ROOT = "/other"


class Registry:
    prefix = "team"

    @classmethod
    def flow(cls, name=None):
        def decorator(fn):
            return flow(fn, name=f"{cls.prefix}-{name or fn.__name__}")

        return decorator
