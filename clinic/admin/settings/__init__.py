"""Screens that set up the site: preferences, home page, menus, services, redirects."""
