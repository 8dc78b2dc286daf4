"""What can go wrong with an email."""


class MailboxRefused(Exception):
    """The recipient's server says that this mailbox takes no mail, and will say so again."""
