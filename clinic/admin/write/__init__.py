"""Screens for writing: articles, pages, pictures, categories, tags, the team."""
