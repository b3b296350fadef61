"""The parts of `reproduce_paper.py`: the paper's figures, maps, transfers, sections."""
