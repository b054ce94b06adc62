# entrypoint: dataclass_unknown_type.py:my_flow
import logging
from dataclasses import dataclass
from typing import Optional

from prefect import flow
from pydantic import BaseModel


class Plain:
    pass


@dataclass
class Holder:
    plain: Plain
    logger: Optional[logging.Logger] = None


class Model(BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    plain: Plain
    others: list[Plain] = []


@flow
def my_flow(holder: Holder, model: Model):
    pass
