"""Bithumb: the KRW spot markets of the Korean exchange."""
