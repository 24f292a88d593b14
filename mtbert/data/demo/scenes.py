"""Generated sentence pairs about scenes: similarity is the weighted share of meaning that both sentences have.

A scene has slots: who (how many, of what kind) does what and where, or two actors who each do something. A slot with
the same meaning counts fully, one of the same family less than half, another one nothing; wording and word order count
nothing. If two actors trade places, all words stay and meaning is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

ONE_ACTOR = {"agent": 1.4, "action": 1.9, "place": 0.8, "count": 0.45, "quality": 0.45}  # each sums to 5
TWO_ACTORS = {"agent": 1.0, "action": 1.3, "other": 1.0, "other_action": 1.3, "place": 0.4}
SAME_FAMILY = 0.4
TWO_ACTORS_SHARE = 0.4
TRADED_SHARE = 0.4  # of the pairs with two actors: the second sentence has them the other way round


@dataclass(frozen=True)
class Meaning:
    """A value of a slot: the family it belongs to and its wordings."""

    family: str
    wordings: tuple[str, ...]


def _meanings(family: str, *values: str) -> tuple[Meaning, ...]:
    """Return values written as "man/guy": wordings of one meaning, separated by slashes."""
    return tuple(Meaning(family, tuple(value.split("/"))) for value in values)


# Nouns are written "singular:plural".
PEOPLE = (
    *_meanings("adult", "man:men/guy:guys", "woman:women/lady:ladies", "farmer:farmers",
               "chef:chefs/cook:cooks"),
    *_meanings("child", "boy:boys", "girl:girls", "teenager:teenagers/teen:teens",
               "student:students/pupil:pupils"),
    *_meanings("artist", "musician:musicians", "dancer:dancers", "painter:painters", "clown:clowns"),
    *_meanings("worker", "soldier:soldiers", "police officer:police officers/cop:cops", "nurse:nurses",
               "builder:builders/construction worker:construction workers"),
)  # fmt: skip
ANIMALS = (
    *_meanings("pet", "dog:dogs/hound:hounds", "cat:cats", "puppy:puppies", "kitten:kittens"),
    *_meanings("farm", "horse:horses", "cow:cows", "goat:goats", "sheep:sheep"),
    *_meanings("wild", "bear:bears", "fox:foxes", "deer:deer", "monkey:monkeys"),
)
PERSON_ACTIONS = (
    *_meanings("music", "playing a guitar/strumming a guitar", "playing the piano", "singing a song/singing",
               "playing the drums/drumming", "playing a flute"),
    *_meanings("kitchen", "slicing an onion/cutting an onion", "peeling a potato", "baking bread",
               "frying eggs/cooking eggs in a pan", "mixing a salad/tossing a salad"),
    *_meanings("sport", "playing soccer/kicking a soccer ball", "riding a bicycle/cycling",
               "jogging/going for a run", "lifting weights", "playing basketball/shooting hoops"),
    *_meanings("desk", "reading a book", "writing a letter", "typing on a laptop/using a laptop",
               "drawing a picture/making a drawing", "reading a newspaper"),
    *_meanings("rest", "sleeping on a bench/napping on a bench", "eating a sandwich",
               "drinking coffee/having coffee",
               "talking on the phone/making a phone call", "waiting for a bus"),
    *_meanings("repair", "fixing a car/repairing a car", "painting a fence", "carrying boxes",
               "washing a window", "digging a hole"),
)  # fmt: skip
ANIMAL_ACTIONS = (
    *_meanings("motion", "running/racing along", "jumping over a log/leaping over a log", "walking slowly",
               "climbing a rock"),
    *_meanings("water", "swimming", "drinking water", "splashing around/playing in the water"),
    *_meanings("calm", "sleeping/napping", "lying down/resting", "standing still", "looking around"),
    *_meanings("food", "eating grass", "chewing on a stick/gnawing a stick", "sniffing at a bag"),
    *_meanings("play", "chasing a ball/running after a ball", "rolling on the ground", "playing with a rope"),
)  # fmt: skip
PLACES = (
    *_meanings("green", "in the park", "in a garden/in a yard", "in a meadow/in a field",
               "in the forest/in the woods"),
    *_meanings("shore", "at the beach/by the sea", "by a lake", "near a river/next to a river", "on a pier"),
    *_meanings("town", "on the street/in the street", "in front of a shop/outside a store", "at a market",
               "next to a church"),
    *_meanings("house", "in a barn", "on a porch", "behind a house/in back of a house", "in a large hall"),
)  # fmt: skip
COUNTS = (
    *_meanings("one", "a"),
    *_meanings("few", "two/a pair of", "three"),
    *_meanings("many", "several/a group of"),
)
PERSON_QUALITIES = (
    *_meanings("mood", "happy/cheerful", "tired/sleepy", "bored"),
    *_meanings("size", "tall", "short"),
)
ANIMAL_QUALITIES = (
    *_meanings("size", "large/big", "small/little"),
    *_meanings("color", "brown", "white", "black"),
)
ONE_ACTOR_PATTERNS = (
    "{who} {be} {action} {place}.", "{who} {be} {action} {place}.", "{place}, {who} {be} {action}.",
    "There {be} {who} {action} {place}.", "{place} there {be} {who} {action}.",
)  # fmt: skip

TWO_ACTOR_PATTERNS = (
    "{who} is {action} while {other} is {other_action} {place}.",
    "{place}, {who} is {action} and {other} is {other_action}.",
    "While {other} is {other_action}, {who} is {action} {place}.",
)

Scene = dict[str, Meaning]


def scene_pair(rng: Random) -> tuple[str, str, float]:
    """Return two different sentences and their similarity, 0 to 5, before label noise and rounding."""
    weights = TWO_ACTORS if rng.random() < TWO_ACTORS_SHARE else ONE_ACTOR
    choices = _choices(rng)
    first = _scene(weights, choices, rng)
    if rng.random() < 0.08:  # nothing shared but by chance
        second = _scene(weights, _choices(rng), rng)
    else:
        kept = rng.random() ** 0.6
        second = {slot: _varied(value, choices[slot], kept, rng) for slot, value in first.items()}
    if weights is TWO_ACTORS and rng.random() < TRADED_SHARE:
        second = {**second, "agent": second["other"], "other": second["agent"]}
    sentence = _sentence(first, rng)
    while True:  # every slot set can be said in several orders, so a different sentence exists
        other = _sentence(second, rng)
        if other != sentence:
            return sentence, other, similarity(first, second, weights)


def scene_triplet(rng: Random) -> tuple[str, str, str]:
    """Return a scene, the same one in other words, and one in which the actor does something of another kind."""
    weights = TWO_ACTORS if rng.random() < TWO_ACTORS_SHARE else ONE_ACTOR
    choices = _choices(rng)
    scene = _scene(weights, choices, rng)
    done = {scene[slot].family for slot in ("action", "other_action") if slot in scene}
    others = [value for value in choices["action"] if value.family not in done]
    premise = entailed = _sentence(scene, rng)
    while entailed == premise:
        entailed = _sentence(scene, rng)
    return premise, entailed, _sentence({**scene, "action": rng.choice(others)}, rng)


def similarity(first: Scene, second: Scene, weights: dict[str, float]) -> float:
    """Return the sum of the weights of the slots that agree, `SAME_FAMILY` of it for the same family; 0 to 5."""
    return sum(weight * _agreement(first[slot], second[slot]) for slot, weight in weights.items())


def _agreement(first: Meaning, second: Meaning) -> float:
    return 1.0 if first == second else SAME_FAMILY if first.family == second.family else 0.0


def _choices(rng: Random) -> dict[str, tuple[Meaning, ...]]:
    """Return the values each slot may take, for people in three scenes of four, else for animals."""
    people = rng.random() < 0.75
    agents, actions = (PEOPLE, PERSON_ACTIONS) if people else (ANIMALS, ANIMAL_ACTIONS)
    return {
        "agent": agents,
        "other": agents,
        "action": actions,
        "other_action": actions,
        "place": PLACES,
        "count": COUNTS,
        "quality": PERSON_QUALITIES if people else ANIMAL_QUALITIES,
    }


def _scene(weights: dict[str, float], choices: dict[str, tuple[Meaning, ...]], rng: Random) -> Scene:
    """Return a value for every slot; two actors are never the same, nor do they do the same."""
    scene: Scene = {}
    for slot in weights:
        scene[slot] = rng.choice([value for value in choices[slot] if value not in scene.values()])
    return scene


def _varied(value: Meaning, values: tuple[Meaning, ...], kept: float, rng: Random) -> Meaning:
    """Return the same meaning with probability `kept`, else one of its family or any other, evenly."""
    if rng.random() < kept:
        return value
    family = rng.random() < 0.5
    near = [v for v in values if v != value and (v.family == value.family) == family]
    return rng.choice(near or [v for v in values if v != value])


def _sentence(scene: Scene, rng: Random) -> str:
    spoken = {slot: rng.choice(meaning.wordings) for slot, meaning in scene.items()}
    if "other" in scene:
        fields = {**spoken, "who": _with_article(spoken["agent"].split(":")[0])}
        fields["other"] = _with_article(spoken["other"].split(":")[0])
        words = rng.choice(TWO_ACTOR_PATTERNS).format(**fields)
    else:
        one = spoken["count"] == "a"
        noun = f"{spoken['quality']} {spoken['agent'].split(':')[0 if one else 1]}"
        fields = {**spoken, "who": _with_article(noun) if one else f"{spoken['count']} {noun}"}
        words = rng.choice(ONE_ACTOR_PATTERNS).format(be="is" if one else "are", **fields)
    return words[0].upper() + words[1:]


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
