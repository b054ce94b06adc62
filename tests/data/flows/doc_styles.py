# entrypoint: doc_styles.py:my_flow
from prefect import flow


@flow
def my_flow(a: int, b: str = "x", c: float = 1.0, d: bool = False):
    """
    Mixed styles.

    Parameters
    ----------
    a : int
        NumPy.

    :param b: Sphinx.
    @param c: Epydoc.

    Args:
        d: Google.
          Odd indent.

            Deep after blank.

    Raises:
        ValueError: never.
    """
