"""What can go wrong with an email."""


class MailboxRefused(Exception):
    """The recipient's server refuses this mailbox permanently."""
