"""The blueprint of the reading pages."""

from flask import (
    Blueprint,
)

bp = Blueprint("articles", __name__)
