"""`make screenshots`: every page at 375 and 1280 pixels, light and dark, as files in screenshots/."""

import shutil
from typing import Literal

from tests.journeys.browser import DESKTOP, HEIGHT, PHONE, ROOT, Person, running_browser, running_site
from tests.journeys.pages import DOOR, PANEL, PUBLIC, Walk

FOLDER = ROOT / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Photographer(Person):
    """Takes pages as they are."""

    def look(self) -> None:
        """No page is refused."""

    def take(self, group: str, name: str) -> int:
        """The page that is open, in all ways. Returns the number of files."""
        self.page.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
        self.page.wait_for_load_state("networkidle")
        for width in (PHONE, DESKTOP):
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                path = FOLDER / group / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)
        return 2 * len(SCHEMES)


def main() -> None:
    """Write all files anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    number = 0
    with running_site() as site, running_browser() as browser:
        for group, pages in (("site", PUBLIC), ("door", DOOR), ("panel", PANEL)):
            person = Photographer(browser, site)
            if group == "panel":
                person.sign_in("owner")
            number += sum(_take(person, group, name, walk) for name, walk in pages.items())
            person.leave()
    print(f"{number} pictures are in {FOLDER}/")


def _take(person: Photographer, group: str, name: str, walk: Walk) -> int:
    print(f"{group}: {name}", flush=True)
    walk(person)
    return person.take(group, name)


if __name__ == "__main__":
    main()
