"""What frames the texts: the menus and the order of the home page."""
