"""Generated rows in large numbers, for measuring. They resemble real ones and belong to nobody."""

from clinic.demo.bulk.articles import bulk_articles
from clinic.demo.bulk.comments import bulk_comments
from clinic.demo.bulk.leads import bulk_leads
from clinic.demo.bulk.rows import take_statistics

__all__ = ["bulk_articles", "bulk_comments", "bulk_leads", "take_statistics"]
