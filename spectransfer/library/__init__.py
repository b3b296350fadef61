"""What laboratories share: files of fitted transfers that run no code."""

from spectransfer.library._transfers import load_transfer, save_transfer

__all__ = ["load_transfer", "save_transfer"]
