"""A venue that exists only in memory: real books, simulated orders.

`PaperVenue` lives in event time and serves paper sessions and replay; `PaperExchange` is its
public face for people and runners. No socket, file or clock is touched here.
"""
