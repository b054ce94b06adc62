from typing import Literal, Optional

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ETL_", env_file=".env", extra="ignore")

    bucket: str = "raw"
    size: int = Field(5, ge=1)
    rate: float = 2
    tables: list[str] = ["a", "b"]
    stage: Literal["dev", "prod"] = "dev"
    token: Optional[str] = None
    other: str = "x"

    @field_validator("other")
    @classmethod
    def change(cls, value):
        return value * 2


settings = Settings()
