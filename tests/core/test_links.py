"""Wrapped links are converted back, which removes the recipient's address."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.links import hidden_by, unwrap_link, unwrap_text

LINKS = tomllib.loads((Path(__file__).parent / "wrapped_links.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("link", LINKS["wrapped"], ids=lambda link: link["maker"])
def test_a_wrapped_address_is_read_back(link: dict[str, str]) -> None:
    assert unwrap_link(link["address"]) == link["meant"]
    assert unwrap_link(link["meant"]) == link["meant"]
    assert hidden_by(link["address"]) == ""


@pytest.mark.parametrize("link", LINKS["hidden"], ids=lambda link: link["address"])
def test_an_address_that_its_maker_hides_stays_and_the_maker_is_named(link: dict[str, str]) -> None:
    assert unwrap_link(link["address"]) == link["address"]
    assert hidden_by(link["address"]) == link["maker"]


@pytest.mark.parametrize("address", ["", "/book/", "#trial", "mailto:hello@example.org", "http://[", "tel:+6561234567"])
def test_what_is_no_web_address_stays_as_it_is(address: str) -> None:
    assert unwrap_link(address) == address
    assert hidden_by(address) == ""


def test_an_address_in_a_sentence_is_read_back_without_its_full_stop() -> None:
    wrapped, meant = LINKS["wrapped"][0]["address"], LINKS["wrapped"][0]["meant"]
    assert unwrap_text(f"See ({wrapped}), then {wrapped}.") == f"See ({meant}), then {meant}."


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    unwrap_text(text)
    for host in ("urldefense.com/v3/__", "secure-web.cisco.com/", "url.avanan.click/v2/___", "google.com/url?q="):
        unwrap_link(f"https://{host}{text}")
