from prefect import flow


@flow(log_prints=True)
def invoices(month: str = "2026-11", size: int = 100):
    """Create the invoices of a month."""
    from etl import chunks

    for chunk in chunks(list(range(250)), size):
        print(f"{month}: {len(chunk)} invoices")
