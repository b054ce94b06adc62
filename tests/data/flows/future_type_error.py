# entrypoint: future_type_error.py:my_flow
from __future__ import annotations

from typing import ClassVar, Optional

from prefect import flow


@flow
def my_flow(a: int | None, b: Optional[int], c: dict[str, int] = {}) -> Optional[ClassVar[int]]:
    pass
