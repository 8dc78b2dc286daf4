"""How readers and robots find articles: search page, feed, sitemap, and the small files that robots ask for."""
