"""The paper's results section, made again: `python examples/paper --help`."""
