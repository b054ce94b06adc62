from prefect import flow


@flow
def hello(name: str = "Marvin", times: int = 1, ratio: float = 0.5):
    """Greets."""
