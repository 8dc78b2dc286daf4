"""Links that a mail scanner or another site has wrapped in its own address, converted back to the original.

The wrapped address contains the recipient's address. A link that cannot be converted back is therefore dropped, unless
its maker hides the target from everybody (`hidden_by`). tools/editor/src/links.js has the same list;
tests/core/wrapped_links.toml tests both.
"""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

MOST_WRAPS = 5  # a forwarded email passes several scanners
_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Reader = Callable[[SplitResult], str]


def _query(*names: str) -> Reader:
    def read(url: SplitResult) -> str:
        said = parse_qs(url.query)
        return next((said[name][0] for name in names if said.get(name)), "")

    return read


def _bytes(text: str) -> str:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _two_slashes(address: str) -> str:
    """Restore the second slash after the scheme, which some scanners drop."""
    return re.sub(r"^(https?:)/(?!/)", r"\1//", address, flags=re.IGNORECASE)


def _proofpoint2(url: SplitResult) -> str:
    """Decode Proofpoint v2: "-" stands for "%", and "_" for "/"."""
    return unquote(_query("u")(url).replace("-", "%").replace("_", "/"))


def _proofpoint3(url: SplitResult) -> str:
    """Decode Proofpoint v3: "*" stands for the next character of the list at the end, "**" and a letter for as many
    characters as the letter encodes."""
    found = re.search(r"/v3/__(.+?)__;([^!]*)!", url.geturl())
    if not found:
        return ""
    left = iter(_bytes(found[2]))

    def taken(mark: re.Match[str]) -> str:
        number = _RUNS.find(mark[2]) + 2 if mark[1] else 1
        return "".join(character for _, character in zip(range(number), left, strict=False))

    return re.sub(r"\*(\*(.))?", taken, unquote(_two_slashes(found[1])))


def _in_path(url: SplitResult) -> str:
    found = re.search(r"https?(%3a|:)(%2f|/).*$", url.geturl().partition(url.netloc)[2], re.IGNORECASE)
    return _two_slashes(unquote(found[0])) if found else ""


def _in_base64(url: SplitResult) -> str:
    return _bytes(next((part for part in url.path.split("/") if part.startswith("aHR0c")), ""))


def _avanan(url: SplitResult) -> str:
    found = re.search(r"___(https?:.+?)___", url.geturl(), re.IGNORECASE)
    return _two_slashes(found[1]) if found else _query("o", "url")(url)


def _yahoo(url: SplitResult) -> str:
    found = re.search(r"/RU=([^/]+)", url.path)
    return unquote(found[1]) if found else ""


def _wrapper(host: str, path: str, read: Reader) -> tuple[re.Pattern[str], re.Pattern[str], Reader]:
    return re.compile(host), re.compile(path), read


# Pattern of the host, pattern of the path, and the function that extracts the address.
WRAPPERS = [
    _wrapper(
        r"(^|\.)safelinks\.protection\.(partner\.)?(outlook|office365)\.(com|us|cn)$|^statics\.teams\.cdn\.office\.net$",
        ".",
        _query("url"),
    ),
    _wrapper(r"^urldefense\.proofpoint\.com$", r"^/v1/", _query("u")),
    _wrapper(r"^urldefense\.proofpoint\.com$", r"^/v2/", _proofpoint2),
    _wrapper(r"^urldefense\.(com|us|proofpoint\.com)$", r"^/v3/", _proofpoint3),
    _wrapper(r"^linkprotect\.cudasvc\.com$", ".", _query("a")),
    _wrapper(r"^secure-web\.cisco\.com$", ".", _in_path),
    _wrapper(r"(^|\.)protection\.sophos\.com$", ".", lambda url: _bytes(_query("u")(url))),
    _wrapper(r"(^|\.)trendmicro\.(com|eu|co\.jp)$", r"^/wis/clicktime/", _query("url")),
    _wrapper(r"^protect\d?(-[a-z]+)?\.fireeye\.com$|(^|\.)trellix\.com$", r"^/(v\d/)?url", _query("u")),
    _wrapper(
        r"^clicktime\.(symantec|cloud\.postoffice)\.(com|net)$", ".", lambda url: _query("u")(url) or _in_path(url)
    ),
    _wrapper(".", r"^/fmlurlsvc/", _query("url")),
    _wrapper(r"(^|\.)urlsand\.(com|esvalabs\.com)$", ".", _query("u")),
    _wrapper(r"^lsems\.gravityzone\.bitdefender\.com$", ".", _in_base64),
    _wrapper(r"^link\.edgepilot\.com$", ".", _query("u")),
    _wrapper(r"(^|\.)(url-protection\.com|avanan\.click)$", ".", _avanan),
    _wrapper(r"^(www\.)?google\.[a-z.]{2,6}$", r"^/url$", _query("q", "url")),
    _wrapper(r"^(l|lm)\.(facebook|instagram|messenger|threads)\.(com|net)$", ".", _query("u")),
    _wrapper(r"^(www\.)?facebook\.com$", r"^/l\.php$", _query("u")),
    _wrapper(r"^(www\.)?linkedin\.com$", r"^/(redir/redirect|safety/go)/?$", _query("url")),
    _wrapper(r"^(www\.|m\.)?youtube\.com$", r"^/redirect$", _query("q")),
    _wrapper(r"^slack-redir\.net$", r"^/link$", _query("url")),
    _wrapper(r"^out\.reddit\.com$", ".", _query("url")),
    _wrapper(r"^(www\.|m\.)?vk\.com$", r"^/away\.php$", _query("to")),
    _wrapper(r"^(www\.)?duckduckgo\.com$", r"^/l/$", _query("uddg")),
    _wrapper(r"^r\.search\.yahoo\.com$", ".", _yahoo),
    _wrapper(r"^(www\.)?bing\.com$", r"^/ck/a$", lambda url: _bytes(_query("u")(url).removeprefix("a1"))),
]
OPAQUE = [
    (re.compile(r"(^|\.)mimecast(protect)?\.com$"), re.compile("/s/"), "Mimecast"),
    (re.compile(r"(^|\.)antigena\.com$"), re.compile("."), "Darktrace"),
    (re.compile(r"(^|\.)hornetsecurity\.com$"), re.compile("."), "Hornetsecurity"),
]


def unwrap_link(address: str) -> str:
    """Return the original address: unchanged if it is not wrapped, "" if it cannot be converted back."""
    found = address
    for _ in range(MOST_WRAPS):
        url = _web(found)
        read = next((read for host, path, read in WRAPPERS if url and _fits(url, host, path)), None)
        if url is None or read is None:
            return found
        found = read(url).strip()
        if _web(found) is None and not re.match(r"mailto:[^?\s]+@", found, re.IGNORECASE):
            return ""
    return ""


def hidden_by(address: str) -> str:
    """Return the maker of a wrapped address whose target is hidden from us, or ""."""
    url = _web(address)
    return next((maker for host, path, maker in OPAQUE if url and _fits(url, host, path)), "")


def unwrap_text(text: str) -> str:
    """Return a text with each wrapped address in it converted back."""

    def meant(found: re.Match[str]) -> str:
        end = re.search(r"[.,;:!?)\]]*$", found[0])
        whole = found[0].removesuffix(end[0]) if end else found[0]
        return (unwrap_link(whole) or whole) + found[0][len(whole) :]

    return re.sub(r"https?://[^\s<>\"']+", meant, text, flags=re.IGNORECASE)


def _web(address: str) -> SplitResult | None:
    try:
        url = urlsplit(address.strip())
        return url if url.scheme in ("http", "https") and url.hostname else None
    except ValueError:  # such as http://[
        return None


def _fits(url: SplitResult, host: re.Pattern[str], path: re.Pattern[str]) -> bool:
    return bool(host.search(url.hostname or "") and path.search(url.path or "/"))
