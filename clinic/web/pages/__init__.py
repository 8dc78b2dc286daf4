"""The page store: rendered pages cached for one content version."""
