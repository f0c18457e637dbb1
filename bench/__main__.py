"""`make bench`: measure the running pipeline.

python -m bench pipeline    a burst of photos copied in, and single uploads (the default)
python -m bench jobs        image jobs by POST /jobs, at several numbers for the op
python -m bench tasks       jobs of many tasks, and which hop the time goes to
python -m bench web         a batch of stores and a crawl, from a web server on this machine
python -m bench.pixels      the ops against their peers, without a pipeline
"""

import sys

from bench import jobs, pipeline, tasks, web

BENCHES = {"pipeline": pipeline.main, "jobs": jobs.main, "tasks": tasks.main, "web": web.main}


def main() -> None:
    """Run the bench that is named first."""
    name, *arguments = sys.argv[1:] if sys.argv[1:2] and sys.argv[1] in BENCHES else ["pipeline", *sys.argv[1:]]
    BENCHES[name](arguments)


if __name__ == "__main__":
    main()
