"""Reads the Prometheus text format, as far as p2pnode writes it."""

import re

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """All samples of one scrape."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                self.samples.append(self._parse(line))

    @staticmethod
    def _parse(line):
        match = _SAMPLE.match(line)
        assert match, f"not a sample of the text format: {line!r}"
        return match["name"], dict(_LABEL.findall(match["labels"] or "")), float(match["value"])

    def names(self):
        return {name for name, _, _ in self.samples}

    def total(self, wanted, **labels):
        """The sum of the samples of that name that carry these labels; 0 when there is none."""
        return sum(
            value
            for name, found, value in self.samples
            if name == wanted and labels.items() <= found.items()
        )
