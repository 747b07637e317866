"""Bybit v5: the spot markets and linear perpetuals of a unified trading account."""
