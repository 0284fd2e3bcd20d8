#!/usr/bin/env python3
"""Key pages and registry lines for devices of Lowkey, where there is no Rust: on build servers and production lines.

    python3 lowkey_page.py provision --name pump-7 --server lkpub1... --address 192.168.1.10:7000 -o pump-7.page
    python3 lowkey_page.py show pump-7.page
    python3 lowkey_page.py check pump-7.page

It makes, byte for byte, what `lowkey provision` makes of the same keys, and refuses what that refuses; the chapter
"Provisioning and flash layout" of Lowkey's book has the format of the page. It needs Python 3.9, the package
`cryptography` (38 or newer), and the other two files beside it; for `--registry` Python 3.11.

To be imported: `Contents` is what is in a page, `check` looks one over, `provision` carries out an `Order`. What is not
done is a `Refused`.

Secrets are drawn by the operating system or not at all. None is an argument, is printed, or is in an error. But Python
cannot wipe memory: whoever controls the machine on which this runs has the keys of the devices that are made there.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import os
import stat
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, NoReturn, Optional

import lowkey_registry
from lowkey_keys import (
    MAX_ADDRESS, MAX_ID, PSK, STATIC, Refused, canonical, check_address, check_name, clean, create_private, default_id,
    draw, encode, encode_public, id_text, is_blank, is_published, mask, parse_id, parse_public, public_key, quoted,
    read_secret, refuse_blank, remove_unfinished, shared_secret,
)  # fmt: skip


@dataclass(frozen=True)
class Contents:
    """What makes one device itself: its key page follows from this and from nothing else."""

    id: bytes
    """The pinning's public name, 1 to 32 bytes; `default_id` gives the usual one."""
    address: str
    """Where the device finds the server, `host:port` of at most 64 bytes; may be empty."""
    private_key: bytes = field(repr=False)
    """The device's static private key, 32 random bytes."""
    peer: bytes
    """The server's static public key, 32 bytes."""
    hedge: bytes = field(repr=False)
    """32 random bytes, used for nothing else."""
    seed: bytes = field(repr=False)
    """32 random bytes, used for nothing else."""
    psk: Optional[bytes] = field(default=None, repr=False)
    """The PSK, 32 random bytes, if the pinning has one."""

    def encode(self) -> bytes:
        """The 344 bytes of the page, with the server's key in its one spelling.

        Raises `Refused`: a length is wrong, a secret is blank, or the server's key cannot be pinned.
        """
        address = self.address.encode()
        if not 1 <= len(self.id) <= MAX_ID:
            raise Refused(f"the id has {len(self.id)} bytes, and not 1 to {MAX_ID}")
        if len(address) > MAX_ADDRESS:
            raise Refused(f"the address is longer than {MAX_ADDRESS} bytes")
        for secret in (self.private_key, self.hedge, self.seed, self.seed if self.psk is None else self.psk):
            refuse_blank(secret)
        flags, psk = (0, bytes(32)) if self.psk is None else (FLAG_PSK, self.psk)
        page = LAYOUT.pack(
            MAGIC, VERSION, flags, len(self.id), len(address), self.id, address, self.private_key,
            public_key(self.private_key), canonical(self.peer), shared_secret(self.private_key, self.peer),
            self.hedge, self.seed, psk, b"",
        )  # fmt: skip
        return page[:CHECK] + _check_of(page)

    @classmethod
    def read(cls, flash: bytes) -> Contents:
        """What is in the page at the front of `flash`, checked as the firmware checks it.

        Raises `Refused`: it is short, blank, something else, of another version, damaged, or impossible.
        """
        page = bytes(flash[:LEN])
        if len(page) < LEN:
            raise Refused("key page: shorter than 344 bytes")
        if page == b"\xff" * LEN:
            raise Refused("key page: blank, this device has not been provisioned")
        found = dict(zip(FIELDS, LAYOUT.unpack(page)))
        if found["magic"] != MAGIC:
            raise Refused("key page: something else is in its place")
        if found["version"] != VERSION:
            raise Refused("key page: of a version that this tool does not know")
        if found["check"] != _check_of(page):
            raise Refused("key page: damaged, its check does not match")
        id_len, address_len, flags = (found[name] for name in ("length of the id", "length of the address", "flags"))
        psk = found["PSK"] if flags & FLAG_PSK else None
        drawn = [found["private key"], found["hedge secret"], found["seed"]] + ([psk] if psk else [])
        impossible = not 1 <= id_len <= MAX_ID or address_len > MAX_ADDRESS or flags & ~FLAG_PSK
        try:
            address = found["address"][:address_len].decode()
        except UnicodeDecodeError:
            impossible = True
        if impossible or any(map(is_blank, drawn)):
            raise Refused("key page: a field is impossible")
        return cls(found["id"][:id_len], address, drawn[0], found["server's key"], drawn[1], drawn[2], psk)


def check(flash: bytes) -> Contents:
    """What is in the page at the front of `flash`, if it is the very one that its keys make.

    That is more than firmware looks at: the public key and the shared secret are computed anew, the server's key can be
    pinned and has its one spelling, the address is one that all firmware reads alike, and what is unused is zero.

    Raises `Refused`, with what is wrong.
    """
    contents = Contents.read(flash)
    check_address(contents.address)
    made = contents.encode()
    for name, found, right in zip(FIELDS, LAYOUT.unpack(flash[:LEN]), LAYOUT.unpack(made)):
        if found != right:
            raise Refused(f"key page: its {name} is not what the other fields make it")
    return contents


@dataclass(frozen=True)
class Order:
    """What a new device is to be. What is named of its secrets by no file is drawn."""

    name: str
    """What the server calls it."""
    server: bytes
    """The server's static public key; `parse_public` reads it."""
    page: Path
    """The new file for the key page."""
    address: str = ""
    """Where the device finds the server, `host:port`; may be empty."""
    id: Optional[bytes] = None
    """The pinning's id; without one the default."""
    format: str = "bin"
    """How the page is written: `bin`, `c` or `rust`."""
    key_file: Optional[Path] = None
    """A file of `lowkey keygen` with the private key, made for this device and no other."""
    psk_file: Optional[Path] = None
    """A file of `lowkey keygen --psk` with the PSK, made for this device and no other."""
    new_psk: Optional[Path] = None
    """The new file for the server's copy of a PSK that is drawn; not together with `psk_file`."""
    registry: Optional[Path] = None
    """The registry that the device is added to."""


@dataclass(frozen=True)
class Made:
    """A device that was made. Its private key is in the key page and nowhere else."""

    key: bytes
    """Its public key; `encode_public` writes it."""
    id: bytes
    """The pinning's id."""
    lines: str
    """Its `[[device]]` table, for a registry."""


def provision(order: Order, then: Callable[[Made], None] = lambda made: None) -> Made:
    """Makes a device: draws its secrets, writes its key page to a new file that only its owner reads, and adds it to
    the registry if one is named.

    `then` is called with what is made before it counts, to print its lines for example: the files are there, and the
    registry is as it was. What it raises undoes all.

    Raises `Refused` or `OSError`; no file was left behind, and the registry is as it was.
    """
    if order.new_psk and order.psk_file:
        raise Refused("a PSK is either drawn or in a file already")
    server = canonical(order.server)
    if is_published(server):
        why = "the server's key is printed in Lowkey's documentation; take the one that `lowkey pubkey` prints"
        raise Refused(why)
    psk = draw() if order.new_psk else read_secret(order.psk_file, PSK) if order.psk_file else None
    private_key = read_secret(order.key_file, STATIC) if order.key_file else draw()
    key = public_key(private_key)
    check_name(order.name)
    if any(mask(text) != text for text in (order.name, order.address)):
        raise Refused("a secret stands where the name or the address belongs")
    check_address(order.address)
    id = default_id(key, server) if order.id is None else order.id
    page = Contents(id, order.address, private_key, server, draw(), draw(), psk).encode()
    made = Made(key, id, _lines(order, key))
    with contextlib.ExitStack() as held:
        edit = held.enter_context(lowkey_registry.Edit(order.registry)) if order.registry else None
        new = edit.with_device(made.lines, server) if edit else ""
        if edit and order.psk_file and psk:
            edit.refuse_known_psk(psk, server)
        files = held.enter_context(contextlib.ExitStack())
        create_private(order.page, render(page, order.name, order.format)).close()
        files.callback(remove_unfinished, order.page)
        if order.new_psk and psk:
            with create_private(order.new_psk, _psk_file(psk)) as file:
                files.callback(remove_unfinished, order.new_psk)
                if edit:
                    edit.hand_over(file)
        then(made)
        if edit:
            edit.put(new)
        files.pop_all()  # they stay
    return made


def render(page: bytes, name: str, form: str) -> bytes:
    """A page as its bytes (`bin`), or as an array of `c` or `rust` to be compiled into an image that nobody gets."""
    lines = ["    " + " ".join(f"0x{byte:02x}," for byte in page[at : at + 16]) for at in range(0, LEN, 16)]
    array, secret = "\n".join(lines), "Secret: whoever reads this file can play the device."
    if form == "bin":
        return page
    if form == "c":
        head = f"/* Key page of {name.replace('*/', '* /')}. {secret} */\n#include <stdint.h>\n\n"
        head += f"__attribute__((aligned(4))) const uint8_t lowkey_key_page[{LEN}] = {{\n"
        return f"{head}{array}\n}};\n".encode()
    if form == "rust":
        head = f"// Key page of {name}. {secret}\n#[rustfmt::skip]\n"
        return f"{head}pub static LOWKEY_KEY_PAGE: [u8; {LEN}] = [\n{array}\n];\n".encode()
    raise Refused("a page is written as bin, c or rust")


def main(arguments: Optional[list[str]] = None) -> int:
    """The program. Gives its exit code."""
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    except (Refused, OSError, NotImplementedError) as error:
        said = str(error)
        if isinstance(error, OSError) and error.strerror:
            said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        _say(f"{PROGRAM}: {said}")
        return 2 if isinstance(error, _Misused) else 1
    except KeyboardInterrupt:
        return 130
    return 0


def _provision(options: argparse.Namespace) -> None:
    server, new_psk, psk_file = _server(options), None, options.psk_file
    if options.psk:
        new_psk, psk_file = psk_file or _psk_file_beside(options.registry or options.output, options.name), None
    order = Order(
        options.name, server, options.output, options.address, options.id, options.format, options.key, psk_file,
        new_psk, options.registry,
    )  # fmt: skip
    # Lines that nobody has would be a device that nobody registers: its page goes as well.
    made = provision(order, lambda made: None if order.registry else _print(made.lines))
    _say(f"device public key: {encode_public(made.key)}")
    if order.registry:
        _say(f"added {quoted(order.name)} to {order.registry}")
    if new_psk:
        _say(f"PSK, the server's copy: {new_psk}")
    where = f"key page: {order.page}; write it to one device, once, and delete it"
    _say(f"{where}: it is the only copy of the private key" if order.key_file is None else where)


def _show(options: argparse.Namespace) -> None:
    contents = Contents.read(_flash(options.page))
    key, peer = public_key(contents.private_key), canonical(contents.peer)
    usual = " (the default)" if contents.id == default_id(key, peer) else ""
    _print(
        f"id: {id_text(contents.id)}{usual}\n"
        f"address: {clean(contents.address) or 'none'}\n"
        f"device public key: {encode_public(key)}\n"
        f"server: {encode_public(peer)}\n"
        f"mode: {'KK' if contents.psk is None else 'KKpsk0'}\n"
    )


def _check(options: argparse.Namespace) -> None:
    server = _server(options) if options.server else None
    wrong = []
    for page in options.pages:
        try:
            if server not in (None, check(_flash(page)).peer):
                raise Refused("key page: its server is another one")
            _print(f"{mask(page)}: right\n")
        except Refused as error:
            wrong.append(f"{page}: {error}")
        except OSError as error:
            wrong.append(f"{page}: {error.strerror}")
    if wrong:
        raise Refused(f"\n{PROGRAM}: ".join(wrong))


class _Misused(Refused):
    """What is wrong with the arguments."""


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        raise _Misused(f"{message}; --help says what it takes")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description=__doc__, epilog=EXIT_CODES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    make = commands.add_parser(
        "provision", help="make a device: its keys, its key page, its lines of the registry", description=PROVISION,
        epilog=EXIT_CODES,
    )  # fmt: skip
    make.set_defaults(run=_provision)
    option = make.add_argument
    option("-o", "--output", required=True, type=_file, metavar="FILE", help="the new file for the key page")
    option("--format", default="bin", choices=["bin", "c", "rust"], help="the page as bytes (default) or an array")
    option("--server", required=True, type=_text, metavar="LKPUB1...", help="the server's public key")
    option("--name", required=True, type=_text, metavar="NAME", help="what the server calls the device")
    option("--id", type=_id, help="the pinning's id, as text or as 0x and hex; without it the default")
    option("--address", default="", type=_text, metavar="HOST:PORT", help="where the device finds the server")
    option("--key", type=_file, metavar="FILE",
           help="a file of `lowkey keygen` with the device's private key; without it one is drawn")  # fmt: skip
    option("--psk", action="store_true",
           help="draw a PSK as well; the server's copy goes to --psk-file, or to NAME.psk beside the registry (or the "
           "page)")  # fmt: skip
    option("--psk-file", type=_file, metavar="FILE",
           help="the server's copy of the PSK; without --psk it is there already, made for this device")  # fmt: skip
    option("--registry", type=_file, metavar="FILE", help="add the device there; without it the lines are printed")

    show = commands.add_parser("show", help="show what is in a key page, but its secrets", epilog=EXIT_CODES)
    show.set_defaults(run=_show)
    show.add_argument("page", metavar="PAGE", help="344 bytes, perhaps with others behind them; - is standard input")

    look = commands.add_parser("check", help="see whether pages are the ones that their keys make", epilog=EXIT_CODES)
    look.set_defaults(run=_check)
    look.add_argument("--server", type=_text, metavar="LKPUB1...", help="the server that they have to be for")
    look.add_argument("pages", nargs="+", metavar="PAGE", help="344 bytes, perhaps with others behind them")
    return parser


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("is not UTF-8") from None
    return value


def _id(value: str) -> bytes:
    id = parse_id(_text(value))
    if id is None:
        raise argparse.ArgumentTypeError("neither text of 1 to 32 bytes nor 0x and hex of as many")
    return id


def _file(value: str) -> Path:
    if value in ("", "-"):
        raise argparse.ArgumentTypeError(f"here belongs a file; {quoted(value)} is not taken for one")
    return Path(value)


def _server(options: argparse.Namespace) -> bytes:
    try:
        return parse_public(options.server)
    except Refused as error:
        raise _Misused(f"--server: {error}") from None


def _psk_file_beside(file: Path, name: str) -> Path:
    if "/" in name or "\\" in name or name.startswith("."):
        raise Refused(f"{quoted(name)} makes no file name; add --psk-file FILE")
    return file.parent / f"{name}.psk"


def _flash(page: str) -> bytes:
    if page == "-":
        if sys.stdin is None:
            raise Refused("standard input: is closed")
        return sys.stdin.buffer.read(LEN)
    with open(page, "rb") as file:
        if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            _say(f"{page}: others than its owner may use it, and so play the device")
        return file.read(LEN)


def _print(text: str) -> None:
    """To standard output, where nothing may get lost; without a buffer that would be written at the end once more."""
    if sys.stdout is None:
        raise Refused("standard output: is closed")
    rest = text.encode(errors="surrogateescape")
    try:
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except OSError as error:
        raise Refused(f"standard output: {error.strerror}") from None


def _say(line: str) -> None:
    """A line on standard error, if there is one, with no secret that somebody typed where others belong."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write("\n".join(map(clean, mask(line).split("\n"))) + "\n")
            sys.stderr.flush()


def _lines(order: Order, key: bytes) -> str:
    lines = f"[[device]]\nname = {quoted(order.name)}\n"
    if order.id is not None:
        lines += f"id = {quoted(id_text(order.id))}\n"
    lines += f"key = {quoted(encode_public(key))}\n"
    file = order.new_psk or order.psk_file
    if file:
        file = file.absolute()
        if order.registry:
            with contextlib.suppress(ValueError):  # it lies elsewhere
                file = file.relative_to(order.registry.absolute().parent)
        try:
            str(file).encode()
        except UnicodeEncodeError:
            raise Refused(f"{file}: its name is not UTF-8, which a registry is") from None
        lines += f"psk_file = {quoted(str(file))}\n"
    return lines


def _psk_file(psk: bytes) -> bytes:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    comments = f"# created: {now}\n# pre-shared key of one device and one server\n"
    return f"{comments}{encode(PSK, psk)}\n".encode()


def _check_of(page: bytes) -> bytes:
    return hashlib.blake2s(page[:CHECK]).digest()[:16]


MAGIC, VERSION, FLAG_PSK = b"LKPG", 1, 1
LAYOUT = struct.Struct("<4s4B32s64s32s32s32s32s32s32s32s16s")
"""Every field is a whole number of bytes; what is shorter than its field is filled up with zeros."""
FIELDS = (
    "magic", "version", "flags", "length of the id", "length of the address", "id", "address", "private key",
    "public key", "server's key", "shared secret", "hedge secret", "seed", "PSK", "check",
)  # fmt: skip
LEN = LAYOUT.size
CHECK = LEN - 16

PROGRAM = "lowkey_page.py"
PROVISION = """\
Make a device. Its secrets are drawn here and written to its key page, and kept nowhere else: put the page into the
device's flash, once, then delete the file. The registry's lines are printed, or added to a registry file under the lock
that `lowkey` takes, if a server would load the whole of it. No file is overwritten. A server finds new lines by itself.
"""
EXIT_CODES = """\
Exit codes, as those of `lowkey`:
  0  done
  1  a file or the machine: missing, unreadable, exists already, badly written; a page that is wrong
  2  the arguments
"""

if __name__ == "__main__":
    sys.exit(main())
