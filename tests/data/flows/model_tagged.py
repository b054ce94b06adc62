# entrypoint: model_tagged.py:my_flow
from typing import Annotated, List, Literal, Optional, Union

from prefect import flow
from pydantic import BaseModel, Discriminator, Field, RootModel, Tag


class Cat(BaseModel):
    kind: Literal["cat", "kitten"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Zoo(BaseModel):
    pets: List[Annotated[Union[Cat, Dog], Field(discriminator="kind")]]
    star: Union[Cat, Dog] = Field(discriminator="kind")
    other: Optional[Union[Cat, Dog]] = Field(None, discriminator="kind")


class Names(RootModel[List[str]]):
    """Names."""


class Node(BaseModel):
    value: int
    children: "List[Node]" = []
    parent: Optional["Node"] = None


@flow
def my_flow(
    zoo: Zoo,
    pet: Annotated[Union[Cat, Dog], Field(discriminator="kind")],
    names: Names,
    node: Node,
    pets: List[Annotated[Union[Cat, Dog], Field(discriminator="kind")]] = [],
):
    pass
