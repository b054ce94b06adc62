
import prefect
from prefect import flow as f
NAME = "const"
@f(name=NAME, version="1.2")
def hello(a: int, *args: int, b: str = NAME, **kwargs):
    """Doc line.

    Args:
        a: the a
        b (str): the b
    """
