"""Errors about emails."""


class MailboxRefused(Exception):
    """The recipient's server refuses this mailbox permanently."""
