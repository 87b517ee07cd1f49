"""REST calls: `call` is one call and its route, `calls` hooks whole calls, `attempts` and `waits` what is in them."""
