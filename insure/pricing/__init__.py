"""Prices and sensitivities of the put that is replicated."""
