"""Reading HTML back: which elements are there, and what a browser or a screen reader would make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "rect", "path", "circle"}
CONTROLS = {"input", "select", "textarea"}
SAFE_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "button",
    "circle",
    "code",
    "div",
    "details",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "hr",
    "input",
    "label",
    "legend",
    "li",
    "ol",
    "optgroup",
    "option",
    "p",
    "path",
    "pre",
    "rect",
    "s",
    "section",
    "select",
    "small",
    "span",
    "strong",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "textarea",
    "th",
    "thead",
    "time",
    "tr",
    "ul",
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parents: tuple[Element, ...]
    text: str = ""

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")


@dataclass
class Outline(HTMLParser):
    """All elements of a document, in order, each with the text inside it."""

    html: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        elif tag not in VOID:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    @property
    def text(self) -> str:
        return "".join(element.text for element in self.elements if not element.parents)

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def by_id(self, wanted: str) -> Element:
        return next(element for element in self.elements if element.id == wanted)


def active_parts(html: str) -> list[str]:
    """Whatever in this HTML could run, load or deceive: must be empty for text that people or apps sent."""
    outline = Outline(html)
    found = [f"<{element.tag}>" for element in outline.elements if element.tag not in SAFE_TAGS]
    for element in outline.elements:
        for name, value in element.attributes.items():
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "src", "xlink:href"}:
                found.append(f"{name}={value}")
            if name == "href" and not value.lower().startswith(("http:", "https:", "mailto:", "/?", "#", "?")):
                found.append(f"href={value}")
    return (
        found + [f"</{tag}>" for tag in outline.unbalanced] + [f"<{element.tag}> left open" for element in outline.open]
    )


def barriers(html: str) -> list[str]:
    """What would keep a person with a keyboard or a screen reader out."""
    outline = Outline(html)
    ids = [element.id for element in outline.elements if element.id]
    problems = [f"id {one} twice" for one in {one for one in ids if ids.count(one) > 1}]
    labelled = {element.attributes["for"] for element in outline.all("label") if element.text.strip()}
    for element in outline.elements:
        named = element.text.strip() or element.attributes.get("aria-label")
        if element.tag in CONTROLS and element.id not in labelled and not element.attributes.get("aria-label"):
            problems.append(f"{element.tag} {element.id} without a label")
        if (
            element.tag in {"button", "a", "summary"}
            and not named
            and element.id not in {"confirm-deny", "confirm-yes"}
        ):
            problems.append(f"{element.tag} {element.attributes} without a name")
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            problems += [
                f"{name} leads nowhere: {one}" for one in element.attributes.get(name, "").split() if one not in ids
            ]
        if element.tag == "fieldset" and not any(
            child.tag == "legend" and child.parents[-1] is element and child.text.strip() for child in outline.elements
        ):
            problems.append(f"fieldset {element.id} without a legend")
    return problems
