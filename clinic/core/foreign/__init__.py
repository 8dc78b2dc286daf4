"""Documents of other programs: read into the HTML that articles are written in."""
