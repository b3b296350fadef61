"""A fitted transfer on a new day: brought back by standards, never fitted again."""

from spectransfer.adaptation._recalibrate import recalibrate

__all__ = ["recalibrate"]
