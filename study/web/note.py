"""The study's note in Optuna's dashboard: the answer in Markdown, and where the report is."""

from __future__ import annotations

import re
from pathlib import Path

from results import page, wording
from results.leaderboard import ConfigurationResult
from results.summary import Summary

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|<>~$&:/-])")


def write(storage: str, found: Summary, folder: Path) -> bool:
    """Write the note and what the study is of; False where optuna-dashboard is not installed, or nothing was searched.

    Optuna's tables take it; who has no dashboard has no use for it.
    """
    try:
        from optuna_dashboard import save_note
    except ModuleNotFoundError:
        return False
    import optuna

    from study.web.optuna_storage import optuna_storage

    stored = optuna_storage(storage)
    if stored is None:
        return False
    try:
        study = optuna.load_study(study_name=found.study.study_name, storage=stored)
        save_note(study, markdown(found, folder))
        about = {"space": found.study.space, "data": found.study.data_source, "backbone": found.study.backbone}
        for key, value in about.items():
            if study.user_attrs.get(key) != value:
                study.set_user_attr(key, value)
    except KeyError:
        return False
    finally:
        stored.remove_session()
        stored.engine.dispose()
    return True


def markdown(found: Summary, folder: Path) -> str:
    """The note: headline, scores, gain with its interval, the report."""
    lines = [f"## {escaped(page.headline(found))}", ""]
    if found.study.data_made_up:
        lines += [escaped(page.MADE_UP), ""]
    rows = [(name, _scored(entry)) for name, entry in (("best", found.best), ("baseline", found.baseline)) if entry]
    if found.gain is not None:
        interval = found.gain.interval
        sure = wording.zero_verdict(interval)
        told = f"{wording.points_text(interval.estimate)} points, 95 % {wording.points_interval(interval)}, {sure}"
        rows.append(("gain", told))
    if rows:
        lines += ["| | |", "|---|---|", *(f"| {name} | {escaped(told)} |" for name, told in rows), ""]
    place = escaped(str(folder / "report.html"))
    lines += [f"The report: [/report](/report) where this is study.dashboard; else the file {place}", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """`text` as Markdown that says just that: no formatting, no link, no element, all in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _scored(entry: ConfigurationResult) -> str:
    return f"{wording.score_with_spread(entry.mean, entry.spread)} ({wording.seeds_text(entry.seeds)})"
