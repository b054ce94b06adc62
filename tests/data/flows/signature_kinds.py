# entrypoint: signature_kinds.py:my_flow
from typing import Any, Optional

from prefect import flow


@flow
def my_flow(a, b: int, /, c=1, d: Optional[str] = None, *args: int, e, f: float = 2, g: "list[int]" = [], **kwargs: Any):
    """Kinds.

    Args:
        a: The a.
        b (int): The b,
            continued.
        args: Others.
        *args: Starred.
        e (float, optional): The e: with colon.
        **kwargs: More.
        kwargs: Named.
    """
