"""`make bench`: measure the running pipeline.

python -m bench pipeline    photos put into S3, many at once and one by one (the default)
python -m bench jobs        picture jobs by POST /jobs, at several concurrencies of the op
python -m bench tasks       jobs of many tasks, and the time that each hop takes
python -m bench web         a batch of stores and a crawl, from a web server on this machine
python -m bench fairness    an upload alone, and beside a job of many tasks of one of its ops
python -m bench calls       AWS calls per upload, with `umbel up --weather`
python -m bench fanout      changes pushed to many connections, by the real adapters without a pipeline
python -m bench first       the first upload and the first burst after a deployment
python -m bench fused       the CPU time of a picture's variants, fused and not, without a pipeline
python -m bench overhead    the pipeline beside a bare one on the same hops
python -m bench cold        the cold start of the functions, without a pipeline
python -m bench ledger      what lists read, and how well 32 relays count together, without a pipeline
python -m bench growth      the model of growth: writes docs/scaling.md; `--engine` compares it with the pipeline
`--write` puts the figures that have targets into docs/performance.md.

python -m bench.pixels      the ops compared with libvips and sharp, without a pipeline (`make bench-pixels`)
"""

import sys
from importlib import import_module

from bench import figures

BENCHES = (
    *("pipeline", "jobs", "tasks", "web", "fairness"),
    *("calls", "fanout", "first", "cold", "overhead", "ledger", "growth", "fused"),
)


def main() -> None:
    """Run the benchmark that the first argument names, else the default one."""
    name, *arguments = sys.argv[1:] if sys.argv[1:2] and sys.argv[1] in BENCHES else ["pipeline", *sys.argv[1:]]
    if name != "cold":  # its table is written by itself
        figures.write_all(on="--write" in arguments)
        arguments = [each for each in arguments if each != "--write"]
    import_module(f"bench.{name}").main(arguments)


if __name__ == "__main__":
    main()
