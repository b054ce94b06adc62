# entrypoint: import_constants.py:my_flow
from projpkg import settings_wide as settings
from projpkg.settings_wide import DEFAULTS, Region, limits

from prefect import flow


@flow(name=f"{settings.PREFIX}-{Region.EU.value}", description=settings.DESCRIPTION)
def my_flow(
    region: Region = Region.EU,
    bucket: str = settings.BUCKET,
    size: int = limits["size"],
    more: dict = DEFAULTS,
    timeout: float = settings.Limits.TIMEOUT,
    label: str = Region.US.name.lower(),
):
    pass
