"""The stack, cut by hop of the data's journey: `head -1 infra/*.py` prints the architecture."""
