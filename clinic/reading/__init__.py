"""Pages that readers open: home, articles, lists, services, and addresses that have moved."""

from clinic.reading import article, home, lists, old_addresses, services  # each adds its routes to the blueprint
from clinic.reading.blueprint import bp

__all__ = ["article", "bp", "home", "lists", "old_addresses", "services"]
