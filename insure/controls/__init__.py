"""Controls: what lets people trust an automaton with a fund.

Each room is a pure fold over statements of the book: what stands now follows from what was said, and nothing else.
"""
