"""Run the op `upper` on 10,000 strings; the results come in the order of the inputs."""

from umbel import Client

strings = (f"string {number}" for number in range(10_000))
with Client() as client:
    for result in client.map("upper", strings):
        print(result)
