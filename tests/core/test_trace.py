"""Trace ids: read from X-Ray's header, or made in the same form."""

import pytest

from umbel_core.trace import trace_id_in, trace_id_of

ID = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Root={ID}", ID),
        (f"Root={ID};Parent=3995c3f42cd8ad8;Sampled=1", ID),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ID}", ID),
        ("Root=1-5759e988-bd862e3fe1be46a99427279", ""),
        (f"Root={ID}\n", ""),
        ("Root=a secret", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_trace_id_is_the_root_in_the_header(header: str | None, found: str) -> None:
    assert trace_id_in(header) == found


def test_a_job_without_a_trace_of_aws_has_one_of_the_same_form_at_each_attempt() -> None:
    made = trace_id_of("j1")
    assert trace_id_in(f"Root={made}") == made == trace_id_of("j1")
    assert trace_id_of("j2") != made
