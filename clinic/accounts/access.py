"""Who may do what. A permission is `thing:act`; a role is a set of them. Closed unless listed."""

import enum


class Permission(enum.StrEnum):
    """What a person with a login may be allowed to do."""

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
    """The roles that the contract names."""

    OWNER = "owner"
    EDITOR = "editor"
    MODERATOR = "moderator"
    DESK = "desk"


ROLE_PERMISSIONS: dict[RoleName, frozenset[Permission]] = {
    RoleName.OWNER: frozenset(Permission),
    RoleName.EDITOR: frozenset({Permission.PANEL_OPEN, Permission.ARTICLE_EDIT, Permission.IMAGE_EDIT}),
    RoleName.MODERATOR: frozenset({Permission.PANEL_OPEN, Permission.COMMENT_MODERATE}),
    # Which mails of the outbox: MAIL_READERS says.
    RoleName.DESK: frozenset({Permission.PANEL_OPEN, Permission.LEAD_WORK, Permission.OUTBOX_WORK}),
}


# The permission to read a mail in the outbox and send it again, by its kind (the folder of its templates). A kind that
# is not here is the owner's alone.
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
    """The kinds of mail that these permissions let somebody read."""
    return [kind for kind, needed in MAIL_READERS.items() if needed in permissions]
