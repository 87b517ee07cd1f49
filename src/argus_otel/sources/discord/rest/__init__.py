"""REST calls. `call` defines a call and its route; `calls`, `attempts` and `waits` hold the hooks."""
