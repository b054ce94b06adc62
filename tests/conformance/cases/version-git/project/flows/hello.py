from prefect import flow


@flow
def hello(name: str = "Marvin"):
    """Greet someone."""
    print(name)


@flow(name="Other Flow", version="7", description="described")
def other(n: int, flag: bool = False, items: list[int] | None = None):
    pass


class Jobs:
    @flow
    @staticmethod
    def method(x: float = 1.5):
        """A method."""
