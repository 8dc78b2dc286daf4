"""What can go wrong with people who have a login."""


class EmailTaken(Exception):
    """Another person signs in with this address."""


class LastOwner(Exception):
    """Somebody must stay who can manage people."""
