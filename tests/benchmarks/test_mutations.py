import random

from benchmarks.mutations import mutate, valid_messages
from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols.codec import decode


def test_examples_are_valid_and_of_every_kind() -> None:
    # valid_messages itself refuses to leave a kind out.
    assert [decode(frames).id for frames in valid_messages()] == [
        number for number, _ in enumerate(valid_messages(), 1)
    ]


def test_mutations_are_the_same_for_the_same_seed_and_leave_the_original_alone() -> None:
    for frames in valid_messages():
        before = list(frames)
        assert mutate(frames, random.Random(1)) == mutate(frames, random.Random(1))
        assert frames == before


def test_spoiled_messages_are_refused_or_understood_and_nothing_else() -> None:
    rng = random.Random(0)
    refused = 0
    corpus = valid_messages()
    for _ in range(5_000):
        try:
            decode(mutate(rng.choice(corpus), rng))
        except ProtocolError:
            refused += 1
    assert 2_000 < refused < 5_000  # most, but valid headers with odd payloads get further
