"""The outbox: one lease at a time, patient retries, atomic writes, and only the owner of a lease marks a message."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.comments.operations import post_comment
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import MOST_TRIES, enqueue, send_again, send_due
from clinic.outbox.queries import count_messages
from tests.conftest import MovableClock
from tests.factories import make_article, make_user

LEASE = 120


class Post:
    """A mail server that collects messages or refuses them."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.error: BaseException | None = None

    def __call__(self, message: Message) -> None:
        self.given.append(message.uid)
        if self.error:
            raise self.error


@pytest.fixture
def post() -> Post:
    return Post()


def put(number: int = 1, *, once_key: str | None = None, to: str = "jo@example.org") -> None:
    with atomic():
        enqueue(
            "password_reset", to=to, once_key=once_key, name=f"Jo {number}", link=f"https://clinic.example/{number}"
        )


def one() -> Message:
    """Return the only message, as stored in the database."""
    db.session.rollback()
    return db.session.scalars(sa.select(Message).execution_options(populate_existing=True)).one()


def elsewhere(app: Flask, act: Callable[[], object]) -> None:
    """Run a function in another thread, with a session of its own."""

    def run() -> None:
        with app.app_context():
            act()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def test_a_message_is_delivered_once_and_marked_sent(app: Flask, clock: MovableClock, post: Post) -> None:
    put()
    clock.move(seconds=5)
    assert send_due(post, owner="a") == 1
    assert send_due(post, owner="a") == 0
    message = one()
    assert post.given == [message.uid]
    assert (message.state, message.tries, message.owner) == (MessageState.SENT, 1, None)
    assert (message.sent_at, message.last_error) == (clock.now, "")


def test_a_message_falls_with_the_transaction_that_caused_it(app: Flask) -> None:
    with pytest.raises(ValueError), atomic():
        enqueue("password_reset", to="jo@example.org", name="Jo", link="x")
        raise ValueError
    assert count_messages(MessageState.QUEUED) == 0


def test_the_oldest_goes_first_and_no_more_than_asked(app: Flask, clock: MovableClock, post: Post) -> None:
    for number in range(3):
        put(number)
        clock.move(seconds=1)
    in_order = list(db.session.scalars(sa.select(Message.uid).order_by(Message.id)))
    assert send_due(post, owner="a", most=2) == 2
    assert post.given == in_order[:2]
    assert count_messages(MessageState.QUEUED) == 1


def test_four_workers_at_once_send_each_message_once(app: Flask, clock: MovableClock, post: Post) -> None:
    for number in range(12):
        put(number)

    def work(number: int) -> int:
        with app.app_context():
            return send_due(post, owner=f"worker {number}")

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    assert len(set(post.given)) == len(post.given) == 12
    assert count_messages(MessageState.SENT) == 12


def test_a_message_under_way_is_left_alone_until_the_lease_lapses(app: Flask, clock: MovableClock, post: Post) -> None:
    put()
    with pytest.raises(SystemExit):
        post.error = SystemExit()
        send_due(post, owner="a")  # this worker dies between claim and mark
    post.error = None
    assert (one().state, one().owner) == (MessageState.SENDING, "a")
    clock.move(seconds=LEASE - 1)
    assert send_due(post, owner="b") == 0
    clock.move(seconds=1)
    assert send_due(post, owner="b") == 1
    assert (one().state, one().tries) == (MessageState.SENT, 2)


@pytest.mark.parametrize("error", [None, TimeoutError("slow")])
@pytest.mark.parametrize("name", ["b", "a"])
def test_a_worker_slower_than_its_lease_cannot_undo_what_another_has_sent(
    app: Flask, clock: MovableClock, post: Post, error: Exception | None, name: str
) -> None:
    """This also holds if both have the same name, as after a restart with the same process id."""
    put()

    def slowly(_message: Message) -> None:
        clock.move(seconds=LEASE)
        elsewhere(app, lambda: send_due(post, owner=name))
        clock.move(seconds=7)
        if error:
            raise error

    assert send_due(slowly, owner="a", most=1) == 1
    message = one()
    assert (message.state, message.tries, message.last_error) == (MessageState.SENT, 2, "")
    assert message.sent_at == clock.now - timedelta(seconds=7)


@pytest.mark.parametrize("name", ["b", "a"])
def test_a_slow_worker_cannot_mark_as_sent_what_another_is_sending(
    app: Flask, clock: MovableClock, post: Post, name: str
) -> None:
    put()

    def slowly(_message: Message) -> None:
        clock.move(seconds=LEASE)
        post.error = SystemExit()
        with pytest.raises(SystemExit):
            elsewhere(app, lambda: send_due(post, owner=name))

    send_due(slowly, owner="a", most=1)
    assert (one().state, one().owner, one().tries) == (MessageState.SENDING, name, 2)


def test_the_wait_doubles_with_every_try_until_the_last_one_fails(app: Flask, clock: MovableClock, post: Post) -> None:
    put()
    post.error = ConnectionRefusedError("mail server is away")
    for number in range(1, MOST_TRIES):
        assert send_due(post, owner="a") == 1
        message = one()
        wait = (message.due_at - clock.now).total_seconds()
        assert 0.75 * 2**number <= wait <= 1.25 * 2**number
        assert (message.state, message.tries, message.owner) == (MessageState.QUEUED, number, None)
        assert send_due(post, owner="a") == 0, "it did not wait"
        clock.now = message.due_at
    assert send_due(post, owner="a") == 1
    assert (one().state, one().tries) == (MessageState.FAILED, MOST_TRIES)
    assert one().last_error == "ConnectionRefusedError: mail server is away"
    clock.move(days=30)
    assert send_due(post, owner="a") == 0
    assert len(post.given) == MOST_TRIES


def test_messages_that_fail_together_do_not_come_back_together(app: Flask, clock: MovableClock, post: Post) -> None:
    for number in range(12):
        put(number)
    post.error = TimeoutError()
    assert send_due(post, owner="a") == 12
    due = db.session.scalars(sa.select(Message.due_at)).all()
    assert len(set(due)) > 6
    assert max(due) - min(due) > timedelta(seconds=0.1)


def test_one_message_that_fails_does_not_stop_the_next(app: Flask, clock: MovableClock) -> None:
    put(1, to="bad@example.org")
    clock.move(seconds=1)
    put(2, to="good@example.org")

    def deliver(message: Message) -> None:
        if message.to == "bad@example.org":
            raise ValueError("refused")

    assert send_due(deliver, owner="a") == 2
    states = dict(db.session.execute(sa.select(Message.to, Message.state)).tuples().all())
    assert states == {"bad@example.org": MessageState.QUEUED, "good@example.org": MessageState.SENT}


def test_a_failed_message_is_sent_again_with_all_its_tries(app: Flask, clock: MovableClock, post: Post) -> None:
    put()
    with atomic():
        db.session.execute(sa.update(Message).values(state=MessageState.FAILED, tries=MOST_TRIES, last_error="x"))
    owner = make_user(name="Corinne Rajan")
    assert send_again(one(), by=owner)
    assert not send_again(one(), by=owner), "pressed twice, it is queued once"
    assert (one().state, one().tries, one().due_at) == (MessageState.QUEUED, 0, clock.now)
    lines = db.session.execute(sa.select(AuditLine.actor, AuditLine.thing).where(AuditLine.verb == "sent again")).all()
    assert [tuple(line) for line in lines] == [("Corinne Rajan", f"message:{one().id}")]
    assert send_due(post, owner="a") == 1
    assert one().state == MessageState.SENT


@pytest.mark.parametrize("state", [MessageState.QUEUED, MessageState.SENDING, MessageState.SENT])
def test_only_a_failed_message_can_be_sent_again(app: Flask, state: MessageState) -> None:
    put()
    with atomic():
        db.session.execute(sa.update(Message).values(state=state))
    assert not send_again(one(), by=make_user())
    assert one().state == state


def test_a_key_already_used_enqueues_nothing(app: Flask) -> None:
    put(1, once_key="voucher:1")
    put(2, once_key="voucher:1")
    put(3, once_key="voucher:2")
    put(4)
    put(5)
    keys = db.session.scalars(sa.select(Message.once_key).order_by(Message.id)).all()
    assert keys == ["voucher:1", "voucher:2", None, None]


def test_of_eight_who_enqueue_with_one_key_at_once_one_does(app: Flask) -> None:
    def enqueue_once(number: int) -> None:
        with app.app_context():
            put(number, once_key="voucher:1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enqueue_once, range(8)))
    assert one().once_key == "voucher:1"


def test_a_visitor_cannot_add_lines_to_the_subject_nor_markup_to_the_text(app: Flask) -> None:
    post_comment(
        article_id=make_article().id,
        article_title="Hips\r\nBcc: eve@example.org",
        name="<script>alert(1)</script> & Sons",
        email="jo@example.org",
        body="5 < 6",
    )
    message = one()
    assert message.subject == "New comment to approve: Hips Bcc: eve@example.org"
    assert "<script>alert(1)</script> & Sons commented" in message.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in message.html
    assert "<script>" not in message.html
