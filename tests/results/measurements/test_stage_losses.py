"""How the stages before multitask learned: means over runs beside the references, in the report's words."""

from __future__ import annotations

from typing import Any

from results.database.rows import RunResult, StageRow
from results.frames import study_frames
from results.measurements.stage_losses import NO_CONTEXT, StageLosses, stage_losses
from results.report.render import render_report

CHOICES = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
REFERENCES = {"unigram_entropy": 6.41, "ln_vocabulary": 10.326}


def told(*losses: float, **references: float) -> dict[str, Any]:
    return {"losses": list(losses), "references": references}


def finish(make: Any, seed: int, *stages: StageRow, **choices: str) -> None:
    run = make.start({**CHOICES, **choices}, seed, "confirm")
    rows = [*stages, StageRow("multitask", f"m{run}", 20.0, False)]
    make.database.runs.finish(run, RunResult(status="complete", score=0.5, stages=rows))


def test_losses_are_means_over_the_runs_that_had_the_stage_with_the_same_choices_of_its_own(make: Any) -> None:
    make.study()
    tied, untied = ({"mlm": "in_domain", "mlm.in_domain.head": head} for head in ("tied", "untied"))
    finish(make, 1, StageRow("mlm", "a", 1.0, False, told(7.0, 6.0, **REFERENCES)), **tied)
    finish(make, 2, StageRow("mlm", "b", 1.0, True, told(6.0, 5.0, **REFERENCES)), **tied)
    finish(make, 3, StageRow("mlm", "c", 1.0, False, told(9.5, 8.0, **REFERENCES)), **untied)
    finish(make, 4, StageRow("mlm", "d", 1.0, False), **tied)  # written before losses were kept
    finish(make, 5)
    assert stage_losses(make.database, make.name) == (
        StageLosses("mlm", tuple(tied.items()), 2, (6.5, 5.5), REFERENCES),
        StageLosses("mlm", tuple(untied.items()), 1, (9.5, 8.0), REFERENCES),
    )


def test_a_sentence_says_whether_a_stage_has_learned_to_use_context(light: Any) -> None:
    choices = (("mlm", "in_domain"), ("mlm.in_domain.head", "untied"))
    told = StageLosses("mlm", choices, 1, (9.55, 7.98), REFERENCES)
    assert told.sentence() == (
        "mlm in_domain (untied head): loss 9.55 in the first epoch, 7.98 in the last; the unigram entropy, which knows "
        f"no context, is 6.41, a uniform guess ln V = 10.33. {NO_CONTEXT}"
    )
    learned = StageLosses("mlm", choices[:1], 3, (6.9, 5.8), REFERENCES)
    assert learned.below_entropy and learned.sentence().endswith("ln V = 10.33 (mean of 3 runs).")
    equal = StageLosses("mlm", choices, 1, (6.41,), REFERENCES)
    assert not equal.below_entropy and "loss 6.41 in the only epoch" in equal.sentence()
    first = StageLosses("fine_tune_first", (("fine_tune_first", "quora"),), 1, (0.7, 0.5), {})
    assert first.sentence() == "fine tune first quora: loss 0.70 in the first epoch, 0.50 in the last."
    simcse = StageLosses("simcse_supervised", (("simcse_supervised", "on"),), 1, (2.0,), {"ln_candidates": 3.4})
    assert simcse.sentence().endswith("a uniform guess among the candidates of a batch is 3.40.")


def test_the_report_and_the_frames_have_them(light: Any) -> None:
    light.study()
    assert "What the stages before multitask fine-tuning learned" not in render_report(light.database, light.name)
    finish(light, 1, StageRow("mlm", "a", 1.0, False, told(9.5, 8.0, **REFERENCES)), mlm="in_domain")
    text = render_report(light.database, light.name)
    assert "Losses of the stages before multitask fine-tuning" in text
    assert "mlm in_domain: loss 9.50 in the first epoch, 8.00 in the last" in text and NO_CONTEXT in text
    frame = study_frames(light.database, light.name).stages
    assert frame["told_json"][0].startswith('{"losses": [9.5, 8.0]') and frame["told_json"].isna().tolist()[1]
