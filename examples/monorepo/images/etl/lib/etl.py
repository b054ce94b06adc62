"""Functions that the flows of several services share."""


def chunks(items: list, size: int) -> list[list]:
    """Splits a list into lists of at most `size` items."""
    return [items[start : start + size] for start in range(0, len(items), size)]
