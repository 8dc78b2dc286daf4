"""Screens about people with a login: accounts, roles, the log."""
