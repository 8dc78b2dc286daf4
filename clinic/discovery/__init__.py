"""Search page, feed, sitemap, and the small files that robots request."""
