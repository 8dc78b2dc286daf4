"""Commands of `flask clinic …`, each a thin caller of operations."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from clinic import __version__
from clinic import worker as background
from clinic.accounts.access import RoleName
from clinic.accounts.errors import EmailTaken
from clinic.accounts.operations import create_user, reset_second_factor
from clinic.accounts.queries import user_with_email
from clinic.articles.indexing import reindex_article
from clinic.articles.queries import published_ids
from clinic.bookings.customers import Line, read_customers, report_of
from clinic.core.tables import Row, TableRefused, read_table
from clinic.core.text import email_address
from clinic.core.text_index import note_folded
from clinic.demo.bulk import bulk_articles, bulk_comments, bulk_leads, take_statistics
from clinic.demo.load import is_used, load_demo
from clinic.leads.operations import refold_leads
from clinic.media.errors import StoreAway, StoreRefuses
from clinic.media.files import check_files, files
from clinic.media.folder import Folder
from clinic.media.leftovers import leftovers
from clinic.preferences import preferences

clinic_cli = AppGroup("clinic", help="Manage the clinic's site from the command line.")
click.version_option(__version__, message="clinic %(version)s")(clinic_cli)


MANY = click.IntRange(0, 10_000_000)


@clinic_cli.command()
@click.option("--if-empty", is_flag=True, help="Do nothing if there is already a user or an article.")
@click.option("--articles", type=MANY, default=0, help="Number of articles to add, to try out a large clinic.")
@click.option("--comments", type=MANY, default=0, help="Number of comments to add, spread over all articles.")
@click.option("--leads", type=MANY, default=0, help="Number of leads to add.")
def demo(if_empty: bool, articles: int, comments: int, leads: int) -> None:
    """Load the demo clinic: people, articles, pictures, comments, leads."""
    is_bulk = bool(articles or comments or leads)
    if not (is_bulk and is_used()) and load_demo(if_empty=if_empty):
        click.echo("The demo clinic is loaded.")
    for label, number, bulk in (
        ("Articles", articles, bulk_articles),
        ("Comments", comments, bulk_comments),
        ("Leads", leads, bulk_leads),
    ):
        if number:
            _show_progress(label, number, bulk(number))
    if is_bulk:
        take_statistics()


def _show_progress(label: str, length: int, steps: Iterator[int]) -> None:
    with click.progressbar(length=length, label=label) as bar:
        for done in steps:
            bar.update(done - bar.pos)


@clinic_cli.command("create-user")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in RoleName]), required=True)
@click.option("--name", default="", help="Name shown in the panel. Default: the email address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def create_user_command(email: str, role: str, name: str, password_stdin: bool) -> None:
    """Create a user who can sign in."""
    try:
        address = email_address(email)
    except ValueError:
        raise click.ClickException(f"{email} is not an email address") from None
    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    if len(password) < 10:
        raise click.ClickException("The password needs at least 10 characters")
    try:
        create_user(email=address, name=name or address, roles=[RoleName(role)], password=password)
    except EmailTaken:
        raise click.ClickException(f"{address} already has a sign-in") from None
    click.echo(f"{address} can sign in as {role}.")


@clinic_cli.command("reset-second-factor")
@click.argument("email")
def reset_second_factor_command(email: str) -> None:
    """Remove a user's second factor, so that they can sign in with the password alone."""
    user = user_with_email(email.strip())
    if user is None:
        raise click.ClickException(f"No user has the email address {email}")
    reset_second_factor(user)
    click.echo(f"{user.email} now signs in with the password alone. An email tells them so.")


@clinic_cli.command("import-customers")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Change nothing; only report what would happen.")
def import_customers(file: Path, dry_run: bool) -> None:
    """Add earlier customers (CSV or Excel: email, mobile) to the one-time ledger, as digests only."""
    try:
        table = read_table(file.read_bytes())
    except TableRefused as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
    bar = partial(click.progressbar, label="Reading", file=sys.stderr)

    def told(lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            if line.outcome is None:
                click.echo(f"line {line.number}: {line.why}")
            yield line

    lines = read_customers(table, preferences().phone_region, is_trial=dry_run, progress=_with_bar(bar))
    report = report_of(told(lines), table.notes)
    counts = {**report.outcomes, **({"refused": len(report.refused)} if report.refused else {})}
    click.echo(
        ("Nothing was saved. " if dry_run else "")
        + (", ".join(f"{n} {what}" for what, n in counts.items()) or "No lines.")
        + "".join(f" {note}" for note in table.notes)
    )


def _with_bar(make: Callable[..., Any]) -> Callable[[Iterable[Row]], Iterator[Row]]:
    def rows(lines: Iterable[Row]) -> Iterator[Row]:
        with make(lines) as shown:
            yield from shown

    return rows


@clinic_cli.command()
def reindex() -> None:
    """Rebuild the search indexes. The site keeps running meanwhile."""
    with click.progressbar(published_ids(), label="Indexing") as ids:
        for id_ in ids:
            reindex_article(id_)
    note_folded("articles", None)
    note_folded("leads", 0)
    while refold_leads():
        pass


@clinic_cli.command("copy-media")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def copy_media(folder: Path) -> None:
    """Copy pictures from FOLDER to MEDIA_URL or MEDIA_ROOT. Files that exist there are skipped."""
    with _in_reach():
        there = {entry.name: entry.size for entry in files().names("")}
        missing = [entry.name for entry in Folder(folder).names("") if there.get(entry.name) != entry.size]
        with click.progressbar(missing, label="Copying", file=sys.stderr) as names:
            for name in names:
                files().write(name, Folder(folder).read(name))
    click.echo(f"Files copied: {len(missing)}.")


@clinic_cli.command("sweep-media")
@click.option("--dry-run", is_flag=True, help="Remove nothing; only list the files.")
def sweep_media(dry_run: bool) -> None:
    """Remove files without an image row that are at least a day old, left by a crash or a bucket outage."""
    with _in_reach():
        names = list(leftovers())
        for name in names:
            click.echo(name)
        if not dry_run:
            files().remove(names)
    click.echo(f"Files {'that would be removed' if dry_run else 'removed'}: {len(names)}.", err=True)


@clinic_cli.command()
@click.option("--once", is_flag=True, help="Do the work that is due now, then exit.")
def worker(once: bool) -> None:
    """Send email and make renditions in the background."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        check_files()
    except StoreRefuses as error:
        raise click.ClickException(f"MEDIA_URL is wrong: {error}") from None
    except StoreAway as error:  # pictures wait for the bucket; email does not
        click.echo(f"Media storage is unreachable: {error}", err=True)
    if once:
        click.echo(f"{background.work_once(app)} messages tried.")
    else:
        background.work(app)


@contextmanager
def _in_reach() -> Iterator[None]:
    """Exit with a one-line error if media storage is unreachable."""
    try:
        yield
    except StoreAway as error:
        raise click.ClickException(f"Media storage is unreachable: {error}") from None
