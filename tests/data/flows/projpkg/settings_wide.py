import enum
import os

PREFIX = "etl"
DESCRIPTION = """Loads
it all."""
BUCKET = os.environ.get("PREFECTL_NO_SUCH_BUCKET", "s3://" + PREFIX)
limits = dict(size=10 * 1024)
DEFAULTS = {"region": "eu", "limits": limits}


class Region(str, enum.Enum):
    EU = "eu-west-1"
    US = "us-east-1"


class Limits:
    TIMEOUT = 30.0
    RETRIES: int = 3
