"""Functions by name, "package.module:function": what a worker runs, and models of other people."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from study.settings import SettingsError


def function_of(name: str) -> Callable[..., Any]:
    """The function that "package.module:function" names. `SettingsError` where there is none."""
    module, attribute = module_of(name), name.partition(":")[2]
    found = getattr(module, attribute, None)
    if not callable(found):
        raise SettingsError(f"The module '{module.__name__}' has no function '{attribute}'.")
    function: Callable[..., Any] = found
    return function


def module_of(name: str) -> ModuleType:
    """The module that "package.module:function" names. `SettingsError` where there is none."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise SettingsError(f"'{name}' names no function. Write it as package.module:function.")
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            told = f"There is no module '{module_name}' on the path (the current folder is on it): '{name}'."
            raise SettingsError(told) from None
        raise
