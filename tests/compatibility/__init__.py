"""Runs prefectl against the servers of several Prefect releases; see `tests/versions`."""
