"""Prices and sensitivities of the put that is replicated.

``black_scholes`` and ``merton`` need numpy and scipy.special alone; ``heston``, ``bates`` and the volatility surface
(``svi``, ``surface``, ``arbitrage``) load QuantLib when they are imported. ``curve``, ``dividends`` and ``futures``
carry prices through time. ``elementary`` holds the scalar functions that strategies are written with.
"""
