"""A page, taken apart: what tests of the look may ask of it."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Markup(HTMLParser):
    """Elements with their attributes, and whatever a browser would have to repair."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        self.faults += [f"id {name} stands twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
        self.faults += [
            f"label for {attributes['for']}" for attributes in self.all("label") if attributes["for"] not in ids
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if len(attributes) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Take what stands in a text area for its value."""
        if self._open and self._open[-1] == "textarea":
            attributes = self.elements[-1][1]
            attributes["value"] = attributes.get("value", "") + data

    def value(self, name: str) -> str:
        """Return what stands in the first field of this name."""
        fields = [*self.all("input", name=name), *self.all("textarea", name=name)]
        # A line end right after the tag is none of the text (HTML, section 13.2.6.4.7).
        return fields[0].get("value", "").removeprefix("\r").removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """Return the attributes of every such element, in the order of the page."""
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key.rstrip("_")) == value for key, value in attributes.items())
        ]
