"""Trace ids: read from X-Ray's header, or made in the same form."""

import pytest

from umbel_core.trace import new_trace_id, trace_id_in

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


def test_a_new_trace_id_has_the_form_of_x_rays() -> None:
    made = new_trace_id()
    assert trace_id_in(f"Root={made}") == made
    assert new_trace_id() != made
