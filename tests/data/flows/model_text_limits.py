# entrypoint: model_text_limits.py:my_flow
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Dict, List, Optional

from prefect import flow
from pydantic import BaseModel, ConfigDict, Field


class Limited(BaseModel):
    model_config = ConfigDict(str_min_length=1, str_max_length=4)

    a: str
    b: Path
    c: Dict[str, int]
    d: uuid.UUID
    e: Decimal
    f: Annotated[str, Field(min_length=2)]
    g: Optional[List[str]] = None


@flow
def my_flow(limited: Limited):
    pass
