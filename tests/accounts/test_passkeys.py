"""Passkeys: what the browser is asked for."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.browse import visit


@pytest.mark.parametrize("usage", ["first", "secondary"])
def test_a_phone_or_a_computer_can_be_a_passkey(sign_in: Callable[..., FlaskClient], usage: str) -> None:
    page = visit(sign_in("desk"), "/wan-register").submit("Add a passkey", name="phone", usage=usage)
    options = json.loads(page.one("form[data-passkey]").attributes["data-options"] or "")
    assert "authenticatorAttachment" not in options["authenticatorSelection"]
