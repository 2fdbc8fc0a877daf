"""The tables behind ``insure.simulation.crises``: one module a crisis, or a room of crises with the same source.

Closing levels are single published figures, typed in with their source named in words; where the arch package ships the
S&P 500 of the period (1999 to 2018) they are read from it when asked for.
"""
