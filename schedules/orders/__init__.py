"""From a decision to its orders and their fills: planned, paused, sent, and what is left undone."""
