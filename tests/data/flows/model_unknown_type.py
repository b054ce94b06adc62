# entrypoint: model_unknown_type.py:my_flow
from prefect import flow
from pydantic import BaseModel


class Plain:
    pass


class Holder(BaseModel):
    plain: Plain


@flow
def my_flow(holder: Holder):
    pass
