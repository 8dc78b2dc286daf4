"""Pages that readers open: home, articles, lists, services, and addresses that have moved."""
