"""How the settings of a study follow from the flags given, an earlier launch, and the budget."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from study.flags import declared, faults
from study.settings import BUDGETS, MAIN_TASKS, MTBERT, NAME, REHEARSAL, STORE, Settings, SettingsError


def resolve(given: Mapping[str, Any], stored: Settings | None, imported: Settings | None = None) -> Settings:
    """Return the given flags over the settings of an earlier launch of the same name, or else over the budget's.

    `given` maps a field of `Settings` to the value of its flag. A new study that begins with the runs of another takes
    that one's settings, `imported`, where no flag is given.

    Raises:
        SettingsError: a resumed study or its runs would change their meaning, or a value is out of range.
    """
    if stored is not None:
        given = {key: value for key, value in given.items() if key != "name"}
        _check_unchanged(
            given, stored, ("study", "runs"), f"Study '{stored.name}' exists with other settings",
            f"Resume it without these flags, or choose another name: --name {stored.name}-2",
        )  # fmt: skip
        settings = _over(stored, given)
        _check_looks(settings, stored)
    elif imported is not None:
        _check_unchanged(
            given, imported, ("runs",), f"The runs of study '{imported.name}' were made with other settings",
            "Leave these flags out, or begin without its runs: leave out --import-from",
        )  # fmt: skip
        settings = _over(imported, given)
    else:
        settings = _new(given)
    _check(settings)
    return replace(settings, max_seeds=None) if settings.max_seeds == settings.seeds else settings


def _check_unchanged(
    given: Mapping[str, Any], earlier: Settings, fixed: tuple[str, ...], fault: str, way_out: str
) -> None:
    """Refuse flags that would put runs of two meanings under one name: `SettingsError`."""
    names = [one.field for one in declared(Settings) if one.flag.fixed in fixed]
    changed = [key for key in names if key in given and given[key] != getattr(earlier, key)]
    if changed:
        values = "; ".join(f"{key} is {getattr(earlier, key)!r} there, {given[key]!r} here" for key in changed)
        raise SettingsError(f"{fault}: {values}.\n{way_out}")


def _over(earlier: Settings, given: Mapping[str, Any]) -> Settings:
    """Return the earlier settings with the given ones; another budget adds trials and seeds and changes no meaning."""
    budget = asdict(BUDGETS[given["budget"]]) if "budget" in given else {}
    fixed = {one.field for one in declared(Settings) if one.flag.fixed != "no"}
    return replace(earlier, **{**{key: value for key, value in budget.items() if key not in fixed}, **given})


def _check_looks(settings: Settings, stored: Settings) -> None:
    """Refuse other numbers of seeds: the error that each look may spend was fixed before the first look."""
    if stored.max_seeds is None or (settings.seeds, settings.max_seeds) == (stored.seeds, stored.max_seeds):
        return
    raise SettingsError(
        f"Study '{stored.name}' looks at its rows after {stored.seeds} to {stored.max_seeds} seeds; its error rate "
        f"rests on that being fixed before the first look.\n"
        f"Resume it with --seeds {stored.seeds} and --max-seeds {stored.max_seeds}, or choose another name: "
        f"--name {stored.name}-2"
    )


def _new(given: Mapping[str, Any]) -> Settings:
    trainer = given.get("trainer", MTBERT)
    if trainer not in (MTBERT, REHEARSAL) and "space" not in given:
        raise SettingsError(
            f"--trainer {trainer} needs --space: the default, {Settings.space}, has the factors of multitask BERT, "
            "which this trainer does not know. Name the file with your space: --space my_space.py (docs/own_model.md "
            "shows one)."
        )
    budget = BUDGETS[given.get("budget", Settings.budget)]
    return Settings(**{**asdict(budget), **given, "name": given.get("name") or default_name(given)})


def default_name(given: Mapping[str, Any]) -> str:
    """Return a name made from space, data and backbone, and from the tasks unless they are the main three.

    E.g. "full_ablation-demo-minilm", "heads-demo-tiny-quora_sts"; `given` as for `resolve`.
    """
    space, data, backbone = (str(given.get(key, getattr(Settings, key))) for key in ("space", "data", "backbone"))
    parts = (space.removesuffix(".py").rstrip("/").split("/")[-1], data.rstrip("/"), backbone.rstrip("/"))
    words = [part.split("/")[-1] if part.split("/")[-1] != "data" else _folder_above(part) for part in parts]
    trainer = given.get("trainer", MTBERT)
    words = words if trainer == MTBERT else [words[0], re.sub(r"[^A-Za-z0-9_]+", "_", _module_and_function(trainer))]
    tasks = given.get("tasks", MAIN_TASKS)
    words += [] if tasks == MAIN_TASKS else ["_".join(tasks)]
    return "-".join(re.sub(r"[^A-Za-z0-9._]+", "_", word).strip("._") or "x" for word in words)


def _module_and_function(trainer: str) -> str:
    """Return "models:train" for "my.models:train" and for "my/models.py:train"."""
    where, _, function = trainer.rpartition(":")
    return f"{where.removesuffix('.py').replace('/', '.').rpartition('.')[2]}:{function}"


def _folder_above(path: str) -> str:
    """Return the name of the folder above as well: half of all data folders are called data."""
    above = [part for part in path.split("/") if part not in ("", ".", "..")]
    return "_".join(above[-2:])


def _check(settings: Settings) -> None:
    """Refuse names that leave the folder, numbers out of range, and unknown phases and designs: `SettingsError`."""
    found = faults(settings)
    if not re.fullmatch(NAME, settings.name):
        found.append(
            f"A study's name has letters, digits, '.', '_' and '-', and starts with a letter or digit; "
            f"got '{settings.name}'. Choose one: --name my-study"
        )
    if settings.name == STORE:
        found.append(f"The folder '{STORE}' is that of the stage store; choose another name: --name {STORE}-1")
    if settings.max_seeds is not None and settings.max_seeds < settings.seeds:
        found.append(f"--max-seeds must be at least --seeds, which is {settings.seeds}, got {settings.max_seeds}.")
    if found:
        raise SettingsError("\n".join(found))
