"""A word is found in any spelling, in every script, on both databases; the page shows it as its text spells it."""

from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.indexing import reindex_article
from clinic.core import search as index
from clinic.core.db import atomic, db
from clinic.core.folding import FOLDING, pieces_of, token_of, tokens_of, word_of, words_of
from clinic.core.text_index import IndexState, dialect
from clinic.leads.lead_index import find
from clinic.leads.models import Lead
from clinic.worker import work_once
from tests.browse import Page, visit
from tests.factories import make_article, make_booking
from tests.faults import fault

pytestmark = pytest.mark.dialect

# Typed words, a text that matches, and the part that is marked ("" where only the match counts).
PAIRS = [
    # Latin: accents, ligatures, letters of one language, full width, capitals
    ("Ménière", "Living with Ménière and Sjögren", "Ménière"),
    ("meniere", "Living with Ménière and Sjögren", "Ménière"),
    ("sjogren", "Living with Ménière and Sjögren", "Sjögren"),
    ("Sjögren", "Living with Meniere and Sjogren", "Sjogren"),
    ("Me\u0301nie\u0300re", "Living with Ménière", "Ménière"),
    ("Straße", "Die Straße ist lang", "Straße"),
    ("strasse", "Die Straße ist lang", "Straße"),
    ("STRASSE", "Die Straße ist lang", "Straße"),
    ("Straße", "DIE STRASSE IST LANG", "STRASSE"),
    ("fibromyalgia", "Living with ﬁbromyalgia", "ﬁbromyalgia"),
    ("ﬂexion", "Knee flexion at night", "flexion"),
    ("pilates", "ＰＩＬＡＴＥＳ at home", "ＰＩＬＡＴＥＳ"),
    ("ｐｉｌａｔｅｓ", "Pilates at home", "Pilates"),
    ("odegard", "Dr Ødegård helps", "Ødegård"),
    ("Ødegård", "Dr Odegard helps", "Odegard"),
    ("oedeme", "Un œdème du genou", "œdème"),
    ("lodz", "The school of Łódź", "Łódź"),
    ("Istanbul", "A day in İstanbul", "İstanbul"),
    ("đau lưng", "Bài tập cho người đau lưng", "đau lưng"),
    ("dau lung", "Bài tập cho người đau lưng", "đau lưng"),
    ("exercise", "Exercising after sixty", "Exercising"),
    ("physio", "A physiotherapist’s day", "physiotherapist"),
    ("coöperate", "Muscles cooperate", "cooperate"),
    ("Kranken\u00adhaus", "Das Krankenhaus", "Krankenhaus"),
    ("krankenhaus", "Das Kranken\u00adhaus", "Kranken\u00adhaus"),
    # Greek
    ("πόνος", "Ο πόνος στην πλάτη", "πόνος"),
    ("ΠΟΝΟΣ", "Ο πόνος στην πλάτη", "πόνος"),
    ("πονος", "Ο ΠΌΝΟΣ ΣΤΗΝ ΠΛΆΤΗ", "ΠΌΝΟΣ"),
    # Cyrillic
    ("ЁЛКА", "Упражнение ёлка", "ёлка"),
    ("елка", "Упражнение ёлка", "ёлка"),
    ("спина", "Болит СПИНА и шея", "СПИНА"),
    ("боль", "Хроническая боль", "боль"),
    # Hebrew
    ("שלום", "שָׁלוֹם לכולם", "שָׁלוֹם"),
    ("שָׁלוֹם", "שלום לכולם", "שלום"),
    ("גב", "כאבי גב תחתון", "גב"),
    # Arabic and Persian
    ("ألم", "علاج الم الظهر", "الم"),
    ("الم", "علاج ألم الظهر", "ألم"),
    ("أَلَم", "علاج ألم الظهر", "ألم"),
    ("می\u200cخواهم", "من می\u200cخواهم ورزش کنم", "می\u200cخواهم"),
    ("میخواهم", "من می\u200cخواهم ورزش کنم", "می\u200cخواهم"),
    ("كتاب", "این کتاب خوب است", "کتاب"),
    ("کتاب", "هذا كتاب جيد", "كتاب"),
    ("٣", "جلسة رقم 3 للظهر", "3"),
    # Devanagari
    ("पीठ", "पीठ दर्द का इलाज", "पीठ"),
    ("दर्द", "पीठ दर्द का इलाज", "दर्द"),
    ("क़लम", "एक क\u093cलम", ""),
    # Tamil, Bengali
    ("முதுகு", "முதுகு வலி", "முதுகு"),
    ("র\u200d্যাম", "র্যাম এবং পিঠ", ""),
    # Sinhala
    ("ශ්\u200dරී", "ශ්\u200dරී ලංකා", "ශ්\u200dරී"),
    ("ශ්රී", "ශ්\u200dරී ලංකා", "ශ්\u200dරී"),
    # Korean: a word, a part of it, with an ending
    ("물리치료", "물리치료와 필라테스", "물리치료"),
    ("필라테스", "물리치료와 필라테스", "필라테스"),
    ("치료", "물리치료와 필라테스", "치료"),
    ("허리", "허리 통증이 있는 분", "허리"),
    ("통증", "허리 통증이 있는 분", "통증"),
    ("목", "뒷목 스트레칭", "목"),
    # Japanese: voiced letters, both syllabaries, half width, a part of a run
    ("がんばる", "毎日がんばる人", "がんばる"),
    ("か\u3099んばる", "毎日がんばる人", "がんばる"),
    ("ピラティス", "はじめてのピラティス教室", "ピラティス"),
    ("ぴらてぃす", "はじめてのピラティス教室", "ピラティス"),
    ("ﾋﾟﾗﾃｨｽ", "はじめてのピラティス教室", "ピラティス"),
    ("教室", "はじめてのピラティス教室", "教室"),
    ("腰痛", "慢性の腰痛と運動", "腰痛"),
    ("腰", "慢性の腰痛と運動", "腰"),
    # Chinese: anywhere in a run
    ("物理治疗", "我们提供物理治疗和普拉提课程", "物理治疗"),
    ("治疗", "我们提供物理治疗和普拉提课程", "治疗"),
    ("普拉提", "我们提供物理治疗和普拉提课程", "普拉提"),
    ("课程", "我们提供物理治疗和普拉提课程", "课程"),
    ("膝", "怎样保护膝", "膝"),
    ("𠮷野", "拜访𠮷野医生", "𠮷野"),
    # Thai, Lao, Khmer, Burmese
    ("ปวดหลัง", "วิธีแก้ปวดหลังที่บ้าน", "ปวดหลัง"),
    ("หลัง", "วิธีแก้ปวดหลังที่บ้าน", "หลัง"),
    ("น้ำ", "ดื่มน้ำมากๆ", "น้ำ"),
    ("ປວດຫຼັງ", "ວິທີແກ້ປວດຫຼັງຢູ່ເຮືອນ", ""),
    ("ឈឺខ្នង", "ការព្យាបាលឈឺខ្នងនៅផ្ទះ", ""),
    ("ឈឺ\u200bខ្នង", "ការព្យាបាលឈឺខ្នងនៅផ្ទះ", ""),
    ("ခါးနာ", "ခါးနာခြင်းကိုကုသနည်း", ""),
    # Two scripts in one word
    ("iPhone", "用iPhone看课程", "iPhone"),
    ("PDF", "PDF\u200cها را بخوانید", ""),
]
ABSENT = [
    ("治理", "我们提供物理治疗和普拉提课程"),
    ("か", "がんばる"),
    ("리물", "물리치료"),
    ("שמש", "שָׁלוֹם לכולם"),
    ("zqxbbbbb", "毎日がんばる人"),
]


def search(client: FlaskClient, words: str) -> Page:
    return visit(client, "/search/", query={"q": words})


def test_there_are_sixty_pairs_and_more() -> None:
    assert len(PAIRS) >= 60


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "text", "marked"), PAIRS)
def test_a_word_is_found_and_marked_as_it_is_spelled(client: FlaskClient, typed: str, text: str, marked: str) -> None:
    make_article(title="One", summary="Why.", body=f"<p>{text}</p>")
    make_article(title="Another", summary="What.", body="<p>Nothing of the kind; 別の話; 다른 글.</p>")
    page = search(client, typed)
    assert page.texts(".hit h2") == ["One"]
    assert "Showing results" not in page.text
    if marked:
        assert " ".join(page.texts("mark")) == marked
    assert " ".join(text.split()) in "".join(node.text() for node in page.tree.css(".hit p")) or marked == ""


@pytest.mark.parametrize(("typed", "text", "_marked"), PAIRS[::4])
def test_it_is_found_in_titles_too(client: FlaskClient, typed: str, text: str, _marked: str) -> None:
    make_article(title=text)
    assert len(search(client, typed).tree.css(".hit")) == 1


@pytest.mark.parametrize(("typed", "text"), ABSENT)
def test_what_a_text_does_not_have_is_not_found(client: FlaskClient, typed: str, text: str) -> None:
    make_article(title="One", body=f"<p>{text}</p>")
    assert search(client, typed).texts(".hit h2") == []


def test_the_reported_korean_and_accented_words_are_found(client: FlaskClient) -> None:
    for name in ("search-korean.txt", "search-accents-postgresql.txt"):
        title, *rest = fault(name).decode().splitlines()
        typed = next(line.partition(": ")[2] for line in rest if line.startswith("search: "))
        make_article(title=title)
        assert len(search(client, typed).tree.css(".hit")) == 1, typed


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("陈伟玲", "伟玲"),
        ("Zoë Ødegård", "zoe odegard"),
        ("김민지", "민지"),
        ("Müller-Strauß", "muller strauss"),
        ("山田がく", "がく"),
        ("محمد علي", "محمد علی"),
    ],
)
def test_a_lead_is_found_however_the_name_is_written(app: Flask, name: str, typed: str) -> None:
    lead = make_booking(name=name).lead
    make_booking(name="Tan Wei Ling")
    assert find(typed) == [lead.id]


def test_a_typo_is_still_set_right_in_letters_with_accents(client: FlaskClient) -> None:
    make_article(title="Living with Ménière")
    page = search(client, "Ménièer")
    assert page.texts(".hit h2") == ["Living with Ménière"]
    assert "Showing results for meniere" in page.text


def test_no_sign_in_a_text_or_a_query_makes_a_mark(client: FlaskClient) -> None:
    article = make_article(title="Signs", body="<p>The kneecap glides &lt;mark&gt;here&lt;/mark&gt; &gt;x&lt;.</p>")
    for sign in ("\x02", "\x03", "&lt;", "&gt;"):  # past all operations, into the text and the index
        db.session.execute(
            sa.text("UPDATE article SET body = :body WHERE id = :id"),
            {"body": f"<p>The {sign}kneecap glides {sign}here{sign} and \x02there\x03.</p>", "id": article.id},
        )
        db.session.commit()
        reindex_article(article.id)
        page = search(client, f"kneecap {unescape(sign)}")
        assert page.texts("mark") == ["kneecap"], sign
        assert not page.tree.css("mark mark")


def test_a_long_text_is_shown_around_the_find(client: FlaskClient) -> None:
    make_article(title="Long", summary="Why.", body=f"<p>{'before ' * 200}kneecap {'after ' * 200}</p>")
    words = search(client, "kneecap").texts(".hit p")[-1]
    assert words.startswith("…before")
    assert words.endswith("after…")
    assert 20 < len(words.split()) < 35


def test_an_index_of_an_older_folding_is_built_anew_by_the_worker(app: Flask, client: FlaskClient) -> None:
    article, lead = make_article(title="Ménière und Straße", body="<p>物理治療師</p>"), make_booking(name="陈伟玲").lead
    old = {"title": "Ménière und Straße", "headings": "", "body": "Why. 物理治療師"}
    with atomic():  # the state that 0.3.0 leaves
        index.drop(article.id)
        index.INDEX.put(article.id, **old)
        index.count_words({"物理治療師": 1, "meniere": 1})
        is_sqlite = dialect() == "sqlite"
        table, key = ("lead_fts", "rowid") if is_sqlite else ("lead_vector", "ref")
        words = "'陈伟玲'" if is_sqlite else "to_tsvector('simple', '陈伟玲')"
        db.session.execute(sa.text(f"UPDATE {table} SET words = {words} WHERE {key} = {lead.id}"))
        db.session.execute(sa.update(Lead).values(name_head="陈"))
        db.session.execute(sa.delete(IndexState))
    assert search(client, "治療").texts(".hit h2") == []
    assert find("伟玲") == []
    work_once(app)
    db.session.rollback()
    for typed in ("治療", "meniere", "strasse"):
        assert search(client, typed).texts(".hit h2") == ["Ménière und Straße"], typed
    assert find("伟玲") == [lead.id]
    db.session.expire_all()
    assert db.session.get_one(Lead, lead.id).name_head == "陈伟玲"
    assert "物理治療師" not in db.session.scalars(sa.select(index.SearchWord.word)).all()
    states = {one.name: one.folding for one in db.session.scalars(sa.select(IndexState))}
    assert states == {"articles": FOLDING, "leads": FOLDING}
    assert work_once(app) == 0


def test_reindexing_by_hand_brings_both_indexes_up_to_date(app: Flask, client: FlaskClient) -> None:
    article, lead = make_article(title="物理治療師"), make_booking(name="陈伟玲").lead
    with atomic():
        index.drop(article.id)
        db.session.execute(sa.text("DELETE FROM " + ("lead_fts" if dialect() == "sqlite" else "lead_vector")))
    assert app.test_cli_runner().invoke(args=["clinic", "reindex"]).exit_code == 0
    assert search(client, "治療").texts(".hit h2") == ["物理治療師"]
    assert find("伟玲") == [lead.id]


@pytest.mark.parametrize("text", [text for _, text, _ in PAIRS])
def test_a_token_stands_for_one_word_and_folding_twice_is_folding_once(text: str) -> None:
    tokens = tokens_of(text)
    assert tokens.isascii()
    assert tokens_of(tokens) == tokens
    assert [word_of(token) for token in tokens.split()] == [piece.word for piece in pieces_of(text)]
    assert words_of(" ".join(words_of(text))) == words_of(text)
    assert all(word_of(token_of(word)) == word for word in words_of(text))
