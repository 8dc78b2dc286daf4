"""Tabular files of many programs: read, or refused with a sentence; no row is lost, and nothing crashes."""

import io
import logging
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.admin.desk.export import safe_cell
from clinic.core.tables import Table, TableRefused, heading, places_of, read_lines, read_table

ODS_CELL = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="One">{}</table:table></office:spreadsheet></office:body>
</office:document-content>"""

MANIFEST = """<?xml version="1.0"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""


def rows(data: bytes | str) -> list[tuple[int, list[str]]]:
    table = read_lines(data) if isinstance(data, str) else read_table(data)
    assert all(not row.why for row in table.rows)
    return [(row.number, row.cells) for row in table.rows]


def xlsx(*sheets: tuple[str, list[list[object]]], first_row: int = 0) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, lines in sheets:
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines, first_row):
                for place, value in enumerate(line):
                    sheet.write(number, place, value)
    return file.getvalue()


def ods(lines: list[list[str]]) -> bytes:
    file = io.BytesIO()
    body = "".join(
        f"<table:table-row>{''.join(ODS_CELL.format(cell) for cell in line)}</table:table-row>" for line in lines
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", ODS.format(body))
    return file.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)  # fmt: skip
def test_every_spelling_of_a_csv_is_read(encoding: str, mark: str, end: str) -> None:
    text = end.join([f"Name{mark}Mail", f'"Zoë{mark} jr"{mark}z@a.example', "", f"Jörg {mark} j@a.example{mark}", ""])
    assert rows(text.encode(encoding)) == [
        (1, ["Name", "Mail"]),
        (2, [f"Zoë{mark} jr", "z@a.example"]),
        (4, ["Jörg", "j@a.example", ""]),
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "姓名,手机\n陈伟玲,91234567\n王小明,98765432\n"),
        ("big5", "姓名,電話\n陳偉玲,91234567\n"),
        ("shift_jis", "名前,電話\n山田太郎,0312345678\nたなか,1\n"),
        ("cp1251", "Имя;Телефон\nИван Петров;123\n"),
        ("euc_kr", "이름,전화\n김철수,010\n"),
        ("cp874", "ชื่อ,โทร\nสมชาย,1\n"),
        ("cp1252", "Müller;José García;“Zoë”\n"),
    ],
)
def test_older_encodings_are_recognised(encoding: str, text: str) -> None:
    assert read_table(text.encode(encoding)) == read_lines(text)


@pytest.mark.parametrize("said", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_a_line_that_names_the_separator_is_obeyed_and_counted(said: str) -> None:
    assert rows(f"{said}\r\na,1;b\r\nc,2;d\r\n") == [(2, ["a,1", "b"]), (3, ["c,2", "d"])]


def test_a_cell_may_hold_lines_and_the_next_row_has_its_own_number() -> None:
    assert rows('a,"first\r\nsecond ""q""",b\r\nc,d,e') == [(1, ["a", 'first\nsecond "q"', "b"]), (3, ["c", "d", "e"])]


@pytest.mark.parametrize("broken", ['a,"b', '"a,b', 'a,"b" c', '"a"b,c'])
def test_a_mark_that_does_not_match_costs_one_line_and_no_other(broken: str) -> None:
    table = read_lines(f'x,y\n{broken}\nc,d\n"e","f"\n')
    assert [(row.number, row.cells, bool(row.why)) for row in table.rows] == [
        (1, ["x", "y"], False),
        (2, [broken], True),
        (3, ["c", "d"], False),
        (4, ["e", "f"], False),
    ]
    assert table.rows[1].why == "Its quotation marks do not match."


def test_a_line_without_end_is_refused_and_the_next_is_read() -> None:
    table = read_lines("x" * 200_000 + "\na,b\n")
    assert [(row.number, row.why) for row in table.rows] == [(1, "It is too long."), (2, "")]
    assert len(table.rows[0].text) == 120


@pytest.mark.parametrize("text", ["+6591234001", "=1+1", "-5", "@home", "plain", "'quoted'", "O'Hara"])
def test_the_guard_of_our_own_export_is_taken_off_again(text: str) -> None:
    assert rows(f"{safe_cell(text)},x") == [(1, [text, "x"])]


def test_a_workbook_is_read_as_it_is_seen() -> None:
    data = xlsx(("Old", []), ("Customers", [["Email", "Mobile"], ["a@b.example", 6591234567], [True, 1.5], ["", ""]]))
    assert rows(data) == [(1, ["Email", "Mobile"]), (2, ["a@b.example", "6591234567"]), (3, ["TRUE", "1.5"])]
    assert rows(xlsx(("One", [["a"], ["b"]]), first_row=6)) == [(7, ["a"]), (8, ["b"])]
    assert rows(ods([["Email", "Mobile"], ["a@b.example", "'+6591234567"]])) == [
        (1, ["Email", "Mobile"]),
        (2, ["a@b.example", "+6591234567"]),
    ]


def test_sheets_that_are_not_read_are_named() -> None:
    data = xlsx(("Now", [["a"]]), ("Before", [["b"]]), ("Empty", []))
    assert read_table(data) == Table(
        read_table(xlsx(("x", [["a"]]))).rows, ["Only the sheet “Now” was read, not “Before”."]
    )


def test_html_that_calls_itself_excel_is_read() -> None:
    data = b"<html><body><table><tr><th>Email</th></tr><tr><td>a@b.example</td></tr></table></body></html>"
    assert rows(data) == [(1, ["Email"]), (2, ["a@b.example"])]


def bomb() -> bytes:
    """Return a workbook of two cells, the second in the last corner: a dense reader would need 17 thousand million
    cells."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(("One", [["a"]])))) as old, zipfile.ZipFile(whole, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            new.writestr(name, data)
    return whole.getvalue()


def packed() -> bytes:
    """Return a workbook whose sheet unpacks to a gigabyte."""
    whole = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(("One", [["a"]])))) as old,
        zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != "xl/worksheets/sheet1.xml":
                new.writestr(name, old.read(name))
        with new.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(b"<worksheet><sheetData><row><c><v>")
            for _ in range(1024):
                sheet.write(b"1" * 1024 * 1024)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"\x1f\x8b\x08", "a packed file"),
        (b"<!doctype html><p>x</p>", "without a table"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "Excel file of 2003",
        ),
        (b"PK\x03\x04 and no more", "cannot be read as a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read as a spreadsheet"),
        (xlsx(("One", [["a"]]))[:-200], "cannot be read as a spreadsheet"),
        pytest.param(bomb(), "cannot be read as a spreadsheet", id="bomb"),
        pytest.param(packed(), "cannot be read as a spreadsheet", id="packed"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(data: bytes, words: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="clinic"), pytest.raises(TableRefused, match=words) as refused:
        read_table(data)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(("save it as CSV or Excel (.xlsx).", "."))
    assert ("spreadsheet of" in caplog.text) == ("cannot be read" in words), "our own error is in the log"


def test_nothing_is_a_table_without_rows() -> None:
    for data in (b"", b"\n\n", b";;;\n,,", b"\xef\xbb\xbf", b"\xff\xfe", b"\0\0\0\0"):
        assert read_table(data).rows == []


def test_headings_are_compared_by_their_letters() -> None:
    assert [heading(text) for text in ("E-mail Address", "Mobile No.", " Téléphone ", "Ｅｍａｉｌ")] == [
        "emailaddress", "mobileno", "telephone", "email",
    ]  # fmt: skip
    assert places_of(["Home phone", "Mobile", "Phone type", "Phone"], ("mobile", "phone"), ("type",)) == [1, 3, 0]


CELL = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\0\ufeff,;\t|'), max_size=12).map(str.strip)


@given(st.lists(st.lists(CELL.filter(bool), min_size=2, max_size=2), min_size=1, max_size=12), st.sampled_from(",;\t|"))
def test_no_row_is_lost(lines: list[list[str]], mark: str) -> None:
    text = "\n".join(mark.join(line) for line in lines)
    assert [row.number for row in read_table(text.encode("utf-8-sig")).rows] == list(range(1, len(lines) + 1))


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return  # tested above: each costs a process
    try:
        table = read_table(data)
    except TableRefused as refused:
        assert str(refused)  # noqa: PT017 - a file may be read or refused
    else:
        assert all(row.number > 0 and row.cells for row in table.rows)


@given(st.text(st.sampled_from('ab,;"\n\r\t '), max_size=60))
def test_every_line_that_says_something_is_in_some_row(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered: set[int] = set()
    found = read_lines(text).rows
    ends = [row.number for row in found[1:]] + [len(lines) + 1]
    for row, end in zip(found, ends, strict=False):
        covered |= set(range(row.number, end))
    for number, line in enumerate(lines, 1):
        assert number in covered or not line.strip(' ,;\t|"')


def test_the_child_imports_nothing_of_ours() -> None:
    source = (Path(__file__).parents[2] / "clinic" / "core" / "sheet_child.py").read_text(encoding="utf-8")
    assert "clinic" not in source.partition('"""\n')[2]
