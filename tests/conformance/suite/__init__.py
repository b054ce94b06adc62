"""The conformance suite. The script `../run` is its command line."""
