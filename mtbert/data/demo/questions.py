"""Generated question pairs: paraphrases by syntax and synonym, and minimal pairs that ask something else.

A frame is one intent: several ways to ask it, slots to fill, and similar questions that ask something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

DUPLICATE_SHARE = 0.42  # near Quora's own 37 %

Value = tuple[str, ...]  # one meaning and its wordings


def _values(text: str) -> tuple[Value, ...]:
    """Split text into meanings, separated by "; ", and their wordings, separated by "/"."""
    return tuple(tuple(meaning.split("/")) for meaning in text.split("; "))


CITIES = _values(
    "Lisbon; Oslo; Chicago; Nairobi; Lima; Osaka; Mumbai; Prague; Toronto; Cairo; Dublin; Seoul; "
    "Vienna; Boston; Athens; Hanoi"
)
SKILLS = _values(
    "Spanish; the guitar; chess; calculus/differential calculus; drawing/sketching; Japanese; the "
    "piano; programming/coding; swimming; statistics; cooking; photography/taking photographs; sign "
    "language; carpentry/woodworking; the violin; public speaking/speaking in public"
)
SPANS = _values(
    "two weeks/14 days; a month/30 days; three months/90 days; a year/twelve months; six months/half a "
    "year; a weekend/two days"
)
DEVICES = _values(
    "phone/smartphone; laptop/notebook computer; washing machine/washer; car/vehicle; printer; "
    "television/TV; refrigerator/fridge; bicycle/bike; dishwasher; camera"
)
FAULTS = _values(
    "does not start/will not turn on; makes a loud noise/is very noisy; keeps stopping/shuts off all "
    "the time; smells of smoke/has a burning smell; got wet/fell into water; gets too hot/overheats"
)
ANIMALS = _values("dogs; cats; rabbits/bunnies; parrots; horses; hamsters; goats; turtles; chickens/hens; guinea pigs")
FOODS = _values(
    "raw carrots/uncooked carrots; cheese; bananas; peanut butter; cooked rice/boiled rice; grapes; "
    "bread; apples; raw eggs/uncooked eggs; tomatoes; oats; cucumbers"
)
THINGS = _values(
    "restaurants/places to eat; museums; hotels/places to stay; bookshops/bookstores; parks; hospitals; "
    "music clubs/clubs with live music; universities/colleges; gyms/fitness studios; markets"
)
TOPICS = _values(
    "soccer/football; jazz/jazz music; horror films/scary movies; spicy food/hot food; video games; "
    "opera; camping; electric cars/electric vehicles; reality shows; poetry/poems; social media/social "
    "networks; cold weather; science fiction; yoga"
)
INVENTIONS = _values(
    "telephone; light bulb; steam engine; zipper; microscope; printing press; bicycle; vacuum cleaner; "
    "helicopter; thermometer; battery; typewriter; parachute; elevator"
)
FORMATS = _values(
    "PDF files; Word documents; spreadsheets; JPEG images; audio files; text files; web pages; slides; "
    "video files/videos; e-books"
)
AMOUNTS = _values(
    "100 dollars; 500 dollars; 1,000 dollars/a thousand dollars; 5,000 dollars; 10,000 dollars/ten "
    "thousand dollars; 50,000 dollars"
)


@dataclass(frozen=True)
class Frame:
    """One intent. `asks` mean the same, `others` something else each; slots in `swap` may trade places."""

    slots: dict[str, tuple[Value, ...]]
    asks: tuple[str, ...]
    others: tuple[str, ...]
    swap: tuple[str, str] | None = None


FRAMES: tuple[Frame, ...] = (
    Frame(
        {"skill": SKILLS},
        ("How can I learn {skill} by myself?", "What is the best way to teach myself {skill}?",
         "How do I study {skill} without a teacher?", "Is there a good method to pick up {skill} on my own?"),
        ("How can I teach {skill} to others?", "Where can I find a teacher for {skill}?",
         "Why do people give up learning {skill}?", "How do I learn {skill} with a teacher?"),
    ),
    Frame(
        {"skill": SKILLS, "span": SPANS},
        ("Is it possible to learn {skill} in {span}?", "Can I become good at {skill} within {span}?",
         "Can someone master {skill} in just {span}?", "Is {span} enough to learn {skill}?"),
        ("Is it possible to forget {skill} in {span}?", "Why does it take more than {span} to learn {skill}?",
         "How much does a course in {skill} of {span} cost?"),
    ),
    Frame(
        {"a": FORMATS, "b": FORMATS},
        ("How do I convert {a} to {b}?", "What is the easiest way to turn {a} into {b}?",
         "Which program can change {a} into {b}?", "How can {a} be converted into {b}?"),
        ("How do I store {a} and {b} together?", "Why are {a} larger than {b}?",
         "How do I send {a} instead of {b}?"),
        swap=("a", "b"),
    ),
    Frame(
        {"a": CITIES, "b": CITIES},
        ("How long does it take to get from {a} to {b}?", "What is the travel time from {a} to {b}?",
         "How many hours is the trip from {a} to {b}?", "How much time do I need to travel from {a} to {b}?"),
        ("How much does it cost to get from {a} to {b}?", "What is the distance from {a} to {b}?",
         "What is the time difference between {a} and {b}?"),
        swap=("a", "b"),
    ),
    Frame(
        {"a": CITIES, "b": CITIES},
        ("Is {a} a better place to live than {b}?", "Should I rather live in {a} than in {b}?",
         "Would you say life in {a} is better than in {b}?", "Is living in {a} preferable to living in {b}?"),
        ("Is {a} a bigger city than {b}?", "Is life in {a} as expensive as in {b}?",
         "Can I live in {a} and work in {b}?"),
        swap=("a", "b"),
    ),
    Frame(
        {"thing": THINGS, "city": CITIES},
        ("What are the best {thing} in {city}?", "Which {thing} in {city} would you recommend?",
         "Where can I find good {thing} in {city}?", "Can you suggest some great {thing} in {city}?"),
        ("What are the worst {thing} in {city}?", "Which {thing} in {city} should I avoid?",
         "How expensive are the {thing} in {city}?", "How many {thing} are there in {city}?"),
    ),
    Frame(
        {"topic": TOPICS},
        ("Why do so many people like {topic}?", "What makes {topic} so popular?",
         "What is the reason that so many love {topic}?", "How come {topic} has so many fans?"),
        ("Why do so many people dislike {topic}?", "Why do so few people like {topic}?",
         "What makes {topic} so unpopular?", "Do many people like {topic}?"),
    ),
    Frame(
        {"device": DEVICES, "fault": FAULTS},
        ("How do I fix a {device} that {fault}?", "What should I do if my {device} {fault}?",
         "My {device} {fault}. How can I repair it?", "How can I repair a {device} which {fault}?"),
        ("Why does it happen that a {device} {fault}?", "Should I sell a {device} that {fault}?",
         "Is it dangerous when a {device} {fault}?"),
    ),
    Frame(
        {"animal": ANIMALS, "food": FOODS},
        ("Can {animal} eat {food}?", "Is it okay to feed {food} to {animal}?",
         "Is a snack of {food} safe for {animal}?", "May I give {food} to my {animal}?"),
        ("Why do {animal} refuse to eat {food}?", "Can {animal} live without {food}?",
         "How often should I feed {food} to my {animal}?", "Can {animal} smell {food}?"),
    ),
    Frame(
        {"thing": INVENTIONS},
        ("Who invented the {thing}?", "Who was the inventor of the {thing}?",
         "Which person came up with the {thing}?", "To whom do we owe the invention of the {thing}?"),
        ("When was the {thing} invented?", "How does the {thing} work?", "Who improved the {thing}?",
         "Where was the {thing} invented?"),
    ),
    Frame(
        {"amount": AMOUNTS, "span": SPANS},
        ("How can I save {amount} in {span}?", "What is a good way to put aside {amount} within {span}?",
         "How do I manage to save up {amount} over {span}?"),
        ("How can I spend {amount} in {span}?", "How can I borrow {amount} for {span}?",
         "How do I earn {amount} in {span}?"),
    ),
    Frame(
        {"city": CITIES, "span": SPANS},
        ("What can I see in {city} in {span}?", "Which sights of {city} fit into {span}?",
         "What should a visitor look at during {span} in {city}?",
         "How should I spend {span} in {city} as a tourist?"),
        ("How much does {span} in {city} cost?", "Can I rent a room in {city} for {span}?",
         "What should I pack for {span} in {city}?", "Do I need a visa for {span} in {city}?"),
    ),
)  # fmt: skip


def question_pair(rng: Random) -> tuple[str, str, int]:
    """Return two different questions and 1 when they ask the same, else 0, before label noise."""
    frame = rng.choice(FRAMES)
    meaning = _meaning(frame, rng)
    first = _words(rng.choice(frame.asks), meaning, rng)
    if rng.random() < DUPLICATE_SHARE:
        return first, _different(first, frame, meaning, rng), 1
    kind = rng.choices(("slot", "other", "swap", "topic"), weights=(3, 4, 1.5, 8))[0]
    if kind == "swap" and frame.swap is not None:
        a, b = frame.swap
        return first, _words(rng.choice(frame.asks), {**meaning, a: meaning[b], b: meaning[a]}, rng), 0
    if kind == "other":
        return first, _words(rng.choice(frame.others), meaning, rng), 0
    if kind == "topic":
        other = rng.choice([candidate for candidate in FRAMES if candidate is not frame])
        return first, _words(rng.choice(other.asks + other.others), _meaning(other, rng), rng), 0
    slot = rng.choice(sorted(frame.slots))
    used = list(meaning.values())
    value = rng.choice([value for value in frame.slots[slot] if value not in used])
    return first, _words(rng.choice(frame.asks), {**meaning, slot: value}, rng), 0


def _meaning(frame: Frame, rng: Random) -> dict[str, Value]:
    """Return a value for every slot, all different, so that swapping two of them changes the question."""
    meaning: dict[str, Value] = {}
    for slot, values in frame.slots.items():
        meaning[slot] = rng.choice([value for value in values if value not in meaning.values()])
    return meaning


def _words(pattern: str, meaning: dict[str, Value], rng: Random) -> str:
    words = pattern.format(**{slot: rng.choice(value) for slot, value in meaning.items()})
    return words[0].upper() + words[1:]


def _different(first: str, frame: Frame, meaning: dict[str, Value], rng: Random) -> str:
    """Return the same question in other words; there are at least three patterns, so the loop ends."""
    while True:
        second = _words(rng.choice(frame.asks), meaning, rng)
        if second != first:
            return second
