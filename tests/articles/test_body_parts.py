"""Tests of parts that a body only names: the trial form and videos."""

from flask.testing import FlaskClient

from clinic.articles.models import Kind
from clinic.core.db import atomic
from tests.browse import visit
from tests.factories import make_article, make_image, make_services

FORM = '<p>Before.</p><section data-part="trial-form"></section><p>After.</p><section data-part="trial-form"></section>'


def test_the_trial_form_stands_where_it_was_put_and_only_there(client: FlaskClient) -> None:
    make_services()
    page = visit(client, make_article(body=FORM).address)
    assert len(page.tree.css("form[action='/book/']")) == 1
    assert page.tree.css(".prose .trial")
    assert page.values("Book my trial")["source"]
    done = page.submit("Book my trial", name="", email="x")
    assert done.status == 422


def test_a_page_can_have_the_form_and_a_feed_has_a_link_instead(client: FlaskClient) -> None:
    make_services()
    assert visit(client, make_article(kind=Kind.PAGE, slug="start", body=FORM).address).tree.css(".prose .trial")
    make_article(body=FORM)
    feed = client.get("/feed.xml").text
    assert "/book/" in feed
    assert "<form" not in feed
    assert "&lt;form" not in feed


def test_a_video_is_a_link_until_it_is_pressed_and_only_its_page_may_frame_it(client: FlaskClient) -> None:
    body = '<p>Look.</p><figure data-video="youtube:dQw4w9WgXcQ"><figcaption>A bridge</figcaption></figure>'
    page = visit(client, make_article(body=body).address)
    link = page.one("a.video-link")
    assert link.attributes["href"] == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    assert not page.tree.css("iframe")
    policy = page.response.headers["Content-Security-Policy"]
    assert policy.endswith("frame-src https://www.youtube-nocookie.com https://player.vimeo.com")
    other = visit(client, make_article().address)
    assert "frame-src" not in other.response.headers["Content-Security-Policy"]
    assert not other.tree.css("script[src*=video]")


def test_a_video_from_anywhere_else_leaves_nothing_behind(client: FlaskClient) -> None:
    places = ("elsewhere:1234567", "youtube:x", "youtube:<b>", "vimeo:notanumber", "")
    body = "<p>Look.</p>" + "".join(f'<figure data-video="{one}"></figure>' for one in places)
    assert not visit(client, make_article(body=body).address).tree.css(".prose figure")


def test_source_and_licence_of_a_picture_can_be_said_where_it_is_used(client: FlaskClient) -> None:
    image = make_image(credit="Photo: Mei Tan")
    with atomic():
        image.source_url, image.licence = "https://photos.example/mei", "CC BY 4.0"
    figure = f'<figure data-image="{image.id}"{{}}><figcaption>Hip</figcaption></figure>'
    said = ' data-credit="Jo Lim" data-source="https://photos.example/jo" data-licence="CC0"'
    for attributes, shown in (
        ("", '<a href="https://photos.example/mei">Photo: Mei Tan</a>, CC BY 4.0'),
        (said, '<a href="https://photos.example/jo">Jo Lim</a>, CC0'),
        (' data-credit="Jo Lim"', '<span class="credit">Jo Lim</span>'),  # not at Mei's address, not under her licence
        (' data-credit="Jo Lim" data-source="javascript:alert(1)"', '<span class="credit">Jo Lim</span>'),
    ):
        article = make_article(body=f"<p>Text.</p>{figure.format(attributes)}")
        assert shown in client.get(article.address).get_data(as_text=True), attributes
    main = make_article(image_id=image.id, image_credit="Bo", image_source="https://b.example/", image_licence="CC0")
    assert '<a href="https://b.example/">Bo</a>, CC0' in client.get(main.address).get_data(as_text=True)


def test_inner_links_carry_their_whole_address_for_paper(client: FlaskClient) -> None:
    article = make_article(body='<p><a href="/book/">Book</a></p>')
    page = client.get(article.address).get_data(as_text=True)
    assert '<a href="/book/" data-address="http://127.0.0.1:8000/book/">Book</a>' in page
