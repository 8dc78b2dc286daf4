"""The Flask-Admin panel: one module per screen, arranged by the jobs of staff."""
