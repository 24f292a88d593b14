"""The settings of a study, from the flags, an earlier launch, and the budget."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from study.flags import declared, faults
from study.settings import BUDGETS, MAIN_TASKS, MTBERT, NAME, REHEARSAL, STORE, Settings, SettingsError


def resolve(flags: Mapping[str, Any], stored: Settings | None, imported: Settings | None = None) -> Settings:
    """Return the settings of a launch: its `flags` over those `stored` under its name, or `imported`, or the budget's.

    `flags` maps fields of `Settings` to values; `imported` are the settings of the study with `--import-from`.

    Raises:
        SettingsError: a resumed study or its runs would change their meaning, or a value is out of range.
    """
    if stored is not None:
        flags = {key: value for key, value in flags.items() if key != "name"}
        fault = f"Study '{stored.name}' exists with other settings"
        way_out = f"Resume it without these flags, or choose another name: --name {stored.name}-2"
        _check_unchanged(flags, stored, ("study", "runs"), fault, way_out)
        settings = _over(stored, flags)
        _check_interim_analyses(settings, stored)
    elif imported is not None:
        fault = f"The runs of study '{imported.name}' have other settings"
        _check_unchanged(flags, imported, ("runs",), fault, "Leave out these flags, or leave out --import-from.")
        settings = _over(imported, flags)
    else:
        settings = _new(flags)
    _check(settings)
    return replace(settings, max_seeds=None) if settings.max_seeds == settings.seeds else settings


def _check_unchanged(
    flags: Mapping[str, Any], earlier: Settings, fixed: tuple[str, ...], fault: str, way_out: str
) -> None:
    """Refuse flags that would mix runs of different meanings in a study."""
    stored = {each: getattr(earlier, each.field) for each in declared(Settings) if each.flag.fixed in fixed}
    changes = [
        f"{each.option} was {_shown(value)}, now {_shown(flags[each.field])}"
        for each, value in stored.items()
        if flags.get(each.field, value) != value
    ]
    if changes:
        raise SettingsError(f"{fault}: {'; '.join(changes)}.\n{way_out}")


def _shown(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else "" if value is None else repr(value)
    return text or "not given"


def _over(earlier: Settings, flags: Mapping[str, Any]) -> Settings:
    """Return the earlier settings, changed by the flags; a new budget changes only settings that are not fixed."""
    budget = asdict(BUDGETS[flags["budget"]]) if "budget" in flags else {}
    fixed = {each.field for each in declared(Settings) if each.flag.fixed != "no"}
    return replace(earlier, **{**{key: value for key, value in budget.items() if key not in fixed}, **flags})


def _check_interim_analyses(settings: Settings, stored: Settings) -> None:
    """Refuse other numbers of seeds: the levels of the interim analyses were fixed before the first of them."""
    if stored.max_seeds is None or (settings.seeds, settings.max_seeds) == (stored.seeds, stored.max_seeds):
        return
    counts = ", ".join(map(str, stored.analyses_after()))
    raise SettingsError(
        f"Study '{stored.name}' is analysed after {counts} seeds, and its error "
        f"rate is valid only if these numbers never change.\nResume it with --seeds {stored.seeds} and --max-seeds "
        f"{stored.max_seeds}, or choose another name: --name {stored.name}-2"
    )


def _new(flags: Mapping[str, Any]) -> Settings:
    trainer = flags.get("trainer", MTBERT)
    if trainer not in (MTBERT, REHEARSAL) and "space" not in flags:
        raise SettingsError(
            f"--trainer {trainer} needs --space, because the default, {Settings.space}, has the factors of multitask "
            "BERT. Give the file with your space: --space my_space.py (docs/own_model.md has an example)."
        )
    budget = BUDGETS[flags.get("budget", Settings.budget)]
    return Settings(**{**asdict(budget), **flags, "name": flags.get("name") or default_name(flags)})


def default_name(flags: Mapping[str, Any]) -> str:
    """Return the name derived from space, data and backbone, and from the tasks unless they are the main three.

    E.g. "full_ablation-demo-minilm", "heads-demo-tiny-quora_sts"; `flags` as for `resolve`.
    """
    space, data, backbone = (str(flags.get(key, getattr(Settings, key))) for key in ("space", "data", "backbone"))
    parts = (space.removesuffix(".py").rstrip("/").split("/")[-1], data.rstrip("/"), backbone.rstrip("/"))
    words = [part.split("/")[-1] if part.split("/")[-1] != "data" else _with_parent(part) for part in parts]
    trainer = flags.get("trainer", MTBERT)
    words = words if trainer == MTBERT else [words[0], re.sub(r"[^A-Za-z0-9_]+", "_", _module_and_function(trainer))]
    tasks = flags.get("tasks", MAIN_TASKS)
    words += [] if tasks == MAIN_TASKS else ["_".join(tasks)]
    return "-".join(re.sub(r"[^A-Za-z0-9._]+", "_", word).strip("._") or "x" for word in words)


def _module_and_function(trainer: str) -> str:
    """Return "models:train" for "my.models:train" and for "my/models.py:train"."""
    where, _, function = trainer.rpartition(":")
    return f"{where.removesuffix('.py').replace('/', '.').rpartition('.')[2]}:{function}"


def _with_parent(path: str) -> str:
    """Return the folder's name after its parent's, because many data folders are called data."""
    return "_".join([part for part in path.split("/") if part not in ("", ".", "..")][-2:])


def _check(settings: Settings) -> None:
    """Refuse numbers out of range, unknown phases and designs, and names that are no folder of `--out`."""
    messages = faults(settings)
    if not re.fullmatch(NAME, settings.name):
        messages.append(
            f"A study's name has letters, digits, '.', '_' and '-', and starts with a letter or digit; "
            f"got '{settings.name}'. Choose one: --name my-study"
        )
    if settings.name == STORE:
        messages.append(f"The name '{STORE}' is the folder of the stage store. Choose another one: --name {STORE}-1")
    if settings.max_seeds is not None and settings.max_seeds < settings.seeds:
        messages.append(f"--max-seeds must be at least --seeds, which is {settings.seeds}, got {settings.max_seeds}.")
    if settings.vary == "train" and settings.trainer not in (MTBERT, REHEARSAL):
        messages.append(
            f"--vary train draws the training sentences of multitask BERT; a custom trainer, got {settings.trainer}, "
            "can draw its own from the seed that it is given. Leave out --vary."
        )
    if messages:
        raise SettingsError("\n".join(messages))
