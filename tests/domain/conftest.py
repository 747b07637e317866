"""Settings of the property tests: examples are judged by their result, never by their time."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
