
import asyncio, datetime, enum
from typing import Annotated, Literal, Optional
from pydantic import BaseModel, Field
import prefect
class Color(str, enum.Enum):
    RED = "red"
    BLUE = "blue"
class Cfg(BaseModel):
    a: int = Field(1, ge=0)
    when: datetime.date = datetime.date(2024, 1, 2)
    tags: list[str] = Field(default_factory=list)
@prefect.flow(retries=2, timeout_seconds=5, flow_run_name="x-{c}")
async def one(c: Color = Color.RED, cfg: Cfg = Cfg(), l: Literal["a", 1] = "a", o: Optional[dict[str, int]] = None): ...
two = one.with_options(name="two-flow", description="opt")
@prefect.flow(name=f"three-{Color.BLUE.value}")
def three(x: Annotated[int, Field(gt=3, description="dd")] = 5, y: "Cfg | None" = None, z: bytes = b"abc"): ...
class Svc:
    @prefect.flow
    def run(self, a: int = 1): ...
