"""What of a page could run or fetch something, found by parsing it as a browser does."""

from html.parser import HTMLParser
from pathlib import Path

STYLES = ("height: ", "--share: ")
"""How the style attributes of our templates begin; what follows is a number."""

ACTIVE = {
    "iframe", "object", "embed", "applet", "base", "form", "frame", "frameset", "meta", "link", "script", "style",
    "svg", "math", "template", "img", "image", "audio", "video", "source", "input", "button", "portal",
}  # fmt: skip


class Page(HTMLParser):
    """`active` are tags that could run or fetch something with their attributes, `wrong` attributes no template has,
    `scripts` the contents of scripts that are no data, `data` those that are."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.active: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        self._within: list[str] | None = None
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ACTIVE:
            self.active.append((tag, given))
        self._within = None
        if tag == "script":
            self._within = self.data if given.get("type") == "application/json" else self.scripts
            self._within.append("")
        for name, value in given.items():
            if name.startswith("on") or not _harmless(tag, name, value or ""):
                self.wrong.append(f"<{tag} {name}={value!r}>")

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._within = None

    def handle_data(self, data: str) -> None:
        if self._within is not None:
            self._within[-1] += data


def _harmless(tag: str, name: str, value: str) -> bool:
    if name in ("href", "src", "srcset", "action", "formaction", "data", "xlink:href"):
        return value.startswith("#") or (tag, value) == ("link", "data:,")
    if name == "style":
        begun = next((each for each in STYLES if value.startswith(each)), None)
        return begun is not None and value.removeprefix(begun).removesuffix("px").replace(".", "", 1).isdigit()
    return True
