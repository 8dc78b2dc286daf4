"""Move Therapy: the website of a clinic and its panel. Imports nothing, so that every module may import it."""

__version__ = "0.4.0"
