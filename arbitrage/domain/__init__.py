"""What is true of markets: instruments, events, intents, books, orders, fees, FX, the ledger.

Floor 0 of the house: standard library and msgspec only, no clock, no I/O, no randomness.
"""
