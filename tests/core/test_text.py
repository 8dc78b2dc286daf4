"""Normal forms of addresses and numbers: which are equal, which differ, and which are refused."""

import pytest

from clinic.core.text import (
    canonical_email,
    canonical_mobile,
    clean_line,
    clean_text,
    email_address,
    minutes_to_read,
    mobile_digits,
    readable_mobile,
    slugify,
    words_between_commas,
)

SAME_ADDRESS = [
    ("A.B+x@Gmail.com", "ab@gmail.com"),
    ("a.b.c@gmail.com", "abc@gmail.com"),
    ("abc+trial@gmail.com", "abc@gmail.com"),
    ("abc+one+two@gmail.com", "abc@gmail.com"),
    ("abc@googlemail.com", "abc@gmail.com"),
    ("A.b.C+x@GoogleMail.com", "abc@gmail.com"),
    ("WEILING@EXAMPLE.ORG", "weiling@example.org"),
    ("Wei.Ling@Example.Org", "wei.ling@example.org"),
    ("  weiling@example.org  ", "weiling@example.org"),
    ("weiling@example.org\u200b", "weiling@example.org"),
    ("\u200eweiling@example.org", "weiling@example.org"),
    ("weiling@example.org\n", "weiling@example.org"),
    ("ｗｅｉｌｉｎｇ@example.org", "weiling@example.org"),
    ("weiling＠example.org", "weiling@example.org"),
    ("weiling@ｅｘａｍｐｌｅ．ｏｒｇ", "weiling@example.org"),
    ("ａ．ｂ＋ｘ＠ｇｍａｉｌ．ｃｏｍ", "ab@gmail.com"),
    ("jo@bücher.example.org", "jo@xn--bcher-kva.example.org"),
    ("jo@BÜCHER.example.org", "jo@bücher.example.org"),
    ("jo@bu\u0308cher.example.org", "jo@bücher.example.org"),
    ("jo@例え.jp", "jo@xn--r8jz45g.jp"),
    ("jo+x@outlook.com", "jo@outlook.com"),
    ("jo+x@hotmail.com", "jo@hotmail.com"),
    ("jo+x@live.com", "jo@live.com"),
    ("jo+x@icloud.com", "jo@icloud.com"),
    ("jo+x@fastmail.com", "jo@fastmail.com"),
    ("jo+x@proton.me", "jo@proton.me"),
    ("Jo+X@ProtonMail.com", "jo@protonmail.com"),
    ("jo+x@pm.me", "jo@pm.me"),
]
OTHER_ADDRESS = [
    ("a.b@example.org", "ab@example.org"),
    ("ab+x@example.org", "ab@example.org"),
    ("ab@gmail.com", "ab@example.org"),
    ("a.b@outlook.com", "ab@outlook.com"),
    ("a.b@icloud.com", "ab@icloud.com"),
    ("a.b@fastmail.com", "ab@fastmail.com"),
    ("jo-x@gmail.com", "jo@gmail.com"),
    ("jo_x@gmail.com", "jox@gmail.com"),
    ("jo@outlook.com", "jo@hotmail.com"),
    ("jo@yahoo.com", "jo+x@yahoo.com"),
    ("ab@gmail.com", "ab@gmail.com.sg"),
    ("ab@mail.gmail.com", "ab@gmail.com"),
    ("ab@gmai1.com", "ab@gmail.com"),
    ("jo@example.org", "jo@example.com"),
    ("jo@bücher.example.org", "jo@bucher.example.org"),
]
SAME_NUMBER = [
    ("91234567", "+65 9123 4567"),
    ("91234567", "0065-9123-4567"),
    ("91234567", "+6591234567"),
    ("91234567", "9123 4567"),
    ("91234567", "9123-4567"),
    ("91234567", "9123.4567"),
    ("91234567", "9123/4567"),
    ("91234567", " 91 23 45 67 "),
    ("91234567", "9123  4567"),
    ("91234567", "(+65) 9123 4567"),
    ("91234567", "(65) 9123 4567"),
    ("91234567", "+65 (9123) 4567"),
    ("91234567", "6591234567"),
    ("91234567", "0065 9123 4567"),
    ("91234567", "00 65 9123 4567"),
    ("91234567", "(0065) 9123 4567"),
    ("91234567", "00-65-9123-4567"),
    ("91234567", "９１２３４５６７"),
    ("91234567", "٩١٢٣٤٥٦٧"),
    ("91234567", "＋６５　９１２３　４５６７"),
    ("91234567", "9123\u20114567"),
    ("91234567", "9123–4567"),
    ("91234567", "+65\u00a09123\u00a04567"),
    ("91234567", "\u202a+65 9123 4567\u202c"),
    ("91234567", "\u200e91234567"),
    ("61234567", "+65 6123 4567"),
    ("+44 7911 123456", "0044 7911 123456"),
    ("+44 7911 123456", "+44 (0)7911 123456"),
    ("+1 212 555 2368", "001 (212) 555-2368"),
    ("+60 12-345 6789", "0060123456789"),
    ("+49 151 23456789", "+49 (0) 151 / 234 567 89"),
]
OTHER_NUMBER = [
    ("91234567", "91234568"),
    ("91234567", "81234567"),
    ("91234567", "+60 12-345 6789"),
    ("91234567", "61234567"),
    ("+44 7911 123456", "+44 7911 123457"),
    ("+60 12 345 6789", "+62 812 3456 789"),
]
WRONG_ADDRESSES = [
    "", " ", "jo", "@example.org", "jo@", "jo@@example.org", "jo@example", "jo@.org", "jo@example..org",
    "jo@-example.org", ".jo@example.org", "jo.@example.org", "j..o@example.org", "jo @example.org", "jo@exam ple.org",
    "jo,@example.org", "jo@example.org, mei@example.org", "jo@example.org;mei@example.org",
    "jo@example.org mei@example.org", "Jo <jo@example.org>", "<jo@example.org>", '"jo"@example.org',
    "jo(x)@example.org", "jo@[127.0.0.1]", "jo@127.0.0.1", "jo@localhost", "jo@example.org\r\nBcc: mei@example.org",
    "jo\nx@example.org", "mailto:jo@example.org", "jo%0aBcc:x@y.org@example.org", "jö@example.org", "😀@example.org",
    "jo@exa_mple.org", "jo@example.org/", "jo@example.org?subject=x", f"{'a' * 65}@example.org", f"jo@{'a' * 64}.org",
    f"jo@{'a.' * 130}org", "jo@xn--.org", "jo\\@example.org", "jo@exam\u2028ple.org", "javascript:alert(1)@x",
]  # fmt: skip
WRONG_NUMBERS = [
    "", " ", "-", "+", "()", "123", "9123", "9123456", "912345678", "0123 4567", "1234 5678", "51234567", "71234567",
    "999", "995", "1900 123 4567", "+65 1900 123 4567", "+1 900 555 1234", "+44 909 879 1234", "call me", "9123 456a",
    "0800 FLOWERS", "9123 4567 ext 5", "9123 4567 x5", "tel:91234567", "+65+91234567", "9123 4567, 8123 4567",
    "9123 4567;8123 4567", "+999 1234 5678", "+65 9123 45678901", "00", "0000000000", "++6591234567", "9" * 41,
    "9123#4567", "*91234567", "91234567'--", "<91234567>", "٩١٢٣٤٥٦٧x", "+000000000", "1" * 40,
]  # fmt: skip


def email(raw: str) -> str:
    return canonical_email(email_address(raw))


def mobile(raw: str) -> str:
    return canonical_mobile(raw, "SG")


@pytest.mark.parametrize(("one", "other"), SAME_ADDRESS)
def test_two_spellings_of_one_mailbox_are_one_person(one: str, other: str) -> None:
    assert email(one) == email(other)


@pytest.mark.parametrize(("one", "other"), OTHER_ADDRESS)
def test_two_mailboxes_are_two_people(one: str, other: str) -> None:
    assert email(one) != email(other)


@pytest.mark.parametrize(("one", "other"), SAME_NUMBER)
def test_two_spellings_of_one_number_are_one_person(one: str, other: str) -> None:
    assert mobile(one) == mobile(other)


@pytest.mark.parametrize(("one", "other"), OTHER_NUMBER)
def test_two_numbers_are_two_people(one: str, other: str) -> None:
    assert mobile(one) != mobile(other)


@pytest.mark.parametrize("raw", [pair[0] for pair in SAME_ADDRESS + OTHER_ADDRESS])
def test_a_canonical_address_is_its_own_canonical_form_and_plain_ascii(raw: str) -> None:
    assert email(email(raw)) == email(raw)
    assert email(raw).isascii()


@pytest.mark.parametrize("raw", [pair[0] for pair in SAME_NUMBER + OTHER_NUMBER])
def test_a_canonical_number_is_its_own_canonical_form_in_every_country(raw: str) -> None:
    for region in ("SG", "GB", "US"):
        assert canonical_mobile(mobile(raw), region) == mobile(raw)


@pytest.mark.parametrize("raw", WRONG_ADDRESSES)
def test_what_is_no_address_is_refused(raw: str) -> None:
    with pytest.raises(ValueError):
        email_address(raw)


@pytest.mark.parametrize("raw", WRONG_NUMBERS)
def test_what_is_no_number_or_cannot_be_called_is_refused(raw: str) -> None:
    with pytest.raises(ValueError):
        mobile(raw)


def test_mail_is_sent_to_the_address_as_it_was_typed_and_not_to_the_canonical_one() -> None:
    assert email_address("A.B+x@Gmail.com") == "A.B+x@gmail.com"
    assert email_address("jo@bücher.example.org") == "jo@xn--bcher-kva.example.org"


def test_a_gmail_address_of_nothing_but_a_tag_keeps_its_name() -> None:
    assert email("+x@gmail.com") == "+x@gmail.com"


def test_a_number_is_read_as_dialled_in_the_region_of_the_clinic() -> None:
    assert canonical_mobile("07911 123456", "GB") == "+447911123456"
    assert canonical_mobile("9123 4567", "SG") == "+6591234567"
    assert canonical_mobile("0065 9123 4567", "GB") == "+6591234567"


def test_a_number_is_shown_in_groups() -> None:
    assert readable_mobile("+6591234567") == "+65 9123 4567"


def test_a_line_keeps_its_words_and_loses_what_cannot_be_seen() -> None:
    assert clean_line("  Tan \t Wei\u00a0Ling\r\n") == "Tan Wei Ling"
    assert clean_line("Tan\u202e Wei\u200b Ling\x00\x1b[31m\ufeff") == "Tan Wei Ling[31m"
    assert clean_line("Zoe\u0301 Ødegård 陈伟玲 👩") == "Zoé Ødegård 陈伟玲 👩"
    assert clean_line("\ud800x") == "x"


def test_a_text_keeps_its_paragraphs_tabs_and_joined_emoji() -> None:
    assert clean_text("One.\r\n\r\n\r\n\r\nTwo.\rThree. \n") == "One.\n\nTwo.\nThree."
    assert clean_text("a\tb") == "a\tb"
    assert clean_text("👩\u200d👩\u200d👧") == "👩\u200d👩\u200d👧"
    assert clean_text("\u202eevil\x00\x07") == "evil"


def test_a_slug_is_short_and_plain() -> None:
    assert slugify("Überraschung! Strong hips & knees") == "uberraschung-strong-hips-knees"
    assert slugify("伸展") == "shen-zhan"
    assert len(slugify("word " * 60)) <= 80
    assert slugify("!!!") == ""


def test_reading_takes_at_least_a_minute() -> None:
    assert [minutes_to_read(words) for words in (0, 1, 230, 800)] == [1, 1, 1, 3]


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("0065 9123 4567", "6591234567"),
        ("９１２３ ４５６７", "6591234567"),
        ("9123", "9123"),
        ("4 567", "4567"),
        ("12", ""),
        ("Tan 9123", ""),
        ("", ""),
    ],
)
def test_a_number_or_a_part_of_one_is_looked_for_by_its_digits(typed: str, digits: str) -> None:
    assert mobile_digits(typed, "SG") == digits


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("ピラティス", "pirateisu"),
        ("ガーデンヨガ", "gadenyoga"),
        ("ﾋﾟﾗﾃｨｽ", "pirateisu"),
        ("ヒ\u309aラ", "pira"),
        ("ひざ と こし", "hiza-to-kosi"),
        ("ばびぶべぼ", "babibubebo"),
        ("한국어 무릎", "hangugeo-mureup"),
        ("Привет, мир", "privet-mir"),
        ("สวัสดี", "swasdii"),
        ("It’s “fine”", "its-fine"),
        ("Straße & Café", "strasse-cafe"),
    ],
)
def test_a_slug_reads_a_title_as_it_is_said(title: str, slug: str) -> None:
    assert slugify(title) == slug
    assert slugify(slug) == slug


@pytest.mark.parametrize("comma", [",", "，", "、", "،", "､", " , "])
def test_a_list_has_the_commas_of_any_script(comma: str) -> None:
    assert words_between_commas(f"膝{comma}腰{comma} 背中 {comma}{comma}") == ["膝", "腰", "背中"]
