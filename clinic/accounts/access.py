"""Roles and permissions. A permission is `thing:act`; a role is a set of them. What is not listed is not allowed."""

import enum


class Permission(enum.StrEnum):
    """A permission of a person with a login."""

    PANEL_OPEN = "panel:open"
    ARTICLE_EDIT = "article:edit"
    IMAGE_EDIT = "image:edit"
    COMMENT_MODERATE = "comment:moderate"
    LEAD_WORK = "lead:work"
    OUTBOX_WORK = "outbox:work"
    PREFERENCE_CHANGE = "preference:change"
    USER_MANAGE = "user:manage"
    ACTIVITY_READ = "activity:read"


class RoleName(enum.StrEnum):
    """The roles of the site."""

    OWNER = "owner"
    EDITOR = "editor"
    MODERATOR = "moderator"
    DESK = "desk"


ROLE_PERMISSIONS: dict[RoleName, frozenset[Permission]] = {
    RoleName.OWNER: frozenset(Permission),
    RoleName.EDITOR: frozenset({Permission.PANEL_OPEN, Permission.ARTICLE_EDIT, Permission.IMAGE_EDIT}),
    RoleName.MODERATOR: frozenset({Permission.PANEL_OPEN, Permission.COMMENT_MODERATE}),
    # Limited to the messages of MAIL_READERS.
    RoleName.DESK: frozenset({Permission.PANEL_OPEN, Permission.LEAD_WORK, Permission.OUTBOX_WORK}),
}


# The permission to read a message in the outbox and to send it again, by kind (its template folder). Only owners may
# read kinds that are not listed.
MAIL_READERS: dict[str, Permission] = {
    "trial_confirmed": Permission.LEAD_WORK,
    "trial_held": Permission.LEAD_WORK,
    "trial_declined": Permission.LEAD_WORK,
    "lead_arrived": Permission.LEAD_WORK,
    "leads_overdue": Permission.LEAD_WORK,
    "letter": Permission.LEAD_WORK,
    "visit_set": Permission.LEAD_WORK,
    "visit_changed": Permission.LEAD_WORK,
    "visit_cancelled": Permission.LEAD_WORK,
    "visit_reminder": Permission.LEAD_WORK,
    "comment_waits": Permission.COMMENT_MODERATE,
    "review_due": Permission.ARTICLE_EDIT,
    "password_reset": Permission.USER_MANAGE,
    "password_changed": Permission.USER_MANAGE,
    "account_changed": Permission.USER_MANAGE,
}


def mails_read_with(*permissions: Permission) -> list[str]:
    """Return the kinds of message that any of these permissions allows to read."""
    return [kind for kind, needed in MAIL_READERS.items() if needed in permissions]
