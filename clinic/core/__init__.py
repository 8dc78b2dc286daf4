"""Tools with no clinic words: they would be the same for a bakery."""
