"""What AWS's own linters say of the template."""

import json
import re
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

from tests.infra.synthesis import findings, templates

ACCEPTED = {
    "APIG1": "Each request is one JSON line of the API's function; access logs would say it twice.",
    "APIG2": "The API's function checks every body against typed models, and answers in the contract's form.",
    "APIG3": "Requests are throttled and carry tokens; a web ACL costs more than the rest of the stack together.",
    "APIG4": "GET /health is open; sockets are let in at $connect, after which API Gateway asks no authorizer.",
    "APIG6": "As APIG1.",
    "CFR1": "The page is for whoever the deployment's owner gives a token to, wherever they are.",
    "CFR2": "As APIG3; behind the distribution lie static files.",
    "CFR3": "As CFR2.",
    "CFR4": "A distribution without a domain of its own has CloudFront's certificate, with CloudFront's choice of TLS.",
    "COG4": "Tokens, checked by our own authorizer, for people and programs alike; no user pool.",
    "IAM4": "AWSLambdaBasicExecutionRole lets a function write its log, no more.",
    "IAM5": "grant_* on one bucket, table or prefix: the wildcard stands for its objects or a verb's variants; "
    "test_laws.py forbids the others.",
    "L1": "Python 3.13 is what the wheels of the layers are locked for.",
    "S1": "Uploads are in the ledger with time and source; access logs would be a bucket more to guard.",
    "SQS3": "The relay's on-failure destination is the end of the line, with an alarm of its own.",
}
"""cdk-nag's findings that stay, each with its reason."""


def test_cfn_lint_finds_no_error() -> None:
    # All lanes are made by the same lines, so one of each kind is enough.
    whole = templates("aws")
    some = [name for name in whole if not name or re.match("Lane(blur|fetch|wait)", name)]
    found = [
        match
        for name in some
        for match in lint(json.dumps(whole[name]), config=ManualArgs(regions=["us-east-1", "eu-central-1"]))
    ]
    assert not [f"{match.rule.id} {match.path}: {match.message}" for match in found if match.rule.severity == "error"]


def test_every_finding_of_cdk_nag_is_accepted_with_a_reason() -> None:
    unexpected = {(rule, path) for rule, path in findings() if _short(rule) not in ACCEPTED}
    assert not unexpected


@pytest.mark.parametrize("rule", ACCEPTED)
def test_nothing_is_accepted_that_is_not_found(rule: str) -> None:
    assert rule in {_short(found) for found, _ in findings()}


def _short(rule: str) -> str:
    return rule.removeprefix("AwsSolutions-").partition("[")[0]


def test_every_setting_of_the_context_is_in_the_table_of_settings() -> None:
    own = [name for name in json.loads(Path("cdk.json").read_text())["context"] if "@" not in name]
    table = Path("docs/settings.md").read_text()
    assert not [name for name in own if f"`{name}`" not in table]
