"""The registry: a folder's files are its components."""

from __future__ import annotations

import pytest
from cases import for_each

from mtbert import components
from mtbert.errors import ConfigurationError


@for_each("kind", components.KINDS)
def test_every_file_defines_one_component(kind: str) -> None:
    assert components.names(kind)
    for name in components.names(kind):
        assert isinstance(components.load(kind, name), type)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="No kind of component named 'pooling'. Did you mean 'poolings'"):
        components.names("pooling")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="No pooling named 'men'. Did you mean 'mean'"):
        components.load("poolings", "men")


def test_settings_are_the_parameters_with_a_default() -> None:
    assert components.settings("samplers", "sequential") == {"order": ()}
    assert components.settings("heads", "linear") == {}


def test_a_fact_the_component_needs_must_be_given() -> None:
    with pytest.raises(TypeError, match="width"):
        components.build("heads", "linear", {}, outputs=1, dropout=0.0)


def test_a_fact_of_the_model_cannot_be_configured() -> None:
    with pytest.raises(ConfigurationError, match="No setting of head linear named 'width'"):
        components.complete("heads", "linear", {"width": 3})


def test_facts_are_the_parameters_without_a_default() -> None:
    assert components.facts("poolings", "cls_pooler") == {"width", "pooler"}
    assert components.facts("poolings", "cls") == frozenset()
