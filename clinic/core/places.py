"""Countries, phone regions and time zones to choose from, named as in the tz database."""

import zoneinfo
from functools import cache
from importlib import resources

import phonenumbers

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
# Regions with a calling code but without a code of their own in ISO 3166.
MORE_REGIONS = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}
# Examples in the usual form of a region, where the one in phonenumbers is from an unusual range.
EXAMPLES = {"SG": "9123 4567", "GB": "07911 123456"}


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return the countries of ISO 3166: pairs of code and English name, sorted by name."""
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(sorted(((code, name) for code, name in pairs), key=lambda pair: pair[1]))


@cache
def phone_regions() -> tuple[tuple[str, str], ...]:
    """Return the regions known to phonenumbers: pairs of code and name with calling code, sorted by name."""
    names = dict(countries()) | MORE_REGIONS
    codes = (code for code in names if code in phonenumbers.SUPPORTED_REGIONS)
    named = ((code, f"{names[code]} (+{phonenumbers.country_code_for_region(code)})") for code in codes)
    return tuple(sorted(named, key=lambda pair: pair[1]))


@cache
def time_zones() -> dict[str, list[tuple[str, str]]]:
    """Return the time zones known to this machine, by area: pairs of name and readable name, sorted."""
    names = sorted(zoneinfo.available_timezones())
    areas = {area: [name for name in names if name.startswith(f"{area}/")] for area in AREAS}
    found = {area: [(name, _readable(name)) for name in inside] for area, inside in areas.items() if inside}
    return found | {"Everywhere": [("UTC", "UTC")]}


def _readable(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


@cache
def mobile_example(region: str) -> str:
    """Return a mobile number as people in a region write it, for hints."""
    if region in EXAMPLES:
        return EXAMPLES[region]
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "+65 9123 4567"


def foreign_example(region: str) -> str:
    """Return a mobile number with a country code other than this region's."""
    return "+65 9123 4567" if region == "GB" else "+44 7911 123456"
