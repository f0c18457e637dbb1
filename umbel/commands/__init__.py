"""One module per noun; `umbel.cli` imports the one that is called."""
