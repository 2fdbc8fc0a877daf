"""The service: what is due, when it wakes, what it runs and what it leaves behind."""
