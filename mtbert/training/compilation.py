"""The encoder's layers as kernels compiled for the device (`torch.compile`), where that saves time.

Each BERT layer's forward pass without adapters is compiled: one graph serves all layers of an encoder, because the
weights are arguments of it, and batches of every size, because packing gives another number of tokens each time.
Adapters, the first token's own pass through the last layer, a BiLSTM, poolings and heads are not compiled. Compiled
kernels add up in another order and draw dropout differently, which gives another result, so `compiled` is part of a
configuration's digest.
"""

from __future__ import annotations

import torch
from torch import nn

from mtbert.encoder.layer import BertLayer
from mtbert.errors import CompilationError

# Steps of the baseline's batches from which compiling saves time on a GPU. Estimated, not measured (`benchmarks/gpu.py`
# prints it): a minute of compiling in each worker (forward and backward, training and evaluation), and steps that
# become 6 ms shorter.
REPAYING_STEPS = 10_000
TRITON = (7, 0)  # the first CUDA capability that Triton compiles for


def compile_layers(model: nn.Module) -> None:
    """Have the model's BERT layers compiled at their first call; they compute the same function.

    Raises:
        CompilationError: the model's device has no compiler.
    """
    why_not = fault(str(next(model.parameters()).device))
    if why_not is not None:
        raise CompilationError(why_not)
    # A balancer or surgery computes gradients of one graph several times, so its buffers must not be reused.
    torch._functorch.config.donated_buffer = False
    torch._inductor.config.compile_threads = 1  # a killed worker must not leave compiler processes behind
    for module in model.modules():
        if isinstance(module, BertLayer):
            module.compile(dynamic=True)


def repays(device: str, steps: float) -> bool:
    """Return whether compiling saves time with this many steps on a device; on a CPU it never does."""
    return device.startswith("cuda") and steps >= REPAYING_STEPS


def fault(device: str) -> str | None:
    """Return why nothing can be compiled for a device, with a way out; None if it can."""
    if device.startswith("cuda"):
        from torch.utils._triton import has_triton

        if torch.cuda.get_device_capability(device) < TRITON or not has_triton():
            return f"compiling for {device} needs Triton and a GPU of capability 7.0 or more. Use --compile off."
        return None
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return "compiling for a CPU needs a C++ compiler, and there is none here. Install g++, or use --compile off."
    return None
