"""`make bench`: measure the running pipeline.

python -m bench pipeline    photos put into S3, many at once and one by one (the default)
python -m bench jobs        picture jobs by POST /jobs, at several concurrencies of the op
python -m bench tasks       jobs of many tasks, and the time that each hop takes
python -m bench web         a batch of stores and a crawl, from a web server on this machine
python -m bench fairness    an upload alone, and beside a job of many tasks of one of its ops
python -m bench.pixels      the ops compared with libvips and sharp, without a pipeline (`make bench-pixels`)
"""

import sys

from bench import fairness, jobs, pipeline, tasks, web

BENCHES = {
    "pipeline": pipeline.main,
    "jobs": jobs.main,
    "tasks": tasks.main,
    "web": web.main,
    "fairness": fairness.main,
}


def main() -> None:
    """Run the benchmark that the first argument names, else the default one."""
    name, *arguments = sys.argv[1:] if sys.argv[1:2] and sys.argv[1] in BENCHES else ["pipeline", *sys.argv[1:]]
    BENCHES[name](arguments)


if __name__ == "__main__":
    main()
