# entrypoint: doc_tabs.py:my_flow
from prefect import flow


@flow
def my_flow(a: int, b: str = "x"):
	"""Tabs.

	Arguments:
		a: The a.
			More of a.
		b (str): The b.
	"""
