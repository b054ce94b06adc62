"""Functions that the flows of several services share."""


def markdown(header: list[str], rows: list[list]) -> str:
    """Formats a table as Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
