"""Values to bytes and back: typed, signed JSON that `redis-cli` shows as it is. Never pickle."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import date, datetime
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")

FORMAT = 2
MISSING = object()
"""Stands for no value, where None is one."""
_CLOSING = b',"signature":"'
_SIGNATURE_LENGTH = 64


class UncacheableError(TypeError):
    """The value would not come back from the cache as it went in."""


class Entry(msgspec.Struct, frozen=True):
    """The envelope around a value: what it is, when it was true and what it was made from; `lifetime` in ms."""

    format: int
    release: str
    epoch: str
    type: str
    sequence: int
    lifetime: int
    tags: tuple[str, ...]
    value: msgspec.Raw


def _is_frozen(type_: Any) -> bool:
    if get_origin(type_) in {Union, UnionType, tuple}:
        return all(_is_frozen(part) for part in get_args(type_) if part is not Ellipsis)
    if not isinstance(type_, type):
        return False
    if issubclass(type_, msgspec.Struct):
        return type_.__struct_config__.frozen and all(map(_is_frozen, get_type_hints(type_).values()))
    return type_ in {str, bytes, int, float, bool, type(None), datetime, date}


class Codec(Generic[T]):
    """Encode values of one type; `Any` stands for JSON's own types."""

    def __init__(self, type_: Any = Any) -> None:
        self.type = type_
        self.name = "json" if type_ is Any else _type_name(type_)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type_)
        self.is_shareable = _is_frozen(type_)
        """Whether one object can be given to everybody, since nobody can change it."""

    def encode(self, value: T) -> bytes:
        """Return the value as JSON. Raises `UncacheableError` for what JSON cannot give back."""
        try:
            encoded = msgspec.json.encode(value)
            if self.type is Any and not _same(self._decoder.decode(encoded), value):
                raise UncacheableError(
                    f"{type(value).__name__} would come back changed; annotate the function's return type"
                )
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise UncacheableError(str(error)) from error
        return encoded

    def decode(self, encoded: bytes | msgspec.Raw) -> T:
        """Return the value of this JSON. Raises `msgspec.DecodeError` when it is not of the type."""
        return self._decoder.decode(encoded)

    def value_of(self, entry: Entry) -> Any:
        """Return the entry's value, or `MISSING` when it is not one of the type."""
        if entry.type != self.name:
            return MISSING
        try:
            return self.decode(entry.value)
        except msgspec.MsgspecError:
            return MISSING


JSON: Codec[Any] = Codec()


def codec_of(function: Callable[..., T]) -> Codec[T]:
    """Choose the codec by the function's return annotation."""
    return Codec(get_type_hints(function).get("return", Any))


class LazyCodec:
    """A function's codec, made at its first call, when the names in its annotations are known."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._codec: Codec[Any] | None = None

    def __call__(self) -> Codec[Any]:
        """Return the codec."""
        if self._codec is None:
            try:
                self._codec = codec_of(self._function)
            except (NameError, TypeError):
                self._codec = JSON
        return self._codec


class Seal:
    """Sign envelopes, each for the one key it belongs under."""

    def __init__(self, secret: str, release: str) -> None:
        self.release = release
        self._secret = secret.encode()
        self._key = self.key_for(b"cache values")
        self._entries = msgspec.json.Decoder(Entry)

    def key_for(self, purpose: bytes) -> bytes:
        """Return a key that is good for one purpose, named in 16 bytes at most."""
        return hashlib.blake2b(self._secret, person=purpose).digest()

    def close(self, key: str, entry: Entry) -> bytes:
        """Return the envelope as a JSON object whose last member is its signature."""
        body = msgspec.json.encode(entry)
        return body[:-1] + _CLOSING + self._sign(key, body) + b'"}'

    def open(self, key: str, sealed: bytes) -> Entry | None:
        """Return the envelope, or None when it is not ours, damaged, or of another release.

        Raises `msgspec.MsgspecError` when what we signed is no envelope of this format.
        """
        entry = self.verified(key, sealed)
        return entry if entry is not None and entry.format == FORMAT and entry.release == self.release else None

    def verified(self, key: str, sealed: bytes) -> Entry | None:
        """Return the envelope, of any release, or None when it is not ours or damaged."""
        at = len(sealed) - len(_CLOSING) - _SIGNATURE_LENGTH - 2
        if at <= 0 or not sealed.startswith(_CLOSING, at):
            return None
        body = sealed[:at] + b"}"
        signature = sealed[at + len(_CLOSING) : -2]
        if not hmac.compare_digest(signature, self._sign(key, body)):
            return None
        return self._entries.decode(body)

    def _sign(self, key: str, body: bytes) -> bytes:
        return hmac.digest(self._key, key.encode() + b"\0" + body, "sha256").hex().encode()


def _type_name(type_: Any) -> str:
    return str(getattr(type_, "__name__", type_) if isinstance(type_, type) else type_)


def _same(decoded: Any, value: Any) -> bool:
    """Compare with types, since `1 == True` and a subclass of str is equal to its text."""
    if isinstance(value, str) and isinstance(decoded, str):
        return decoded == value
    if type(decoded) is not type(value):
        return False
    if isinstance(value, dict):
        return decoded.keys() == value.keys() and all(_same(decoded[name], value[name]) for name in value)
    if isinstance(value, list):
        return len(decoded) == len(value) and all(map(_same, decoded, value))
    return bool(decoded == value)
