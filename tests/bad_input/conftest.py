"""No training may begin; and the folder of the transfers on the path."""

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)


@pytest.fixture
def no_training(monkeypatch):
    """Let every training fail: what is refused must be refused before."""

    def train(*args, **kwargs):
        raise AssertionError("a training was begun")

    monkeypatch.setattr("spectransfer.networks._network.train", train)
