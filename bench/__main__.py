"""`make bench`: the running pipeline first; `python -m bench.pixels` compares the ops with their peers."""

from bench.pipeline import main

if __name__ == "__main__":
    main()
