"""Move Therapy: a clinic's website and the panel behind it. Imports nothing, so that everything may import it."""

__version__ = "0.4.0"
