"""`python -m umbel`: the command line, wherever the checkout lies."""

from umbel.entry import main

main()
