"""HTTP behaviour shared by all pages. Knows nothing about the clinic."""
