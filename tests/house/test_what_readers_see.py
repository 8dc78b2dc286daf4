"""A walk over every operation: the content version changes exactly when a public page does."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask import Flask

from clinic.accounts.access import RoleName
from clinic.accounts.models import StaffSession
from clinic.accounts.operations import (
    change_settings,
    change_user,
    create_user,
    end_session,
    end_sessions,
    ensure_roles,
    note_activity,
    note_export,
    note_refused_sign_in,
    open_session,
    reset_second_factor,
    sweep_sessions,
)
from clinic.articles.indexing import reindex_article
from clinic.articles.lifecycle import (
    TRASH_KEPT,
    delete_article,
    publish_article,
    retire_article,
    sweep_trash,
    trash_article,
    unschedule_article,
    untrash_article,
)
from clinic.articles.models import Article, Author, Category, Kind, Tag
from clinic.articles.operations import edit_article, write_article
from clinic.articles.redirects import add_redirect, follow_move, import_redirects, remove_redirect
from clinic.articles.reviews import remind_of_reviews, sign_off_article
from clinic.articles.revisions import restore_revision, revision_of
from clinic.articles.taxonomy import (
    Portrayal,
    add_author,
    add_category,
    add_tag,
    change_author,
    change_category,
    change_tag,
    delete_author,
    delete_category,
    delete_tag,
    ensure_author,
    ensure_category,
    merge_tag,
)
from clinic.articles.text import Text
from clinic.bookings.blocked_guests import block_guest, lift_block
from clinic.bookings.customers import know_customer
from clinic.bookings.models import Booking, Service
from clinic.bookings.operations import (
    TrialRequest,
    allow_booking,
    book_trial,
    decline_booking,
    redeem_voucher,
    undo_redemption,
)
from clinic.bookings.services import Offer, add_service, change_service, delete_service, ensure_service
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import approve_pending, moderate_comment, post_comment, undo_moderation
from clinic.core import clock, content_version
from clinic.core.db import db
from clinic.core.heartbeat import beat, note_start, note_stop
from clinic.core.jobs import Job, try_again
from clinic.core.limits import sweep_counts
from clinic.core.once import sweep_forms
from clinic.core.order import move, reorder
from clinic.core.search import forget_old_words
from clinic.core.signing import sweep_spent_links
from clinic.core.text_index import note_folded
from clinic.editing.autosave import drop_autosave, keep_autosave, note_presence, sweep_autosaves
from clinic.editing.previews import make_preview_link, preview_links, revoke_preview_link, sweep_preview_links
from clinic.frame.models import HomeSection, MenuItem, MenuPlace
from clinic.frame.operations import add_menu_item, change_menu_item, change_section, delete_menu_item
from clinic.leads.models import Letter, Merge, Stage
from clinic.leads.operations import (
    add_event,
    add_note,
    assign_lead,
    change_stage,
    delete_letter,
    keep_apart,
    merge_leads,
    move_leads,
    note_refused_mailbox,
    plan_next_step,
    record_lead,
    remind_of_leads,
    save_letter,
    split_leads,
    undo_stage,
    unsubscribe,
    write_letter,
)
from clinic.media.operations import (
    Description,
    add_image,
    delete_image,
    describe_image,
    render_again,
    render_next,
    replace_image,
)
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import send_again, send_due
from clinic.preferences import change_preferences
from clinic.reading.reads import add_reads
from clinic.visits.models import VisitState
from clinic.visits.operations import (
    ask_for_other_time,
    cancel_visit,
    check_day,
    keep_wish,
    mark_attended,
    mark_missed,
    redeem_at_desk,
    remind_of_visits,
    reopen_visit,
    set_visit,
    take_back_redemption,
    undo_cancel,
)
from clinic.visits.therapists import add_therapist, change_therapist, delete_therapist, make_feed, revoke_feed
from tests.conftest import MovableClock
from tests.factories import make_user, picture_bytes

ROOT = Path(__file__).parents[2] / "clinic"
SAID = Description(alt="A knee", credit="Photo: Mei Tan")
# Not part of daily use: they call the operations below, or write the same in bulk.
ELSEWHERE = {"load_demo", "bulk_articles", "in_portions", "go_on_counting", "take_statistics"}
# Steps of operations in the walk, each called by one of them.
STEPS = {"_note_failure", "_note_success", "_mark_refused", "_give_up_lapsed", "for_each"}
STEPS |= {"_claim_next", "_mark_sent", "_mark_failed_try", "_claim", "_note_renditions", "_count_in_database", "plan"}
# Transactions around other operations, and lines of the log.
STEPS |= {"make_once", "act_once", "spend_and_act", "note_import", "_give_back_in_database", "_refold"}
STEPS |= {"look_after", "undo_stages", "_export", "report_csv"}
# Operations after which the token may change without a difference in any page: a scheduled article changes how long
# pages are valid, and a chosen teaser may be the one shown before.
MAY_CHANGE = {
    "edit_article, its teasers",
    "edit_article, scheduled",
    "publish_article, for later",
    "unschedule_article",
}
LATER = "time goes by"  # pages also change with time


def change(article: Article, **fields: Any) -> Article:
    text = Text.of(article)
    for name, value in fields.items():
        setattr(text, name, value)
    return edit_article(article, text)


def write(title: str, **fields: Any) -> Article:
    text = {"summary": "What the hip muscles do.", "body": f"<p>{title} carry us.</p>"} | fields
    return write_article(Kind.POST, Text(title=title, **text))


def section(kind: str, **said: Any) -> HomeSection:
    found = db.session.scalars(sa.select(HomeSection).where(HomeSection.kind == kind)).one()
    return change_section(found, **{"heading": found.heading, "body": None, "is_shown": found.is_shown} | said)


def latest(model: Any) -> Any:
    return db.session.scalars(sa.select(model).order_by(model.id.desc()).limit(1)).one()


def latest_session() -> StaffSession:
    return db.session.scalars(sa.select(StaffSession)).one()


def links(place: MenuPlace = MenuPlace.HEADER) -> list[int]:
    return list(db.session.scalars(sa.select(MenuItem.id).where(MenuItem.place == place).order_by(MenuItem.position)))


def book(s: SimpleNamespace, number: int, **said: Any) -> Booking:
    asked = {"name": f"Tan {number}", "email": f"tan{number}@example.org", "mobile": f"+659100000{number}"} | said
    return book_trial(TrialRequest(service_id=s.service.id, **asked))


def post(s: SimpleNamespace, body: str) -> Comment:
    post_comment(article_id=s.post.id, article_title=s.post.title, name="Jo", email="jo@example.org", body=body)
    comment: Comment = latest(Comment)
    return comment


def fail(_message: Message) -> None:
    raise TimeoutError


def all_sent(deliver: Callable[[Message], None]) -> None:
    while send_due(deliver, owner="walk"):
        pass


def steps(s: SimpleNamespace, clock_: MovableClock) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Return each operation with its subject, in an order in which a clinic might use them."""

    def keep(name: str, act: Callable[[], Any]) -> Callable[[], None]:
        def do() -> None:
            setattr(s, name, act())

        return do

    yield "ensure_roles", ensure_roles
    yield (
        "create_user",
        keep("user", lambda: create_user(email="a@x.org", name="A", roles=[RoleName.OWNER], password=None)),
    )
    yield "change_user", lambda: change_user(s.user, name="B", roles=[RoleName.EDITOR], active=True)
    yield "reset_second_factor", lambda: reset_second_factor(s.user)
    yield "note_refused_sign_in", lambda: note_refused_sign_in(s.user)
    yield "note_export", lambda: note_export("leads", by=s.user, detail="csv")
    yield "change_settings", lambda: change_settings({"tagline": "We help you move"}, by=s.user)
    yield "change_settings, again", lambda: change_settings({"tagline": "We help you move"}, by=s.user)
    yield "open_session", keep("session", lambda: open_session(s.user))
    yield "note_activity", lambda: note_activity(latest_session())
    yield "end_sessions", lambda: end_sessions(s.user, [latest_session().digest])
    yield "end_session", lambda: end_session(s.session)
    yield "sweep_sessions", sweep_sessions
    yield "beat", lambda: beat("worker")
    yield "note_start", lambda: note_start("worker")
    yield "note_stop", lambda: note_stop("worker")
    yield "a job that fails", Job("mail", 0, lambda: 1 / 0).run
    yield "try_again", lambda: try_again("mail", by=s.user)
    yield "a job that works again", Job("mail", 0, lambda: True).run

    yield "ensure_category", keep("category", lambda: ensure_category(slug="hips", name="Hips"))
    yield "ensure_author", keep("author", lambda: ensure_author(slug="lim", name="Lim", title="Physio", bio="Hello."))
    yield (
        "write_article",
        keep("post", lambda: write("Hips", category_id=s.category.id, author_id=s.author.id, tags=["a"])),
    )
    yield "edit_article, a draft", lambda: change(s.post, title="Strong hips", tags=["a", "hip"])
    yield "restore_revision, a draft", lambda: restore_revision(revision_of(s.post, 1))  # type: ignore[arg-type]
    yield "sign_off_article, a draft", lambda: sign_off_article(s.post, on=date(2026, 11, 1))
    yield "publish_article", lambda: publish_article(s.post)
    yield "edit_article", lambda: change(s.post, title="Very strong hips", slug="strong-hips", tags=["a", "hip"])
    yield "edit_article, nothing", lambda: change(s.post)
    yield "restore_revision", lambda: restore_revision(revision_of(s.post, 4))  # type: ignore[arg-type]
    yield "edit_article, reviewed", lambda: change(s.post, reviewer_id=s.author.id, reviewed_on=date(2026, 11, 1))
    yield "sign_off_article", lambda: sign_off_article(s.post, on=date(2026, 11, 2))
    yield "sign_off_article, again", lambda: sign_off_article(s.post, on=date(2026, 11, 2))
    yield (
        "write_article, another",
        keep("other", lambda: write("Knees", category_id=s.category.id, author_id=s.author.id)),
    )
    yield "publish_article, another", lambda: publish_article(s.other)
    yield "edit_article, its teasers", lambda: change(s.post, teaser_ids=[s.other.id])
    yield "reindex_article", lambda: reindex_article(s.post.id)
    yield (
        "write_article, a third",
        keep("later", lambda: write("Feet", category_id=s.category.id, author_id=s.author.id)),
    )
    yield "publish_article, for later", lambda: publish_article(s.later, at=clock.now() + timedelta(days=2))
    yield "edit_article, scheduled", lambda: change(s.later, title="Flat feet")
    yield "unschedule_article", lambda: unschedule_article(s.later)
    yield "trash_article, a draft", lambda: trash_article(s.later)
    yield "untrash_article, a draft", lambda: untrash_article(s.later)
    yield "add_reads", lambda: add_reads({(s.post.slug, date(2026, 11, 20)): 3})
    yield "remind_of_reviews", lambda: remind_of_reviews(date(2028, 1, 1))

    yield "add_image", keep("image", lambda: add_image(picture_bytes(), filename="a.jpg", said=SAID))
    yield "describe_image, unused", lambda: describe_image(s.image, Description(alt="Another knee", credit="C"))
    yield "render_next, unused", render_next
    yield "edit_article, its picture", lambda: change(s.post, image_id=s.image.id)
    yield "describe_image", lambda: describe_image(s.image, SAID)
    yield "describe_image, again", lambda: describe_image(s.image, SAID)
    yield "replace_image", lambda: replace_image(s.image, picture_bytes(900, 500), filename="b.jpg")
    yield "render_next", render_next
    yield "render_next, nothing", render_next
    yield "render_again", lambda: render_again(s.image)
    yield "add_image, a second", keep("second", lambda: add_image(picture_bytes(), filename="c.jpg", said=SAID))
    yield "delete_image", lambda: delete_image(s.second)

    yield "keep_autosave", lambda: keep_autosave(s.user, "articles_admin:1:x", {"title": "Ty"}, 1)
    yield "note_presence", lambda: note_presence(s.user, s.post.id)
    yield "drop_autosave", lambda: drop_autosave(s.user, "articles_admin:1:x")
    yield "sweep_autosaves", sweep_autosaves
    yield "make_preview_link", lambda: make_preview_link(s.later, by=s.user)
    yield "revoke_preview_link", lambda: revoke_preview_link(preview_links(s.later)[0], by=s.user)
    yield "sweep_preview_links", sweep_preview_links

    yield "post_comment", keep("comment", lambda: post(s, "Thank you."))
    yield "moderate_comment", lambda: moderate_comment(s.comment, CommentState.APPROVED, by=s.user)
    yield "moderate_comment, again", lambda: moderate_comment(s.comment, CommentState.APPROVED, by=s.user)
    yield (
        "undo_moderation",
        lambda: undo_moderation({s.comment.id: CommentState.PENDING}, of=CommentState.APPROVED, by=s.user),
    )
    yield "moderate_comment, spam", lambda: moderate_comment(s.comment, CommentState.SPAM, by=s.user)
    yield "post_comment, a second", keep("comment", lambda: post(s, "It helped."))
    yield "approve_pending", lambda: approve_pending(s.comment)
    yield "approve_pending, again", lambda: approve_pending(s.comment)

    yield "add_redirect", keep("redirect", lambda: add_redirect("/old/", "/articles/"))
    yield "import_redirects", lambda: import_redirects("/older/,/articles/")
    yield "remove_redirect", lambda: remove_redirect(s.redirect)
    yield "add_category, without an article", keep("empty", lambda: add_category(name="Knees"))
    yield "change_category", lambda: change_category(s.category, name="Hips and more", slug="hips")
    yield "reorder", lambda: reorder(Category, [s.empty.id, s.category.id])
    yield "move", lambda: move(s.empty, 1)
    yield "delete_category", lambda: delete_category(s.empty)
    yield "add_tag", keep("tag", lambda: add_tag(name="Sitting"))
    yield "change_tag", lambda: change_tag(s.tag, name="Sitting long")
    yield "merge_tag", lambda: merge_tag(db.session.scalars(sa.select(Tag).where(Tag.slug == "a")).one(), s.tag)
    yield "add_tag, a second", keep("tag", lambda: add_tag(name="Standing"))
    yield "delete_tag", lambda: delete_tag(s.tag)
    yield "add_author", keep("mate", lambda: add_author(Portrayal("Koh", "Trainer", "Hi.")))
    yield "change_author", lambda: change_author(s.mate, Portrayal("Koh Wei", "Trainer", "Hi.", image_id=s.image.id))
    yield "delete_author", lambda: delete_author(s.mate)

    yield (
        "ensure_service",
        keep("service", lambda: ensure_service(slug="move", name="Move", summary="S", minutes=60, position=0)),
    )
    yield "add_service", keep("pilates", lambda: add_service(Offer("Pilates", "For strength.", 60)))
    yield "change_service", lambda: change_service(s.pilates, Offer("Pilates 1-to-1", "For strength.", 50))
    yield "change_service, no more", lambda: change_service(s.pilates, Offer("Pilates", "Str.", 50, is_active=False))
    yield "change_service, not active", lambda: change_service(s.pilates, Offer("Pil", "Str.", 50, is_active=False))
    yield "follow_move", lambda: follow_move("/services/old/", "/services/move/")
    yield "delete_service", lambda: delete_service(s.pilates)

    yield "add_menu_item", keep("item", lambda: add_menu_item(place=MenuPlace.HEADER, label="Fees", address="/fees/"))
    yield (
        "change_menu_item",
        lambda: change_menu_item(s.item, place=MenuPlace.FOOTER, label="Our fees", address="/fees/"),
    )
    yield "reorder, a menu", lambda: reorder(MenuItem, links()[::-1], where=[MenuItem.place == MenuPlace.HEADER])
    yield "delete_menu_item", lambda: delete_menu_item(s.item)
    yield "change_section", lambda: section("newest", heading="Fresh")
    yield "change_section, again", lambda: section("newest", heading="Fresh")
    yield "change_section, hidden", lambda: section("newest", is_shown=False)
    yield "change_section, while hidden", lambda: section("newest", heading="Very fresh")
    yield "change_preferences", lambda: change_preferences({"phone": "+65 6999 0000"}, by=s.user)
    yield "change_preferences, again", lambda: change_preferences({"phone": "+65 6999 0000"}, by=s.user)
    yield "change_preferences, mail", lambda: change_preferences({"desk_email": "other@example.org"}, by=s.user)

    yield "book_trial", keep("booking", lambda: book(s, 1))
    yield "book_trial, held", keep("held", lambda: book(s, 1, mobile="+6591000009"))
    yield "allow_booking", lambda: allow_booking(s.held, by=s.user)
    yield "book_trial, held again", keep("held", lambda: book(s, 2, mobile="+6591000001"))
    yield "decline_booking", lambda: decline_booking(s.held, by=s.user)
    yield "know_customer", lambda: know_customer("old@example.org", "+6591000008")
    yield (
        "block_guest",
        keep("blocks", lambda: block_guest(email="b@x.org", mobile="", because="Rude", until=None, by=s.user)),
    )
    yield "lift_block", lambda: lift_block(s.blocks[0], by=s.user)
    yield "keep_wish", lambda: keep_wish(s.booking, ["Mon morning"], "Please")
    yield "add_therapist", keep("therapist", lambda: add_therapist("Ana"))
    yield "change_therapist", lambda: change_therapist(s.therapist, "Ana Lim", True)
    yield (
        "set_visit",
        keep("visit", lambda: set_visit(s.booking, s.therapist, clock.now() + timedelta(days=3), by=s.user)),
    )
    yield "cancel_visit", lambda: cancel_visit(s.visit)
    yield "undo_cancel", lambda: undo_cancel(s.visit)
    yield "ask_for_other_time", lambda: ask_for_other_time(s.visit, ["Tue morning"], "")
    yield "make_feed", lambda: make_feed(s.therapist, by=s.user)
    yield "revoke_feed", lambda: revoke_feed(s.therapist, by=s.user)
    yield "remind_of_visits", remind_of_visits
    yield "mark_missed", lambda: mark_missed(s.visit, VisitState.NO_SHOW, by=s.user)
    yield "reopen_visit", lambda: reopen_visit(s.visit, of=VisitState.NO_SHOW, by=s.user)
    yield "mark_attended", lambda: mark_attended(s.visit, by=s.user)
    yield "book_trial, a third", keep("third", lambda: book(s, 3))
    yield "redeem_at_desk", lambda: redeem_at_desk(s.third.voucher, by=s.user, device="d")
    yield "book_trial, a fourth", keep("fourth", lambda: book(s, 4))
    yield "redeem_voucher", lambda: redeem_voucher(s.fourth.voucher, by=s.user)
    yield "undo_redemption", lambda: undo_redemption(s.fourth.voucher, by=s.user)
    yield "redeem_voucher, again", lambda: redeem_voucher(s.fourth.voucher, by=s.user)
    yield "take_back_redemption", lambda: take_back_redemption(s.fourth.voucher, by=s.user)
    yield "check_day", lambda: check_day(s.fourth.voucher, today=date(2026, 11, 20), seen="")
    yield "add_therapist, a second", keep("therapist", lambda: add_therapist("Bo"))
    yield "delete_therapist", lambda: delete_therapist(s.therapist)

    yield (
        "record_lead",
        keep("lead", lambda: record_lead(name="L", email="l@x.org", mobile="+6591000010", article_id=s.post.id)),
    )
    yield "add_event", lambda: add_event(s.lead.id, "Called")
    yield "add_note", lambda: add_note(s.lead, "Nice", by=s.user)
    yield "change_stage", lambda: change_stage(s.lead, Stage.CONTACTED, by=s.user)
    yield "undo_stage", lambda: undo_stage(s.lead, Stage.NEW, of=Stage.CONTACTED, by=s.user)
    yield "assign_lead", lambda: assign_lead(s.lead, s.user.id, "A", by=s.user)
    yield "plan_next_step", lambda: plan_next_step(s.lead, "Call", date(2026, 11, 20), by=s.user)
    yield "remind_of_leads", lambda: remind_of_leads(date(2026, 11, 21))
    yield "save_letter", keep("letter", lambda: save_letter(Letter(), name="N", subject="S", body="B"))
    yield "write_letter", lambda: write_letter(s.lead, "Hello", "Are you well?", by=s.user)
    yield "delete_letter", lambda: delete_letter(s.letter)
    yield "move_leads", lambda: move_leads([s.lead.id], Stage.LOST, by=s.user)
    yield "merge_leads", lambda: merge_leads(s.lead, s.booking.lead, by=s.user)
    yield "split_leads", lambda: split_leads(latest(Merge), by=s.user)
    yield "keep_apart", lambda: keep_apart(s.lead, s.booking.lead, by=s.user)
    yield "note_refused_mailbox", lambda: note_refused_mailbox(latest(Message), "550 no such user")
    yield "unsubscribe", lambda: unsubscribe(s.lead)

    yield "send_due, refused", lambda: all_sent(fail)
    yield (
        "send_again",
        lambda: (
            db.session.execute(sa.update(Message).values(state=MessageState.FAILED)),
            db.session.commit(),  # type: ignore[func-returns-value]
            send_again(latest(Message), by=s.user),
        ),
    )
    yield "send_due", lambda: all_sent(lambda _message: None)
    yield "sweep_counts", sweep_counts
    yield "sweep_spent_links", sweep_spent_links
    yield "sweep_forms", sweep_forms
    yield "note_folded", lambda: note_folded("article", None)
    yield "forget_old_words", forget_old_words

    yield "retire_article", lambda: retire_article(s.other, because="Too old")
    yield "publish_article, again", lambda: publish_article(s.other)
    yield "trash_article", lambda: trash_article(s.other)
    yield "edit_article, in the trash", lambda: change(s.other, title="Knees again")
    yield "untrash_article", lambda: untrash_article(s.other)
    yield "trash_article, once more", lambda: trash_article(s.other)
    yield "sweep_trash, too early", sweep_trash
    yield "delete_article", lambda: delete_article(s.post)
    yield LATER, lambda: clock_.move(seconds=TRASH_KEPT.total_seconds() + 60)
    yield "sweep_trash", sweep_trash


REQUEST_ID = re.compile(r"<code>[0-9a-f]{12}</code>")


class Reader:
    """A reader who opens all present and former addresses."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        # With a staff cookie the page store passes the request to the app.
        self._client.set_cookie(app.config["SESSION_COOKIE_NAME"], "none")
        self._paths = ["/", "/articles/", "/book/", "/feed.xml", "/sitemap.xml", "/search/?q=hips"]
        self._paths += ["/old/", "/older/", "/services/old/"]

    def seen(self) -> dict[str, tuple[int, str, str]]:
        db.session.rollback()
        for model in (Article, Category, Tag, Author, Service):
            for row in db.session.scalars(sa.select(model)):
                path = f"/articles/tag/{row.slug}/" if isinstance(row, Tag) else row.address  # type: ignore[attr-defined]
                self._paths += [path] if path not in self._paths else []
        found = {}
        for path in self._paths:
            answer = self._client.get(path)
            if answer.status_code != 404:  # an address without a page looks like one that never existed
                text = REQUEST_ID.sub("", answer.get_data(as_text=True))
                found[path] = (answer.status_code, answer.headers.get("Location", ""), text)
        return found


def operations() -> set[str]:
    """Return the names of all functions that write: @atomic(), or with atomic() inside."""
    names: set[str] = set()
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "atomic()" in ast.unparse(node):
                names.add(node.name)
    return names - {"atomic", "preferences", "_given"}


def test_the_token_changes_exactly_when_a_page_for_readers_does(app: Flask, clock: MovableClock) -> None:
    reader, s = Reader(app), SimpleNamespace(user=make_user())
    assert reader.seen() == reader.seen(), "a page differs by itself"
    stale, needless, walked = [], [], Counter[str]()
    before, token = reader.seen(), content_version.current()
    for name, act in steps(s, clock):
        act()
        after, new = reader.seen(), content_version.current()
        if after != before and new == token and name != LATER:
            stale.append((name, [path for path in after if after[path] != before.get(path)]))
        if after == before and new != token:
            needless.append(name)
        before, token = after, new
        walked[name.partition(",")[0]] += 1
    assert stale == [], "readers see something new under the old token"
    assert set(needless) == MAY_CHANGE, "the token changed, and no page did"
    assert set(walked) | STEPS | ELSEWHERE >= operations(), "an operation is not walked"
