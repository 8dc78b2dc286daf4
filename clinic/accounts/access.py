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
    # The outbox holds the mails to the people whom the desk follows up.
    RoleName.DESK: frozenset({Permission.PANEL_OPEN, Permission.LEAD_WORK, Permission.OUTBOX_WORK}),
}
