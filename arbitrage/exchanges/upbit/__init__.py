"""Upbit: the KRW, BTC and USDT spot markets of the Korean exchange."""
