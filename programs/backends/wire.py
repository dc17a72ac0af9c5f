"""The wire to a server that DSPy's own HTTP client speaks to: bodies with a gap, sent and read as that client does.

It is used in the place of a `dspy.LM` where all that the LM would add is work: choosing a backend, looking up what the
model supports and costs in a table of thousands, and building the same request once more.
"""

from dataclasses import replace

import dspy

from programs.backends.route import Letter, Route
from programs.backends.template import Gapped, NoGap, Template

AWKWARD = 'a "b"\\ \n\t\x01 é 漢 😀 </text>'
"""What the bodies with a gap are compared with bodies built anew on."""


class Wire:
    """Writes the letters of one template. Raises NoGap."""

    def __init__(self, gapped: Letter) -> None:
        self._gapped = gapped
        self._body = Gapped(gapped.body.body)

    @classmethod
    def of(cls, lm: dspy.LM, template: Template) -> "Wire | None":
        """None where something else than a text in a fixed body and fixed headers would be sent, or by someone else."""
        route = Route.of(lm, template.gapped)
        if route is None or not isinstance(route.provider.api_key, str | None):  # it may be another tomorrow
            return None
        gapped = route.letter()
        other = replace(route, request=replace(template.asked(AWKWARD).request, model=route.request.model)).letter()
        try:
            wire = cls(gapped) if gapped is not None else None
        except NoGap:
            return None
        return wire if wire and other and wire.letter(AWKWARD).body == other.body else None

    def letter(self, text: str) -> Letter:
        """What is sent for that text."""
        return replace(self._gapped, body=replace(self._gapped.body, body=self._body.filled(text)))
