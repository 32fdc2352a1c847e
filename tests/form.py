"""A form of a page as a browser without scripts reads it."""

from html.parser import HTMLParser


class Form(HTMLParser):
    """What a browser would send of the form with this id: names and values, without buttons."""

    def __init__(self, page: str, form: str) -> None:
        super().__init__()
        self.form, self.inside, self.select, self.area = form, False, "", ""
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form":
            self.inside = own.get("id") == self.form
        elif self.inside and tag == "input":
            if own.get("type") != "checkbox" or "checked" in own:
                self.fields[own["name"]] = own.get("value", "on")
        elif self.inside and tag == "button":
            self.buttons.append(own["value"])
        elif self.inside and tag == "select":
            self.select = own["name"]
        elif (
            self.inside
            and tag == "option"
            and ("selected" in own or self.select not in self.fields)
        ):
            self.fields[self.select] = own["value"]
        elif self.inside and tag == "textarea":
            self.area = own["name"]
            self.fields[self.area] = ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"
        self.area = "" if tag == "textarea" else self.area

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] += data
