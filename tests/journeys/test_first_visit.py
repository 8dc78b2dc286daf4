"""From the first click to a member: article, trial, times, visit, another time, reminder, voucher, joined, report."""

import email.policy
import itertools
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import segno
from icalendar import Calendar
from PIL import Image
from playwright.sync_api import Browser

from clinic.core.db import Base
from tests.journeys.browser import ARTICLE, CHROMIUM_ARGS, Person, Site
from tests.journeys.conftest import MakePerson
from tests.journeys.pages import signed_link
from tests.journeys.test_visitor_books import ask
from tests.services import find_chromium, wait_for

pytestmark = pytest.mark.browser

numbers = itertools.count(1)
ZONE = ZoneInfo("Asia/Singapore")
# A headless browser identifies itself and counts as a robot, so this one sends a usual user agent.
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


def letters_to(site: Site, address: str) -> list[EmailMessage]:
    """Return the delivered letters, oldest first."""
    paths = sorted((site.instance / "mail").glob("*.eml"))
    found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    return [letter for letter in found if address in letter["To"]]


def letter_about(site: Site, address: str, words: str) -> EmailMessage:
    """Wait for the latest letter with these words in its subject, and return it."""

    def found() -> list[EmailMessage]:
        return [letter for letter in letters_to(site, address) if words in letter["Subject"]]

    wait_for(lambda: bool(found()), f"a letter about {words} to {address}", seconds=60)
    return found()[-1]


def link_in(letter: EmailMessage, purpose: str) -> str:
    body = letter.get_body(preferencelist=("plain",))
    assert body
    found = re.search(rf"(/link/{purpose}/\S+/)", body.get_content())
    assert found, purpose
    return found[1]


def event_in(letter: EmailMessage) -> Any:
    part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
    content: Any = part.get_payload(decode=True)
    calendar = Calendar.from_ical(content)
    assert isinstance(calendar, Calendar)
    return calendar


def reads_of(desk: Person) -> list[int]:
    """Return reads, trials, attended and joined of the article in the report."""
    desk.open("/admin/report/")
    cells = desk.page.locator(".rows tbody tr", has_text="Long days in a chair").locator("td").all_inner_texts()
    return [int(re.sub(r"\D", "", cell) or 0) for cell in cells[1:]]


def test_from_the_first_click_to_a_member(arrive: MakePerson) -> None:
    number = next(numbers)
    address, name = f"first{number}@visits.example.org", f"Chan Mui Lan {number}"
    desk = arrive(role="desk")
    before = reads_of(desk)

    visitor = arrive(375, user_agent=READER)
    visitor.open("/")
    visitor.follow("Articles", within="header")
    visitor.follow("Long days in a chair")
    assert visitor.path == ARTICLE
    ask(visitor, {"Your_Name": name, "Your_Email": address, "Your_Mobile": f"9711 {number:04d}"})
    # The page is the same for everybody, but this tab has the details, so nothing needs typing again.
    assert not visitor.page.get_by_label("Your Email").is_visible()
    visitor.page.get_by_label("Morning").first.check()
    visitor.press("Send my times")
    assert "We have your times" in visitor.status()

    desk.open("/admin/today/?waiting=all")
    desk.follow(name, within=".waiting")
    assert "Monday morning" in desk.text()
    desk.follow("Next week")
    desk.page.locator(".slot").first.click()
    desk.page.wait_for_load_state()
    assert "Set:" in desk.status()
    first = letter_about(visitor.site, address, "Pilates 1-to-1 on")
    event = event_in(first).walk("VEVENT")[0]
    assert int(event["SEQUENCE"]) == 0

    visitor.open(link_in(first, "other-time"))
    visitor.page.get_by_label("Evening").first.check()
    visitor.press("Ask for another time")
    assert "Until then, your visit stays on" in visitor.status()

    soon = free_time_soon(visitor.site)
    desk.open("/admin/today/?waiting=all")
    desk.follow(name, within=".waiting")
    assert "asks for another" in desk.text()
    desk.page.get_by_text("Another time", exact=True).click()
    desk.page.get_by_label("Date and time").fill(f"{soon:%Y-%m-%dT%H:%M}")
    desk.press("Set this time")
    assert "Set:" in desk.status()
    second = letter_about(visitor.site, address, "New time")
    moved = event_in(second).walk("VEVENT")[0]
    assert (str(moved["UID"]), int(moved["SEQUENCE"])) == (str(event["UID"]), 1)
    letter_about(visitor.site, address, "Reminder:")  # the reminder, as the visit is near

    code = re.search(r"Your voucher code: (\w{8})", second.get_body(("plain",)).get_content())
    assert code
    desk.open(f"/admin/redeem/?code={code[1]}")
    desk.press("Redeem", within=".redeem-card")
    assert f"Redeemed: {name}" in desk.status()
    desk.open(f"/admin/today/?day={soon:%Y-%m-%d}")
    assert "attended" in desk.page.locator(".visit", has_text=name).inner_text()

    desk.page.locator(".visit", has_text=name).get_by_role("link", name=name).click()
    desk.page.wait_for_load_state()
    desk.page.get_by_label("Stage", exact=True).select_option("joined")
    desk.press("Change")
    after = reads_of(desk)
    assert [now - was for now, was in zip(after[1:], before[1:], strict=True)] == [1, 1, 1]
    wait_for(lambda: reads_of(desk)[0] > before[0], "the read to be counted", seconds=30)
    assert len([letter for letter in letters_to(visitor.site, address) if "Reminder:" in letter["Subject"]]) == 1


def free_time_soon(site: Site) -> datetime:
    """Return a time some hours from now that does not overlap the visits of the demo."""
    begins = [row[0] for row in site.rows("SELECT starts_at FROM visit WHERE state = 'set'")]
    taken = [one if isinstance(one, datetime) else datetime.fromisoformat(one).replace(tzinfo=UTC) for one in begins]
    now = datetime.now(ZONE).replace(minute=0, second=0, microsecond=0)
    times = (now + timedelta(hours=hours) for hours in range(3, 20))
    return next(time for time in times if all(abs(time - one) >= timedelta(hours=2) for one in taken))


def kept(site: Site) -> dict[str, list[tuple[object, ...]]]:
    """Return every row, except those of sign-ins, reads and heartbeats."""
    passing = {"heartbeat", "read_count", "staff_session", "rate_count", "presence"}
    return {
        name: sorted(site.rows(f'SELECT * FROM "{name}"'), key=repr) for name in set(Base.metadata.tables) - passing
    }


def test_following_every_link_of_every_mail_changes_nothing(arrive: MakePerson, site: Site) -> None:
    drained = "SELECT count(*) FROM message WHERE state IN ('queued', 'sending')"
    wait_for(lambda: site.rows(drained) == [(0,)], "the outbox to be drained", seconds=60)
    folder = site.instance / "mail"
    letters = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.glob("*.eml")
    ]
    parts = [part for letter in letters for part in letter.walk() if part.get_content_maintype() == "text"]
    texts = [part.get_content() for part in parts]
    ((booking_id, lead_id),) = site.rows("SELECT id, lead_id FROM booking ORDER BY id DESC LIMIT 1")
    values = {"times": booking_id, "cancel-visit": booking_id, "other-time": booking_id, "my-data": lead_id}
    texts += [site.url + signed_link(site.instance, purpose, value) for purpose, value in values.items()]
    urls = sorted({url for text in texts for url in re.findall(rf"{re.escape(site.url)}[^\s\"'<>)]+", text)})
    assert {"cancel-visit", "my-data", "other-time", "times"} <= {url.split("/")[4] for url in urls if "/link/" in url}
    visitor = arrive()
    visitor.is_staff = True  # links to the panel lead to the sign-in, which sets a cookie
    before = kept(site)
    for url in urls:
        for method in ("GET", "HEAD"):
            request = urllib.request.Request(url, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200, url
        visitor.page.goto(url)
        visitor.complaints.clear()
    assert kept(site) == before


def picture_for_camera(path: Path, text: str) -> None:
    """Return a video of one still frame with a QR code (YUV4MPEG2, 4:2:0), which Chromium uses as a camera."""
    png = path.with_suffix(".png")
    segno.make(text, error="m", micro=False).save(str(png), scale=8, border=4)
    frame = Image.new("L", (640, 480), 235)
    with Image.open(png) as code:
        frame.paste(code.convert("L"), ((640 - code.width) // 2, (480 - code.height) // 2))
    chroma = bytes([128]) * (320 * 240 * 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + frame.tobytes() + chroma) * 10)


def test_the_camera_reads_a_voucher(browser: Browser, site: Site, tmp_path: Path) -> None:
    ((code,),) = site.rows("SELECT code FROM voucher WHERE state = 'issued' LIMIT 1")
    film = tmp_path / "camera.y4m"
    picture_for_camera(film, f"https://somewhere.else.example/admin/redeem/?code={code}")
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with_camera = browser.browser_type.launch(executable_path=find_chromium(), args=[*CHROMIUM_ARGS, *camera])
    desk = Person(with_camera, site, width=375)
    desk.sign_in("desk")
    desk.open("/admin/redeem/")
    desk.page.get_by_role("button", name="Scan with the camera").click()
    desk.page.wait_for_url(f"{site.url}/admin/redeem/?code={code}", timeout=20_000)
    assert code in desk.page.locator(".redeem-card").inner_text()
    desk.leave()
    with_camera.close()
