"""Passkeys: the options sent to the browser."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.test_identity import add_passkey
from tests.browse import visit
from tests.factories import make_user


@pytest.mark.parametrize("usage", ["first", "secondary"])
def test_a_phone_or_a_computer_can_be_a_passkey(sign_in: Callable[..., FlaskClient], usage: str) -> None:
    page = visit(sign_in("desk"), "/wan-register").submit("Add a passkey", name="phone", usage=usage)
    options = json.loads(page.one("form[data-passkey]").attributes["data-options"] or "")
    assert "authenticatorAttachment" not in options["authenticatorSelection"]


def test_whoever_names_an_account_learns_nothing_of_its_passkeys(app: Flask) -> None:
    user = make_user()
    add_passkey(user)
    page = visit(app.test_client(), "/wan-signin")
    token = page.values("Continue")["csrf_token"]
    answers = []
    for identity in (user.email, "nobody@example.org", ""):
        answer = page.client.post("/wan-signin", data={"identity": identity, "csrf_token": token})
        found = re.search(r'data-options="([^"]+)"', answer.get_data(as_text=True))
        assert found
        answers.append(json.loads(unescape(found[1])).get("allowCredentials", []))
    assert answers == [[], [], []]
