"""Measures prefectl beside the real prefect; `benches/run` starts what this needs."""
