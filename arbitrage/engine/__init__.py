"""What we decide: edges, sizes, entries, exits, hedges and risk, as one deterministic function.

Floor 1 of the house. `ArbitrageEngine.step(event) -> Step` is the only door; nothing here waits,
reads a clock or keeps a log.
"""
