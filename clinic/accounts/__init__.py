"""People with a login: roles, permissions, sign-in."""
