"""Many rows at once, for measuring. They look like the real thing and are nobody's."""

from clinic.demo.bulk.articles import bulk_articles
from clinic.demo.bulk.comments import bulk_comments
from clinic.demo.bulk.leads import bulk_leads
from clinic.demo.bulk.rows import take_statistics

__all__ = ["bulk_articles", "bulk_comments", "bulk_leads", "take_statistics"]
