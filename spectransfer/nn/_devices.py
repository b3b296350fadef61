"""Where a network computes."""

import re

import torch


def _parse(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(
            "device must be 'cpu', 'cuda', 'cuda:1' for the second graphics card and "
            f"so on, or 'auto' for CUDA where there is one, but it is {device!r}."
        )
    return torch.device(device)


def _is_here(device: torch.device) -> bool:
    return device.type == "cpu" or (device.index or 0) < torch.cuda.device_count()


def resolve_device(device: str) -> torch.device:
    """Turn the parameter `device` into a torch device; "auto" takes CUDA if it can."""
    wanted = _parse(device)
    if not _is_here(wanted):
        found = torch.cuda.device_count() or "no CUDA device"
        raise ValueError(
            f"device={device!r} needs a graphics card that torch can use, but torch "
            f"finds {found} here. Use device='auto', which takes the CPU where there "
            "is no card, or install a build of torch for CUDA."
        )
    return wanted


def usable_device(device: str) -> torch.device:
    """Give the device, or the CPU where a loaded model asks for one that is absent."""
    wanted = _parse(device)
    return wanted if _is_here(wanted) else torch.device("cpu")
