# entrypoint: model_wide_config.py:my_flow
import datetime
import enum
from typing import Annotated, Any, ClassVar, Dict, List, Literal, Optional, Union

from prefect import flow
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializeAsAny,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_pascal, to_snake


class Mode(str, enum.Enum):
    """How."""

    FAST = "fast"
    SLOW = "slow"


class Base(BaseModel):
    """The base."""

    model_config = ConfigDict(
        extra="forbid", title="The Base", populate_by_name=True, use_enum_values=True, json_schema_extra={"examples": [{"mode": "fast"}]}
    )
    registry: ClassVar[Dict[str, Any]] = {}
    _cache: dict = PrivateAttr(default_factory=dict)
    mode: Mode = Mode.FAST
    created_at: datetime.datetime = Field(default_factory=datetime.datetime.now)


class Child(Base):
    name: str = Field(..., min_length=1, max_length=10, pattern="^[a-z]+$", description="The name", title="Name!")
    ratio: float = Field(default=0.5, gt=0, lt=1, multiple_of=0.1)
    tags: List[str] = Field(default_factory=list, max_length=3, alias="Tags")
    either: Union[int, str, None] = Field(None, validation_alias=AliasChoices("either", "or"))
    path: int = Field(1, validation_alias=AliasPath("a", 0))
    when: Optional[datetime.date] = datetime.date(2024, 1, 2)
    kind: Literal["child"] = "child"
    nested: "Optional[Child]" = None
    anything: SerializeAsAny[Base] = None

    @field_validator("name")
    @classmethod
    def lower(cls, value):
        return value.lower()

    @field_validator("tags", mode="before")
    @classmethod
    def split(cls, value):
        return value

    @model_validator(mode="after")
    def check(self):
        return self

    @computed_field
    @property
    def length(self) -> int:
        return len(self.name)

    @field_serializer("when")
    def write(self, value):
        return str(value)


class Pascal(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal)
    first_name: str
    last_name: Annotated[str, Field(alias="surname")] = ""


class Keyword(BaseModel, frozen=True, extra="allow"):
    value: int


@flow
def my_flow(child: Child, pascal: Pascal, keyword: Keyword = None):
    pass
