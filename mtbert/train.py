"""The command `python -m mtbert.train`: train one configuration alone, and save the model."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mtbert.errors import MtbertError
from mtbert.plain import plain


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m mtbert.train", description="Train one configuration and save the best epoch's model."
    )
    what = result.add_mutually_exclusive_group()
    what.add_argument("--config", type=Path, metavar="FILE", help="a configuration (JSON); default: the baseline")
    what.add_argument(
        "--recipe", metavar="NAME", help="a known configuration; python -m search_spaces show full_ablation"
    )
    result.add_argument(
        "--epochs", type=int, metavar="E", help="of multitask fine-tuning; default: the configuration's"
    )
    result.add_argument(
        "--learning-rate-times",
        type=float,
        default=1.0,
        metavar="F",
        help="every learning rate times F, as in study.launch; default: 1",
    )
    result.add_argument(
        "--data", default="demo", help="demo (made up), hub, hub:DIR, or a folder in the course's layout"
    )
    result.add_argument("--strict-data", action="store_true", help="a bad row is an error, not dropped")
    result.add_argument("--backbone", help="minilm, tiny, a folder, or a hub name; default: the configuration's")
    result.add_argument("--seed", type=int, help="default: the configuration's")
    result.add_argument("--out", type=Path, metavar="DIR", help="where the model is saved; default: not saved")
    result.add_argument("--device", help="cpu, cuda, cuda:1; default: cuda where there is one")
    result.add_argument("--json", action="store_true", help="print one JSON object at the end; epochs go to stderr")
    result.add_argument("--threads", type=int, default=1, help="CPU threads; part of what makes a result repeatable")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for bad arguments, configuration or data."""
    options = parser().parse_args(arguments)
    try:
        _train(options)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    import torch  # here, so that --help needs no torch
    from tokenizers import Tokenizer

    from mtbert import checkpoint
    from mtbert.config import RunConfig, parse, read, with_rates
    from mtbert.data.load import load_corpus
    from mtbert.recipes import recipe
    from mtbert.run import prepare_data, run
    from mtbert.stages.multitask import EpochReport

    if options.recipe:
        config = recipe(options.recipe, options.epochs)
    else:
        config = read(options.config) if options.config else RunConfig()
    told = config.model_dump(mode="json")
    if options.epochs is not None:
        told["multitask"]["epochs"] = options.epochs
    changes = {key: getattr(options, key) for key in ("backbone", "seed") if getattr(options, key) is not None}
    config = with_rates(parse({**told, **changes}), options.learning_rate_times)
    torch.set_num_threads(max(1, options.threads))
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    corpus = load_corpus(options.data, tuple(config.tasks), strict=options.strict_data)
    for issue in corpus.issues:
        print(plain(str(issue)), file=sys.stderr)
    data = prepare_data(config, corpus)

    def report(epoch: EpochReport) -> bool:
        metrics = "   ".join(
            f"{name} {key} {value:.3f}"
            for name, task in epoch.dev.tasks.items()
            for key, value in task.metrics.items()
            if key in ("accuracy", "pearson")
        )
        print(
            f"epoch {epoch.epoch}/{config.reported_epochs()}   score {epoch.dev.score:.4f}   {metrics}",
            file=sys.stderr if options.json else sys.stdout,
            flush=True,
        )
        return True

    outcome = run(config, data, report, device)
    if options.out:
        checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), options.out)
    if options.json:
        best = outcome.best
        told = {
            "digest": config.digest(),
            "seed": config.seed,
            "best_epoch": best.epoch,
            "score": best.dev.score,
            "tasks": {name: dict(task.metrics) for name, task in best.dev.tasks.items()},
            "model": str(options.out) if options.out else None,
        }
        print(json.dumps(told, indent=2))
        return
    print(f"best epoch {outcome.best.epoch}, dev score {outcome.best.dev.score:.4f}")
    if options.out:
        print(f"model {options.out}")


if __name__ == "__main__":
    sys.exit(main())
