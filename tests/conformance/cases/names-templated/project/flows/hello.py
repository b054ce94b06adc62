from prefect import flow


@flow
def hello(name: str = "world", n: int = 1):
    """Say hello."""
    print(name)


@flow(name="Other Flow")
def other(n: int, flag: bool = False, items: list[int] | None = None):
    """Another one."""


@flow
def anything(**kwargs):
    """Takes all."""
