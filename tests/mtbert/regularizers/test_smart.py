"""SMART against the formula written out on its own, and each of the three readings of its perturbation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import for_each
from torch import Tensor

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.data.batching import Batch, collate
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.regularizers.smart import RADII, Perturbation, SmartRegularizer, change, divergence
from mtbert.tasks.abstract import AbstractTask

TASKS = ("sst", "quora", "sts")
READINGS: list[tuple[Perturbation, float]] = [("random_noise", 1.0), ("gradient", 1e-3), ("ball", 1e-5)]


@pytest.fixture
def model(tiny: RunConfig, prepared: Prepared) -> MultitaskModel:
    """In evaluation mode, so without dropout."""
    return build_model(tiny, prepared.vocabulary_size).eval()


def task_of(name: str) -> AbstractTask:
    task: AbstractTask = components.build("tasks", name, {})
    return task


def batch_of(prepared: Prepared, name: str, count: int = 4) -> Batch:
    return collate(prepared.splits[name, "train"], np.arange(count), prepared.pad_id)


def reference_distance(name: str, one: Tensor, other: Tensor) -> Tensor:
    """Symmetric KL from the probabilities themselves, squared error for similarity; mean over examples."""
    if name == "sts":
        return ((one - other) ** 2).mean()
    if name == "quora":
        p, q = torch.sigmoid(one[:, 0]), torch.sigmoid(other[:, 0])
        first, second = torch.stack([p, 1 - p], 1), torch.stack([q, 1 - q], 1)
    else:
        first, second = torch.softmax(one, 1), torch.softmax(other, 1)
    forward = (first * torch.log(first / second)).sum(1)
    backward = (second * torch.log(second / first)).sum(1)
    return (forward + backward).mean()


def reference(
    model: MultitaskModel, name: str, batch: Batch, reading: Perturbation, radius: float, seed: int
) -> Tensor:
    """0.5 times the penalty, step by step as the code of each reading has it."""
    words = F.embedding(batch.input_ids, model.encoder.embeddings.word.weight)  # type: ignore[union-attr, arg-type]
    clean = model(name, batch)
    torch.manual_seed(seed)
    noise = torch.randn(words.shape) * 1e-5
    start = noise.clone().requires_grad_()
    reference_distance(name, model(name, batch, words.detach() + start), clean.detach()).backward()
    gradient = start.grad
    assert gradient is not None
    largest = gradient.abs().max(dim=-1, keepdim=True).values
    direction = torch.where(largest > 0, gradient / largest, torch.zeros(()))
    if reading == "random_noise":
        moved = noise + 1e-3 * gradient
        delta = radius * moved / moved.abs().max(dim=-1, keepdim=True).values
    elif reading == "gradient":
        delta = noise + radius * direction
    else:
        delta = torch.clamp(noise + 1e-3 * direction, -radius, radius)
    model.zero_grad()
    return 0.5 * reference_distance(name, model(name, batch, words + delta), clean)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(("reading", "radius"), READINGS[:2])
def test_penalty_and_gradients_equal_the_formula(
    model: MultitaskModel, prepared: Prepared, name: str, reading: Perturbation, radius: float
) -> None:
    batch = batch_of(prepared, name)
    expected = reference(model, name, batch, reading, radius, seed=7)
    expected.backward()
    gradients = {key: p.grad.clone() for key, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()

    smart = SmartRegularizer(radius=radius, perturbation=reading)
    outputs = model(name, batch)
    torch.manual_seed(7)
    penalty = smart(model, task_of(name), batch, outputs)
    penalty.backward()
    assert penalty.item() == pytest.approx(expected.item(), rel=1e-3) and penalty.item() > 0
    found = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
    assert set(found) == set(gradients)
    scale = max(float(g.abs().max()) for g in gradients.values())
    assert all(torch.allclose(found[key], g, atol=2e-3 * scale, rtol=0) for key, g in gradients.items())


@pytest.mark.parametrize("name", TASKS)
def test_in_the_papers_ball_the_penalty_is_practically_zero(
    model: MultitaskModel, prepared: Prepared, name: str
) -> None:
    batch = batch_of(prepared, name)
    outputs = model(name, batch)
    penalties = []
    for reading, radius in READINGS:
        torch.manual_seed(7)
        smart = SmartRegularizer(radius=radius, perturbation=reading)
        penalties.append(smart(model, task_of(name), batch, outputs).item())
    assert penalties[2] < 1e-5 < penalties[0]
    assert penalties[0] > penalties[1] > penalties[2] >= 0


NOISE = torch.tensor([[[2e-5, -1e-5], [0.0, 1e-5]]])  # (rows, tokens, width)
GRADIENT = torch.tensor([[[1.0, -4.0], [0.0, 0.0]]])  # a token at padding has none


def test_the_reading_of_the_noise_gives_each_token_the_radius_as_its_largest_number() -> None:
    # (2e-5 + 1e-3, -1e-5 - 4e-3), then over 4.01e-3
    delta = change(NOISE, GRADIENT, 1.0, 1e-3, "random_noise")
    assert torch.allclose(delta, torch.tensor([[[1.02e-3 / 4.01e-3, -1.0], [0.0, 1.0]]]))


def test_the_reading_of_the_gradient_adds_it_to_the_noise() -> None:
    delta = change(NOISE, GRADIENT, 1e-3, 1e-3, "gradient")
    assert torch.allclose(delta, torch.tensor([[[2.7e-4, -1.01e-3], [0.0, 1e-5]]]))


def test_the_reading_of_the_ball_does_not_leave_it() -> None:
    delta = change(NOISE, GRADIENT, 1e-5, 1e-3, "ball")
    assert torch.allclose(delta, torch.tensor([[[1e-5, -1e-5], [0.0, 1e-5]]]))


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(("reading", "radius"), READINGS)
def test_the_perturbation_raises_the_penalty_and_stays_in_its_ball(
    model: MultitaskModel, prepared: Prepared, name: str, reading: Perturbation, radius: float
) -> None:
    batch, task = batch_of(prepared, name), task_of(name)
    words = model.encoder.embeddings.word(batch.input_ids).detach()  # type: ignore[operator]
    clean = model(name, batch).detach()
    # Noise that is small beside the ball, so that what raises the penalty is the step.
    noise = (torch.randn(words.shape, generator=torch.Generator().manual_seed(1)) * 1e-6).requires_grad_()
    (gradient,) = torch.autograd.grad(divergence(task, model(name, batch, words + noise), clean), noise)
    delta = change(noise.detach(), gradient, radius, 1e-3, reading)
    assert float(delta.abs().max()) <= radius * 1.01
    before = divergence(task, model(name, batch, words + noise.detach()), clean)
    assert divergence(task, model(name, batch, words + delta), clean).item() > before.item()


@for_each(
    ("name", "one", "other", "expected"),
    [
        # p = (.5, .5), q = (.75, .25), the other classes far away: (.5 - .75) ln(.5 / .75) + (.5 - .25) ln(.5 / .25)
        ("sst", [0, 0, -99, -99, -99], [math.log(3), 0, -99, -99, -99], 0.25 * math.log(3)),
        # the same two distributions as a single logit
        ("quora", [0.0], [math.log(3)], 0.25 * math.log(3)),
        ("sts", [2.0], [3.5], 2.25),
    ],
)
def test_divergence_by_hand(name: str, one: list[float], other: list[float], expected: float) -> None:
    first, second = torch.tensor([one], dtype=torch.float32), torch.tensor([other], dtype=torch.float32)
    assert float(divergence(task_of(name), first, second)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence(task_of(name), second, first)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence(task_of(name), first, first)) == 0


def test_both_sentences_of_a_pair_are_perturbed(model: MultitaskModel, prepared: Prepared) -> None:
    batch = batch_of(prepared, "quora")
    given: list[Tensor] = []
    hook = model.encoder.embeddings.register_forward_pre_hook(lambda _, inputs: given.append(inputs[2]))
    SmartRegularizer(perturbation="random_noise", radius=0.5)(model, task_of("quora"), batch, model("quora", batch))
    hook.remove()
    moved = (given[-1] - model.encoder.embeddings.word(batch.input_ids)).abs()  # type: ignore[operator]
    assert len(moved) == 8
    assert torch.allclose(moved.amax(dim=-1), torch.full(moved.shape[:2], 0.5), atol=1e-5)


def penalty_of(smart: SmartRegularizer, model: MultitaskModel, name: str, batch: Batch, seed: int = 0) -> Tensor:
    """The penalty as a trainer asks for it."""
    torch.manual_seed(seed)
    smart.before_outputs(torch.device("cpu"))
    return smart(model, task_of(name), batch, model(name, batch))


def test_without_one_mask_for_all_passes_the_penalty_is_that_of_two_masks(
    model: MultitaskModel, prepared: Prepared
) -> None:
    model.train()
    batch = batch_of(prepared, "sst")
    for perturbation in RADII:
        free = penalty_of(SmartRegularizer(perturbation=perturbation, same_dropout=False), model, "sst", batch)
        assert free.item() > 1e-3
    fixed = penalty_of(SmartRegularizer(perturbation="ball"), model, "sst", batch)
    assert fixed.item() < 1e-5


def test_with_one_mask_no_parameter_of_the_draws_that_follow_changes(model: MultitaskModel, prepared: Prepared) -> None:
    """What is drawn after the penalty does not overlap what was drawn for it."""
    model.train()
    batch = batch_of(prepared, "sst")
    smart = SmartRegularizer()
    torch.manual_seed(3)
    before = torch.randn(4)
    penalty_of(smart, model, "sst", batch, seed=3)
    after = torch.randn(4)
    torch.manual_seed(3)
    model("sst", batch)
    noise = torch.randn((*batch.input_ids.shape, model.encoder.width))
    assert torch.equal(after, torch.randn(4)) and not torch.equal(after, before)
    assert noise.numel() > 4


@pytest.mark.parametrize("name", TASKS)
def test_in_training_the_named_perturbation_follows_the_gradient_and_random_noise_does_not(
    model: MultitaskModel, prepared: Prepared, name: str
) -> None:
    """Dropout on, as in training; the gradient is taken in float64, under the masks that the passes have."""
    model.train()
    batch, task = batch_of(prepared, name, 8), task_of(name)
    words = model.encoder.embeddings.word(batch.input_ids).detach()  # type: ignore[operator]
    real = batch.attention_mask.unsqueeze(-1)
    generator = torch.Generator().manual_seed(5)

    def outputs(changed: Tensor) -> Tensor:
        torch.manual_seed(2)
        return model(name, batch, changed)

    clean = outputs(words).detach()
    noise = (torch.randn(words.shape, generator=generator) * 1e-5).requires_grad_()
    (gradient,) = torch.autograd.grad(divergence(task, outputs(words + noise), clean), noise)
    found: dict[str, Tensor] = {}
    for perturbation in ("gradient", "random_noise"):
        found[perturbation] = change(noise.detach(), gradient, 1e-3, 1e-3, perturbation) * real  # type: ignore[arg-type]
    random = torch.randn(words.shape, generator=generator) * real
    random *= found["gradient"].norm() / random.norm()
    sizes = {what: divergence(task, outputs(words + delta), clean).item() for what, delta in found.items()}
    assert sizes["gradient"] > 5 * divergence(task, outputs(words + random), clean).item()

    def cosine(delta: Tensor) -> float:
        """The mean over tokens of the cosine with the gradient: every token's change is scaled by itself."""
        each = F.cosine_similarity(delta.double(), gradient.double(), dim=-1)
        return float(each[batch.attention_mask].mean())

    assert cosine(found["gradient"]) > 0.9 and abs(cosine(found["random_noise"])) < 0.2


def test_the_teacher_is_the_start_of_training_and_follows_with_its_momentum(
    model: MultitaskModel, prepared: Prepared
) -> None:
    batch, task = batch_of(prepared, "sts"), task_of("sts")
    smart = SmartRegularizer(radius=1e-5, perturbation="ball", bregman=True, momentum=0.75)
    assert smart(model, task, batch, model("sts", batch)).item() < 1e-5  # the teacher is the model itself
    start = model("sts", batch).detach()
    with torch.no_grad():
        next(p for p in model.heads["sts"].parameters() if p.ndim == 1).add_(2.0)  # its bias
    moved = model("sts", batch)
    assert torch.allclose(moved, start + 2.0, atol=1e-5)
    assert smart(model, task, batch, moved).item() == pytest.approx(4.0, rel=1e-3)  # 2 squared, weight 1
    smart.after_step(model)  # the teacher's bias rises by a quarter of the 2
    assert smart(model, task, batch, moved).item() == pytest.approx(1.5**2, rel=1e-3)


def test_the_teacher_gets_no_gradient(model: MultitaskModel, prepared: Prepared) -> None:
    batch = batch_of(prepared, "sst")
    smart = SmartRegularizer(bregman=True)
    smart(model, task_of("sst"), batch, model("sst", batch)).backward()  # type: ignore[no-untyped-call]
    teacher = smart._teacher
    assert teacher is not None and all(p.grad is None for p in teacher.parameters())
