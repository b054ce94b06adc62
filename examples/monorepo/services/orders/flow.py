from prefect import flow


@flow(log_prints=True)
def sync(size: int = 100):
    """Copy new orders to the warehouse."""
    from etl import chunks

    for chunk in chunks(list(range(420)), size):
        print(f"{len(chunk)} orders")


@flow(log_prints=True)
def summary(days: int = 7):
    """Summarize the orders of the last days."""
    from tables import markdown

    print(markdown(["day", "orders"], [[day, 60] for day in range(days)]))
