"""Pictures: what was uploaded, the copies that are served, alt text and credit."""
