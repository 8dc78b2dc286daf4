"""Errors about people with a login."""


class EmailTaken(Exception):
    """Another user has this email address."""


class LastOwner(Exception):
    """The last active owner must keep the role."""
