from prefect import flow


@flow(log_prints=True)
def monthly(month: str = "2026-11"):
    """Write the report of a month."""
    from tables import markdown

    print(markdown(["month", "revenue"], [[month, 1000]]))
