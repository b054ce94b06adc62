"""The parts of the conformance suite: see `run` beside this folder."""
