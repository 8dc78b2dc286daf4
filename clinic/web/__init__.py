"""HTTP manners that every page shares. No clinic words here either."""
