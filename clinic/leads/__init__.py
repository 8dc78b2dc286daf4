"""People who asked for us, and what happened since."""
