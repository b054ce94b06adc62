
from prefect import flow
@flow(name="hello", description="new words")
def hello(name: str, count: int = 3): ...
