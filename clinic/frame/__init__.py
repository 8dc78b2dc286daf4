"""The menus, and the sections of the home page."""
