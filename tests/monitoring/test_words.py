"""Every language says the same things."""

import re

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.monitoring.words import CATALOGUE, words

PLACEHOLDER = re.compile(r"\{(\w+)")


@pytest.mark.parametrize("language", CATALOGUE)
def test_every_language_has_every_word_and_its_placeholders(language: str) -> None:
    english, other = words("en"), words(language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(other[key])), key


@pytest.mark.parametrize("language", CATALOGUE)
def test_the_simulation_says_how_it_differs_from_a_real_market(language: str) -> None:
    text = words(language)["simulated"].format(time_scale=60.0, per_hour=1.5)
    assert "60" in text
    assert "1.5" in text


def test_an_unknown_language_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="language is 'fr'; expected one of en, ko"):
        words("fr")
