from prefect import flow


@flow
def hello(name: str = "Marvin", times: int = 1):
    """Greets."""
