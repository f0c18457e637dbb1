"""The samples of the documents are what the command line prints today."""

import pytest

from tests.docs.reader import Reader
from tests.docs.reading import ROOT

pytestmark = pytest.mark.engine
NOT_RUN = {
    "umbel load": "it goes on until Ctrl-C, with other numbers each second",
    "umbel token revoke 6176e640": "the id is one of the sample's",
    "umbel token list": "the tests have tokens of their own",
    "export": "it is about AWS",
    "aws ": "it is about AWS",
    "sam ": "it is about AWS",
}
"""How a command starts -> why the test does not run it."""


@pytest.mark.parametrize("document", ["cli.md", "operations.md"])
def test_the_commands_of_a_document_print_what_it_shows(reader: Reader, document: str) -> None:
    assert list(reader.follow(ROOT / "docs" / document, NOT_RUN)) == []
