"""What many pages show and only staff change, kept in the process while the content version stays the same.

The page store asks for the version before a view reads anything, so what is kept under it is never older than it. In a
request without one (a signed-in person's, or any in development) everything is made anew, once.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from flask import current_app, g, request

from clinic.preferences import Preferences, preferences

VERSION = "clinic.version"  # where the page store puts it in the WSGI environ
MOST_THINGS = 500

Thing = TypeVar("Thing")


class Memory:
    """Things by name, of one content version at a time."""

    def __init__(self) -> None:
        self._of: tuple[str, dict[Hashable, Any]] = ("", {})

    def recall(self, version: str, name: Hashable, make: Callable[[], Thing]) -> Thing:
        """What is kept under this name, or else what `make` returns; two threads that both make it make the same."""
        kept_of, things = self._of
        if kept_of != version or len(things) >= MOST_THINGS:
            things = {}
            self._of = (version, things)
        if name not in things:
            things[name] = make()
        return cast(Thing, things[name])


def remembered(name: Hashable, make: Callable[[], Thing]) -> Thing:
    """What `make` returns: something that nobody changes, and that belongs to no session of the database."""
    if version := request.environ.get(VERSION):
        memory: Memory = current_app.extensions["clinic.memory"]
        return memory.recall(version, name, make)
    things: dict[Hashable, Any] = g.setdefault("remembered", {})
    if name not in things:
        things[name] = make()
    return cast(Thing, things[name])


def facts() -> Preferences:
    """The facts about the clinic that a page shows: one statement, and none while nothing changes."""
    found = current_app.extensions["clinic.last_facts"] = remembered("facts", preferences)
    return found
