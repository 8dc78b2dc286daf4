"""Cache of values that many pages show and only staff change, valid for the current content version.

The page store reads the version before a view reads anything, so a cached value is never older than its version. In a
request without a version (of a signed-in person, or in development) each value is computed once per request.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from flask import current_app, g, request

from clinic.preferences import Preferences, preferences

VERSION = "clinic.version"  # key in the WSGI environ, set by the page store
MOST_THINGS = 500

Thing = TypeVar("Thing")


class Memory:
    """Cache of values for the current content version; cleared when the version changes."""

    def __init__(self) -> None:
        self._of: tuple[str, dict[Hashable, Any]] = ("", {})

    def recall(self, version: str, name: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return the cached value for a name, or compute it with `make`. Two threads may compute the same value."""
        kept_of, things = self._of
        if kept_of != version or len(things) >= MOST_THINGS:
            things = {}
            self._of = (version, things)
        if name not in things:
            things[name] = make()
        return cast(Thing, things[name])


def cached_for_version(name: Hashable, make: Callable[[], Thing]) -> Thing:
    """Return the cached result of `make`. It must be immutable and not bound to a database session."""
    if version := request.environ.get(VERSION):
        memory: Memory = current_app.extensions["clinic.memory"]
        return memory.recall(version, name, make)
    things: dict[Hashable, Any] = g.setdefault("remembered", {})
    if name not in things:
        things[name] = make()
    return cast(Thing, things[name])


def cached_preferences() -> Preferences:
    """Return the facts about the clinic that pages show. Reading them costs one statement, and none while they are
    cached."""
    found = current_app.extensions["clinic.last_facts"] = cached_for_version("facts", preferences)
    return found
