"""What a run was given is kept without secrets."""

from __future__ import annotations

import json

import pytest

from argus_otel.sources.training.parameters import MOST, arguments_as_text, config_as_json, names_a_secret


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_key", True), ("apiKey", True), ("HF_TOKEN", True), ("hub.token", True), ("password", True),
        ("clientSecret", True), ("auth", True), ("tokenizer", False), ("max_tokens", False), ("monkey", False),
        ("keypoints", False), ("author", False), ("lr", False), ("num_key_value_heads", True),
    ],
)  # fmt: skip
def test_names_of_secrets(name: str, secret: bool) -> None:
    assert names_a_secret(name) is secret


def test_a_configuration_keeps_numbers_and_texts() -> None:
    given = {
        "lr": 0.1,
        "layers": [64, 64],
        "optimizer": {"name": "adam", "hub_token": "hf_abcdefghijklmnop"},
        "num_key_value_heads": 8,
        "url": "{}://user:{}@host/x".format("https", "hunter2"),
        "model": object(),
        "key": "sk-123",
        "nothing": None,
    }
    kept = json.loads(config_as_json(given, lambda text: text))
    assert kept == {
        "lr": 0.1,
        "layers": [64, 64],
        "optimizer.name": "adam",
        "optimizer.hub_token": "[redacted]",
        "num_key_value_heads": 8,
        "url": "https[redacted]host/x",
        "model": "object",
        "key": "[redacted]",
        "nothing": None,
    }


def test_a_configuration_is_bounded() -> None:
    kept = json.loads(config_as_json({f"p{number}": "x" * 1000 for number in range(1000)}, lambda text: text))
    assert len(kept) == MOST
    assert {len(text) for text in kept.values()} == {256}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train.py", "--lr", "0.1"], "train.py --lr 0.1"),
        (["train.py", "--api-key", "abc", "--lr", "0.1"], "train.py --api-key [redacted] --lr 0.1"),
        (["train.py", "--password=abc"], "train.py --password=[redacted]"),
        (["train.py", "--token", "--lr", "1"], "train.py --token --lr 1"),
        (["train.py", "sk-abcdefghijklmnopqrst"], "train.py [redacted]"),
    ],
)
def test_arguments(arguments: list[str], expected: str) -> None:
    assert arguments_as_text(arguments, lambda text: text) == expected
