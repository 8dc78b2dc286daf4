"""Normal forms of email addresses, phone numbers, slugs and typed text, so that the same person is the same row."""

import re
import unicodedata

import idna
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from slugify import slugify as _slugify
from text_unidecode import unidecode  # type: ignore[import-untyped]

from clinic.core import characters

# Providers that document how they read the part before the @. Any other provider may give a.b@ and ab@, or a+b@, to
# two people, so there nothing is dropped.
#   Gmail ignores dots: https://support.google.com/mail/answer/7436150
#   Gmail takes +anything, and googlemail.com is gmail.com: https://support.google.com/mail/answer/10313
#   Outlook.com takes +anything: https://support.microsoft.com/office/459b1989-356d-40fa-a689-8f285b13f1f2
#   iCloud Mail takes +anything: https://support.apple.com/guide/icloud/mm6b1a490a/icloud
#   Fastmail takes +anything: https://www.fastmail.help/hc/en-us/articles/360060591053
#   Proton takes +anything: https://proton.me/support/creating-aliases
IGNORE_DOTS = frozenset({"gmail.com"})
IGNORE_PLUS = frozenset(
    {
        "gmail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "fastmail.com",
        "proton.me",
        "protonmail.com",
        "pm.me",
    }
)
SAME_DOMAIN = {"googlemail.com": "gmail.com"}

UNCALLABLE = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.PAGER,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)
# Line ends of Windows and old Macs, Word's soft break, form feeds, NEL, and Unicode's separators.
LINE_END = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# Characters that people type between digits. Letters are excluded: phonenumbers would read "0800 FLOWERS" as digits.
MOBILE_SHAPE = re.compile(r"\(?\+?[\d\s().\-/]{4,40}")

KANA = re.compile("[\u3041-\u3096\u3099-\u309e\u30a1-\u30fa\u30fc-\u30fe\uff66-\uff9f]+")
# Commas: ASCII, full-width, ideographic, Arabic, small and half-width.
COMMAS = re.compile("[,\uff0c\u3001\u060c\ufe50\ufe51\uff64]")


def clean_line(raw: str) -> str:
    """Return one line of text: NFC, single spaces, trimmed, without harmful characters; "" if nothing of it is
    visible."""
    spaced = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", raw))
    line = " ".join(characters.spelled_line(spaced).split())
    return line if characters.is_visible(line) else ""


def clean_text(raw: str) -> str:
    """Return text of several lines, cleaned like clean_line(). Tabs, spaces and at most two line breaks in a row
    stay."""
    text = characters.spelled_text(unicodedata.normalize("NFC", LINE_END.sub("\n", raw)))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
    return text if characters.is_visible(text) else ""


def clean_html(raw: str) -> str:
    """Return HTML as typed, without unstorable or deceptive characters; line ends become line feeds."""
    return characters.harmless_html(LINE_END.sub("\n", raw))


def _clean_sign(raw: str) -> str:
    """Return one line that holds an email address or phone number. Format characters are removed, as they spell nothing
    there."""
    line = clean_line(unicodedata.normalize("NFKC", raw))
    return "".join(char for char in line if unicodedata.category(char) != "Cf")


def email_address(raw: str) -> str:
    """Return a valid email address. Raises ValueError if the syntax is wrong (RFC 5321); DNS is not asked."""
    try:
        checked = validate_email(
            _clean_sign(raw),
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError:
        raise ValueError("not an email address") from None
    return checked.ascii_email or checked.normalized


def canonical_email(address: str) -> str:
    """Return one spelling for each mailbox: NFKC, lower case, domain in IDNA, without parts that the provider ignores.

    `address` must be a return value of email_address().
    """
    local, _, domain = unicodedata.normalize("NFKC", address).rpartition("@")
    local = local.lower()
    domain = idna.encode(domain.lower().rstrip("."), uts46=True).decode()
    domain = SAME_DOMAIN.get(domain, domain)
    if domain in IGNORE_PLUS:
        local = local.partition("+")[0] or local
    if domain in IGNORE_DOTS:
        local = local.replace(".", "")
    return f"{local}@{domain}"


def canonical_mobile(raw: str, region: str) -> str:
    """Return a phone number in E.164; without a country code it is read as dialled in `region`. Raises ValueError if it
    cannot be called."""
    typed = _clean_sign(raw)
    typed = re.sub(r"[\u2010-\u2015\u2212]", "-", typed)
    if not MOBILE_SHAPE.fullmatch(typed):
        raise ValueError("not a phone number")
    # People type 00 for + everywhere; phonenumbers accepts it only where it is the local prefix.
    typed = re.sub(r"^\(?00(?=[\s().\-/]*[1-9])", "+", typed)
    typed = re.sub(r"^\(\s*\+", "+", typed)
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in UNCALLABLE:
        raise ValueError("not a number that can be called")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mobile_digits(typed: str, region: str) -> str:
    """Return the digits to search for when somebody types a phone number, or a part of one. "" if it is no number."""
    typed = _clean_sign(typed)
    if not MOBILE_SHAPE.fullmatch(typed):
        return ""
    try:
        return canonical_mobile(typed, region).removeprefix("+")
    except ValueError:  # a part of a number
        return "".join(char for char in typed if char.isdecimal())


def readable_mobile(e164: str) -> str:
    """Return an E.164 number in readable form: +65 9123 4567."""
    return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def slugify(title: str) -> str:
    """Return a title as a slug: lower-case words joined by hyphens, at most 80 characters."""
    return _slugify(KANA.sub(_read_kana, title), max_length=80, word_boundary=True)


def _read_kana(found: re.Match[str]) -> str:
    """Return kana in Latin letters. slugify alone would drop the sound mark from ピ and read it as "hi"."""
    letters: str = unidecode(unicodedata.normalize("NFKC", found[0]).replace("\u30fc", ""))
    return letters


def words_between_commas(text: str) -> list[str]:
    """Split a list at the commas of any script."""
    return [word for word in map(str.strip, COMMAS.split(text)) if word]


def minutes_to_read(words: int) -> int:
    """Return the reading time in whole minutes at 230 words a minute, at least 1 (Brysbaert 2019,
    doi.org/10.1016/j.jml.2019.104047: 238)."""
    return max(1, round(words / 230))
