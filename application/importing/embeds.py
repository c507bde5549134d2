"""What other systems' tags stood for, in Markdown (or in HTML, within a block of raw HTML)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

_IMAGE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|tiff?)(?:[?#].*)?$", re.IGNORECASE)
_IMAGE_KEYS = ("src", "image", "img", "path", "file", "url", "source", "filename", "href")
_ALT_KEYS = ("alt", "image_alt", "alt_text", "description")
_TITLE_KEYS = ("title", "caption", "name", "text")
_VIDEOS = frozenset({"youtube", "youtube_embed", "yt", "embed_youtube", "youtubevideo"})
_TWEETS = frozenset({"tweet", "twitter", "x", "twitter_simple", "x_simple"})
_VIDEO_ID = re.compile(r"[\w-]{6,20}")
_GIST = re.compile(r"[\w-]+(?:/[0-9a-f]+)?|[0-9a-f]+")
_IN_ATTRIBUTE = re.compile(r"""(?:\]\(|[=<]|=\s*["']|^\s{0,3}\[[^\]\n]+\]:\s*)$""")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands in a tag: values by place, and by name."""

    positional: Sequence[str] = ()
    named: Mapping[str, str] | None = None

    def first(self, *names: str) -> str:
        """Return the first named value that is not empty, else ""."""
        return next((v for name in names if (v := (self.named or {}).get(name, "").strip())), "")


def is_image(address: str) -> bool:
    """Tell whether an address is that of a picture, by its ending."""
    return len(address) < 2000 and bool(_IMAGE.search(address))


def is_web(address: str) -> bool:
    """Tell whether an address is a whole one on the web."""
    return address.startswith(("http://", "https://"))


def link(address: str, text: str, *, html: bool) -> str:
    """Return a link."""
    text = " ".join(text.split()) or _host(address)
    if html:
        return f'<a href="{escape(address)}">{escape(text)}</a>'
    return f"[{_plain(text)}]({_destination(address)})"


def image(address: str, alt: str, caption: str, *, html: bool) -> str:
    """Return a picture; its caption follows when it says something else than the text in its place."""
    alt, caption = " ".join(alt.split()), " ".join(caption.split())
    said = caption if caption != alt else ""
    if html:
        return f'<img src="{escape(address)}" alt="{escape(alt)}">' + (f" <em>{escape(said)}</em>" if said else "")
    return f"![{_plain(alt)}]({_destination(address)})" + (f"\n*{_plain(said)}*" if said else "")


def embed(name: str, arguments: Arguments, *, html: bool) -> str:
    """Return what a tag or shortcode showed: a picture, a link to what it embedded, or ""."""
    name = name.lower().replace("-", "_")
    picture = _picture(arguments)
    if picture:
        alt = arguments.first(*_ALT_KEYS) or _last_text(arguments, picture)
        caption = arguments.first("caption", "title", "figcaption")
        return image(picture, alt or caption, caption, html=html)
    address = _embedded_address(name, arguments)
    if not address:
        return ""
    return link(address, arguments.first(*_TITLE_KEYS) or f"{_kind(name)} ({_host(address)})", html=html)


def _picture(arguments: Arguments) -> str:
    named = arguments.first(*_IMAGE_KEYS)
    if named and is_image(named):
        return named
    return next((value for value in arguments.positional if is_image(value) and " " not in value.strip()), "")


def _last_text(arguments: Arguments, picture: str) -> str:
    texts = [value for value in arguments.positional if value != picture and not value.isdigit()]
    return texts[-1] if texts and (len(texts) == 1 or " " in texts[-1] or len(arguments.positional) > 2) else ""


def _embedded_address(name: str, arguments: Arguments) -> str:
    first = arguments.first("url", "src", "href", "id", "video", "videoid") or next(iter(arguments.positional), "")
    if is_web(first):
        return first
    user = arguments.first("user", "username")
    address = ""
    if name in _VIDEOS and _VIDEO_ID.fullmatch(first):
        address = f"https://www.youtube.com/watch?v={first}"
    elif name in {"vimeo", "embed_vimeo"} and first.isdecimal():
        address = f"https://vimeo.com/{first}"
    elif name == "gist":
        gist = "/".join(arguments.positional[:2]) or first
        address = f"https://gist.github.com/{gist}" if _GIST.fullmatch(gist) else ""
    elif name in _TWEETS and (arguments.first("id") or first).isdecimal():
        address = f"https://twitter.com/{user or 'i'}/status/{arguments.first('id') or first}"
    elif name == "instagram" and _VIDEO_ID.fullmatch(first):
        address = f"https://www.instagram.com/p/{first}/"
    return address


def _kind(name: str) -> str:
    if "tube" in name or "vimeo" in name or "video" in name or name == "yt":
        return "Video"
    return "Post" if name.startswith(("tweet", "twitter", "x", "insta")) else "Embedded content"


def is_address_place(before: str) -> bool:
    """Tell whether text ends where an address is due: in a tag's attribute, or in a link of Markdown."""
    tail = before[-200:]
    return bool(_IN_ATTRIBUTE.search(tail.rpartition("\n")[2] or tail[-1:]))


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc or address
    except ValueError:
        return address


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def _destination(address: str) -> str:
    return f"<{address}>" if re.search(r"[\s()]", address) and not re.search(r"[<>\n]", address) else address
