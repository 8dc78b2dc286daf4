"""WSGI entry point for gunicorn and the bare `flask` command."""

import sys

from clinic.app import create_app
from clinic.core.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"Settings: {error}")
