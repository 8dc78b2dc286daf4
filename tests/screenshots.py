"""`make screenshots`: every page at 375 and 1280 pixels, public pages at 768 too, in light and dark."""

import shutil
from typing import Literal

from PIL import Image

from tests.journeys.browser import DESKTOP, HEIGHT, PHONE, ROOT, Person, running_browser, running_site
from tests.journeys.pages import DOOR, PANEL, PUBLIC, Walk

FOLDER = ROOT / "screenshots"
TABLET = 768  # the narrowest tablets, where layouts change
WIDTHS = {"site": (PHONE, TABLET, DESKTOP), "door": (PHONE, DESKTOP), "panel": (PHONE, DESKTOP)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Photographer(Person):
    """A visitor who takes screenshots."""

    def look(self) -> None:
        """Accept every page without checks."""

    def take(self, group: str, name: str) -> int:
        """Take screenshots of the open page in all variants. Returns the number of files."""
        self.page.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
        self.page.wait_for_load_state("networkidle")
        for width in WIDTHS[group]:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                path = FOLDER / group / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)
        return len(WIDTHS[group]) * len(SCHEMES)


GUIDE = {
    "article": "article-edit",
    "media": "media",
    "dashboard": "dashboard",
    "set-time": "set-time",
}  # pictures of docs/editors.md


def write_guide() -> None:
    """Write the pictures of docs/guide/, small enough for it. Copy them there when the panel has changed its look."""
    (FOLDER / "guide").mkdir()
    for name, page in GUIDE.items():
        with Image.open(FOLDER / "panel" / f"{page}-{DESKTOP}-light.png") as picture:
            shown = picture.convert("RGB").crop((0, 0, DESKTOP, min(picture.height, HEIGHT)))
        small = shown.resize((DESKTOP * 5 // 8, shown.height * 5 // 8), Image.Resampling.LANCZOS)
        small.quantize(128).save(FOLDER / "guide" / f"{name}.png", optimize=True)


def main() -> None:
    """Write all files."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    number = 0
    with running_site() as site, running_browser() as browser:
        for group, pages in (("site", PUBLIC), ("door", DOOR), ("panel", PANEL)):
            person = Photographer(browser, site)
            if group == "panel":
                person.sign_in("owner")
            number += sum(_take(person, group, name, walk) for name, walk in pages.items())
            person.leave()
    write_guide()
    print(f"{number} pictures are in {FOLDER}/")


def _take(person: Photographer, group: str, name: str, walk: Walk) -> int:
    print(f"{group}: {name}", flush=True)
    walk(person)
    return person.take(group, name)


if __name__ == "__main__":
    main()
