"""A configuration: everything that decides what a run computes, except the data.

    RunConfig
    ├── backbone      the pretrained encoder, by name or folder
    ├── encoder       how much of it is used, and its dropouts
    ├── adapters      components in the layers of the encoder, one set per task; their outputs are summed
    ├── pooling       a component
    ├── tasks         task name -> its head
    ├── head_dropout
    ├── precision     of the model in all stages: float32, or bfloat16 (autocast; weights and losses stay float32)
    ├── compiled      whether layers are compiled for the device, in all stages (compilation.py)
    ├── data          how many examples are used, how long a sentence may be
    ├── mlm, simcse_unsupervised, simcse_supervised, fine_tune_first      stages before `multitask`; None: skipped
    ├── multitask     the training stage: epochs, sampler, balancer, what is trained, optimizer
    ├── single_task   the stage after it; None: skipped
    ├── seed          not part of the digest
    └── pretraining_seed    of the stages before `multitask`; None: the run's seed

Configurations are frozen, with `extra="forbid"`, and checked in full before anything is computed. All faults are
reported at once, each with its path and, for a name, the nearest one that exists.

**Never change a default or a meaning here without raising `CONFIG_VERSION`.** `digest` leaves out fields that have
their default value, so that a field added later does not change the digest of older configurations; other values belong
in search spaces.
"""

from __future__ import annotations

from mtbert.config.run_config import CONFIG_VERSION as CONFIG_VERSION
from mtbert.config.run_config import MAIN_TASKS as MAIN_TASKS
from mtbert.config.run_config import RunConfig as RunConfig
from mtbert.config.run_config import parse as parse
from mtbert.config.run_config import read as read
from mtbert.config.run_config import with_rates as with_rates
