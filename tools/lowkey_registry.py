"""A registry file of Lowkey, changed from Python: one device more in a file that a server would load whole, or nothing.

As `lowkey provision` does it, and safely at the same time as that: under the same lock, the bytes that are there stay
as they are, and a new file with the owner, mode and extended attributes of the old one takes its place at once. What is
wrong with a registry is said without the line, which Python's TOML does not give; `lowkey check` does.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hmac
import os
import re
import stat
import time
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, Optional

from lowkey_keys import (
    PSK, STEERS, UNSEEN, Refused, check_name, create_private, default_id, encode_public, is_low_order, is_published,
    parse_id, parse_public, quoted, read_secret, remove_unfinished, sync_folder, write_all,
)  # fmt: skip


class Edit:
    """A registry that nobody else changes as long as this is entered; the file need not be there yet."""

    def __init__(self, registry: Path) -> None:
        self._named = registry  # as the user says; what `psk_file` is relative to
        self._file = Path(os.path.realpath(registry))  # behind symbolic links
        self._held = contextlib.ExitStack()
        self._text: Optional[str] = None

    def __enter__(self) -> Edit:
        """Waits for others who change it, and reads it. Raises `Refused` or `OSError`."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(_locked(Path(f"{self._file}.lock")))
            except (Refused, OSError) as error:
                why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
                raise Refused(f"{self._named}: cannot be locked: {why}") from None
            self._text = _read(self._file, self._named)
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException], where: Optional[TracebackType]) -> None:
        self._held.close()

    def with_device(self, lines: str, server: bytes) -> str:
        """The text with one more device, whose table these lines are; where there was none, below the server's key.

        Raises `Refused` if a server of this key would not load it.
        """
        old = self._text or ""
        if not old.strip():
            new = f"server = {quoted(encode_public(server))}\n\n{lines}"
        else:
            newline = "\r\n" if "\r\n" in old else "\n"
            end = "" if old.endswith("\n") else newline
            new = old + end + newline + lines.replace("\n", newline)
        self._pinnings(old, server)
        try:
            _toml(new)
        except Refused:
            why = "its devices stand in one array, to which only `lowkey provision` and people add"
            raise Refused(f"{self._named}: {why}") from None
        self._pinnings(new, server)
        return new

    def refuse_known_psk(self, psk: bytes, server: bytes) -> None:
        """Raises `Refused` if another device has this PSK, as far as their PSK files can be read."""
        for pinning in self._pinnings(self._text or "", server):
            with contextlib.suppress(Refused, OSError):
                other = read_secret(self._named.parent / pinning.psk_file, PSK) if pinning.psk_file else b""
                if hmac.compare_digest(other, psk):
                    break
        else:
            return
        raise Refused(f"{self._named}: psk_file: holds the PSK of {quoted(pinning.name)}; make one for each")

    def hand_over(self, secret: FileIO) -> None:
        """Lets a PSK, whose file we have just made and which is open, be read by those who read the registry: its owner
        or, if that is root as we are, its group."""
        if os.name != "posix" or os.geteuid() != 0 or self._text is None:
            return
        registry = os.stat(self._file)
        os.fchown(secret.fileno(), registry.st_uid, registry.st_gid)
        if registry.st_uid == 0 and registry.st_gid != 0 and registry.st_mode & 0o040:
            os.fchmod(secret.fileno(), 0o640)

    def put(self, text: str) -> None:
        """Puts a new text in the old one's place. Raises `Refused`; the registry is as it was then."""
        new = Path(f"{self._file}.new")
        remove_unfinished(new)  # left behind by one who was killed, perhaps
        try:
            # Whoever may not read the old one may not open the new one before it is like it.
            with create_private(new, b"") as file:
                if self._text is not None:
                    try:
                        _carry_over(self._file, new, file)
                    except OSError as error:
                        kept = f"its owner or attributes cannot be kept: {error.strerror}"
                        raise Refused(f"{self._named}: {kept}; change it as the one who set them") from None
                elif os.name == "posix":
                    os.fchmod(file.fileno(), 0o644)  # whatever the umask
                write_all(file, text.encode())
            os.replace(new, self._file)
        except BaseException as error:
            remove_unfinished(new)
            if isinstance(error, OSError):
                advice = ADVICE.get(error.errno or 0, "")
                raise Refused(f"{self._named}: {error.strerror}{advice}") from None
            raise
        sync_folder(self._file)

    def _pinnings(self, text: str, server: bytes) -> list[_Pinning]:
        if len(text.encode()) > LONGEST:
            raise Refused(f"{self._named}: it would be longer than {LONGEST >> 20} MiB")
        try:
            return _pinnings(text, server)
        except Refused as error:
            raise Refused(f"{self._named}: {error}") from None


@dataclass(frozen=True)
class _Pinning:
    """A key of a device of this name, as a registry describes it."""

    name: str
    id: bytes
    key: bytes
    psk_file: Optional[str]
    code: Optional[str]


def _pinnings(text: str, server: bytes) -> list[_Pinning]:
    """What `text` says to the server of this key. Raises `Refused` where that would not load it."""
    document = _toml(text)
    _refuse_unknown(document, {"server", "device"}, "only `server` and [[device]] tables stand here")
    if "server" in document:
        named = _key(document, "server")
        if named != server:
            keys = f"the server {encode_public(named)}, and not for {encode_public(server)}"
            raise Refused(f"this registry is for {keys}; give each server a registry of its own, made for its key")
    devices = document.get("device", [])
    if not _are_tables(devices):
        raise Refused("devices are written as [[device]], with two brackets")
    pinnings = [pinning for device in devices for pinning in _of_device(device, server)]
    _refuse_twice([device["name"] for device in devices], pinnings)
    return pinnings


def _of_device(device: dict[str, Any], server: bytes) -> Iterator[_Pinning]:
    if "name" not in device:
        raise Refused("this device has no `name`")
    name = _string(device, "name")
    check_name(name)
    labels = device.get("labels", {})
    if not isinstance(labels, dict):
        raise Refused('labels are a table of texts: labels = { site = "north" }')
    for label in labels:
        steering = STEERS.search(label + _string(labels, label))
        if not label or steering:
            holds = f"or what it says holds U+{ord(steering.group()):04X}, {UNSEEN}" if steering else "has no name"
            raise Refused(f"a label {holds}")
    if "pinning" not in device:
        own = {field: value for field, value in device.items() if field not in ("name", "labels")}
        yield _of_pinning(name, own, server, "name, labels, key, id, psk_file, expires, code, pending and pinning")
        return
    known = "here stand name, labels, key, id, psk_file, expires, code, pending and pinning"
    _refuse_unknown(device, {"name", "labels", "pinning"} | OF_A_PINNING, known)
    for field in OF_A_PINNING & device.keys():
        raise Refused(f"`{field}` belongs into one of the [[device.pinning]] tables that {quoted(name)} has")
    if not _are_tables(device["pinning"]):
        raise Refused("pinnings are written as [[device.pinning]], with two brackets")
    if len(device["pinning"]) not in (1, 2):
        count = f"has {len(device['pinning'])} pinnings; one, or two while its key rotates"
        raise Refused(f"the device {quoted(name)} {count}")
    for pinning in device["pinning"]:
        known = "key, id, psk_file, expires, code and pending; the others stand in [[device]]"
        yield _of_pinning(name, pinning, server, known)


def _of_pinning(name: str, fields: dict[str, Any], server: bytes, known: str) -> _Pinning:
    _refuse_unknown(fields, OF_A_PINNING, f"here stand {known}")
    if "key" not in fields:
        raise Refused(f"the device {quoted(name)} has no `key`")
    key = _key(fields, "key")
    if key == server:
        raise Refused("the key is this server's own, not a device's")
    if is_low_order(key):
        raise Refused("the key is of low order and protects nothing; make a new one")
    if is_published(key):
        raise Refused("the key is printed in Lowkey's documentation, and is nobody's; make one of your own")
    id = parse_id(_string(fields, "id")) if "id" in fields else default_id(key, server)
    if id is None:
        raise Refused(f"`id` {quoted(fields['id'])} is neither text of 1 to 32 bytes nor 0x and hex of as many")
    expires = fields.get("expires")
    if expires is not None and (not isinstance(expires, datetime.datetime) or expires.tzinfo is None):
        raise Refused("`expires` has to be a moment: write it as 2026-12-31T00:00:00Z")
    psk_file = _string(fields, "psk_file") if "psk_file" in fields else None
    return _Pinning(name, id, key, psk_file, _code(fields))


def _code(fields: dict[str, Any]) -> Optional[str]:
    """The name of the code that a pinning was paired with."""
    if not isinstance(fields.get("pending", False), bool):
        raise Refused("`pending` has to be true or false")
    if "code" not in fields:
        if fields.get("pending"):
            raise Refused("`pending` is said of a pairing, whose `code` is missing")
        return None
    code = _string(fields, "code")
    if not CODE_NAME.fullmatch(code):  # not what stands there: it may be the code itself
        form = "in 16 digits of hex as `lowkey pair` writes it"
        raise Refused(f"`code` is the name of a code, {form}; the code itself is a secret, and stands nowhere")
    return code


def _refuse_twice(names: list[str], pinnings: list[_Pinning]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refused(f"the name {quoted(name)} is in use already")
        seen.add(name)
    ids: dict[bytes, str] = {}
    keys: dict[bytes, str] = {}
    files: dict[str, str] = {}
    codes: dict[str, str] = {}
    for pinning in pinnings:
        key, id = keys.get(pinning.key), ids.get(pinning.id)
        if pinning.name in (key, id):
            raise Refused("its two pinnings have the same id or the same key")
        if key is not None:
            raise Refused(f"the key is the one of {quoted(key)}; a key belongs to one device")
        if id is not None:
            raise Refused(f"the id is the one of {quoted(id)}")
        keys[pinning.key] = ids[pinning.id] = pinning.name
        if pinning.code is not None:
            if pinning.code in codes:
                raise Refused(f"the code is the one of {quoted(codes[pinning.code])}; a code makes one pinning")
            codes[pinning.code] = pinning.name
        if pinning.psk_file is not None:
            if pinning.psk_file in files:
                whose = f"is the one of {quoted(files[pinning.psk_file])}; make one for each"
                raise Refused(f"psk_file {quoted(pinning.psk_file)} {whose}")
            files[pinning.psk_file] = pinning.name


def _refuse_unknown(table: dict[str, Any], known: set[str], here: str) -> None:
    for field in table.keys() - known:
        raise Refused(f"unknown field `{field}`; {here}")


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(table, dict) for table in value)


def _string(table: dict[str, Any], field: str) -> str:
    value = table[field]
    if not isinstance(value, str):
        raise Refused(f"`{field}` has to be text in quotes")
    return value


def _key(table: dict[str, Any], field: str) -> bytes:
    try:
        return parse_public(_string(table, field))
    except Refused as error:
        raise Refused(f"`{field}`: {error}") from None


def _toml(text: str) -> dict[str, Any]:
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib  # type: ignore  # the same before Python 3.11
        except ImportError:
            needs = "needs Python 3.11, or the package `tomli`; without --registry the lines are printed"
            raise Refused(f"a registry {needs}") from None
    try:
        return dict(tomllib.loads(text))
    except ValueError as error:
        raise Refused(str(error)) from None


def _read(file: Path, named: Path) -> Optional[str]:
    """The text, or `None` if there is no such file."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{named}: is no regular file; here belongs a registry")
    if found.st_size > LONGEST:
        raise Refused(f"{named}: is longer than {LONGEST >> 20} MiB; here belongs a registry")
    if os.name == "posix" and found.st_mode & 0o022:
        mode = stat.S_IMODE(found.st_mode)
        mend = f"mend that with: chmod go-w {named}"
        raise Refused(f"{named}: others than its owner may change it (mode {mode:04o}); {mend}")
    content = file.read_bytes()
    now = os.stat(file)
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (found.st_ino, found.st_size, found.st_mtime_ns):
        raise Refused(f"{named}: was written to while it was read; try again")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{named}: not UTF-8; save the file as UTF-8") from None
    return text


def _carry_over(old: Path, new: Path, file: FileIO) -> None:
    """Gives the new file what the old one has besides its text, or raises `OSError`: some of that decides whether a
    server may read its registry."""
    if os.name != "posix":
        return
    was, made = os.stat(old), os.fstat(file.fileno())
    if (was.st_uid, was.st_gid) != (made.st_uid, made.st_gid):
        os.fchown(file.fileno(), was.st_uid, was.st_gid)
    os.fchmod(file.fileno(), stat.S_IMODE(was.st_mode) & 0o777)  # first: it changes an access list
    if not hasattr(os, "listxattr"):
        return
    had, has = _attributes(old), _attributes(new)
    for name, value in had.items():
        if has.get(name) != value:
            os.setxattr(new, name, value)
    for name in has.keys() - had.keys():
        # A folder can have an access list for all that is made in it; labels are the system's.
        if name.startswith(("system.posix_acl", "user.")):
            os.removexattr(new, name)


def _attributes(file: Path) -> dict[str, bytes]:
    try:
        names = os.listxattr(file)
    except OSError as error:
        if error.errno == errno.ENOTSUP:  # there are none on this file system
            return {}
        raise
    # The kernel computes these anew, from the content.
    return {name: os.getxattr(file, name) for name in names if name not in ("security.ima", "security.evm")}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps others from changing a registry: the kernel's lock on a file beside it, which ends with the process that
    holds it. Where there is none, the file itself is the lock."""
    begun = time.monotonic()
    while (descriptor := _attempt(path)) is None:
        if time.monotonic() - begun > PATIENCE:
            raise Refused(f"another process has locked {path} for {PATIENCE} s; try again when it has ended")
        time.sleep(PAUSE)
    try:
        yield
    finally:
        # While it is still locked: whoever waits for it then finds another one at the path.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _attempt(path: Path) -> Optional[int]:
    """The lock, as a descriptor, unless somebody else has it."""
    try:
        import fcntl
    except ImportError:
        with contextlib.suppress(FileExistsError):
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return None
    flags = os.O_NOFOLLOW | os.O_NONBLOCK  # a link would lock another file, a pipe keep us waiting for who reads it
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    except PermissionError:
        # What another user has left behind can be locked by who may read it.
        descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{path}: no file")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


CODE_NAME = re.compile("[0-9a-f]{16}")
LONGEST = 256 << 20
"""In bytes: two million devices."""
PATIENCE, PAUSE = 5, 0.01
"""How long others who change a registry are waited for, in seconds; each takes milliseconds."""
ADVICE = {
    errno.EBUSY: "; it is mounted as one file, which cannot be replaced; mount the folder that it is in",
    errno.EXDEV: "; it lies on another file system than its folder; mount the folder that it is in",
}
"""What to do when a file cannot be put in another's place."""
OF_A_PINNING = {"key", "id", "psk_file", "expires", "code", "pending"}
