"""Keys, ids, names and addresses of Lowkey: as text, in files, and what none of them may be.

| what | text |
| --- | --- |
| a public key | `lkpub1...`, lower case |
| a static private key | `LKSEC1...`, upper case, so that it is seen |
| a PSK | `LKPSK1...`, upper case |

All are Bech32 (BIP 173) of 32 bytes. A key file holds one such line of a secret, below comment lines that begin with
`#`; only its owner may read it. None is ever overwritten, and no error shows any part of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import secrets
import shlex
import stat
from io import FileIO
from pathlib import Path
from typing import Any, Optional


class Refused(ValueError):
    """What is not done, and why, for people; no secret is in it."""


def draw() -> bytes:
    """A new secret: 32 random bytes of the operating system's, which waits until it has some."""
    return secrets.token_bytes(32)


def refuse_blank(secret: bytes) -> None:
    """Raises `Refused` for what is no secret: cleared memory, erased flash, another length than 32 bytes."""
    if len(secret) != 32:
        raise Refused(f"a secret has 32 bytes, and not {len(secret)}")
    if is_blank(secret):
        raise Refused("a secret is all zeros or all ones: nobody has written one there")


def is_blank(secret: bytes) -> bool:
    """Whether all bits are zero, or all are one."""
    return secret in (bytes(32), b"\xff" * 32)


def is_published(key: bytes) -> bool:
    """Whether a public key is printed in Lowkey's documentation, or its private half."""
    return int.from_bytes(canonical(key)[:8], "big") in PUBLISHED_KEYS


def is_published_psk(psk: bytes) -> bool:
    """Whether a PSK is."""
    return int.from_bytes(hashlib.blake2s(psk).digest()[:8], "big") in PUBLISHED_PSKS


def public_key(private_key: bytes) -> bytes:
    """The public key of an X25519 private key, 32 bytes."""
    refuse_blank(private_key)
    x25519, serialization = _cryptography()
    key = x25519.X25519PrivateKey.from_private_bytes(private_key).public_key()
    return bytes(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def shared_secret(private_key: bytes, peer: bytes) -> bytes:
    """The Diffie-Hellman of both. Raises `Refused` if the peer's key cannot be pinned: it is ours, or of low order."""
    peer = canonical(peer)
    if peer == public_key(private_key):
        raise Refused("the peer's static key is our own")
    if is_low_order(peer):
        raise Refused("the server's key is of low order and protects nothing")
    x25519, _ = _cryptography()
    key = x25519.X25519PrivateKey.from_private_bytes(private_key)
    return bytes(key.exchange(x25519.X25519PublicKey.from_public_bytes(peer)))


def canonical(key: bytes) -> bytes:
    """A public key as every implementation writes it: RFC 7748 section 5 ignores its highest bit, and takes the rest
    modulo 2^255 - 19."""
    if len(key) != 32:
        raise Refused(f"a public key has 32 bytes, and not {len(key)}")
    number = int.from_bytes(key, "little") % 2**255 % PRIME
    return number.to_bytes(32, "little")


def is_low_order(key: bytes) -> bool:
    """Whether every Diffie-Hellman with this public key is all zeros."""
    return int.from_bytes(canonical(key), "little") in LOW_ORDER


def encode_public(key: bytes) -> str:
    """A public key as text."""
    return encode(PUBLIC, key)


def parse_public(text: str) -> bytes:
    """Reads a public key from text, in its one spelling. Raises `Refused`, which shows nothing of the text."""
    return canonical(_decode(PUBLIC, text.strip()))


def encode(kind: str, key: bytes) -> str:
    """32 bytes as text: `PUBLIC`, `STATIC` or `PSK`."""
    number = int.from_bytes(key, "big") << 4
    data = [number >> shift & 31 for shift in range(255, -1, -5)]
    rest = _polymod(kind, data + [0] * 6) ^ 1
    data += [rest >> shift & 31 for shift in range(25, -1, -5)]
    text = kind + "1" + "".join(ALPHABET[value] for value in data)
    return text if kind == PUBLIC else text.upper()


def read_secret(path: Path, kind: str) -> bytes:
    """The private key (`STATIC`) or the PSK (`PSK`) in a key file.

    Raises `Refused`, which shows nothing of the file, or `OSError`.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # before it is opened: a pipe would keep us waiting
        raise Refused(f"{path}: is no regular file; here belongs a key file")
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        content = file.read(LONGEST_KEY_FILE + 1)
    if os.name == "posix":
        if found.st_uid not in (0, os.geteuid()):
            mend = f'mend that with: chown "$(id -u)" {shlex.quote(str(path))}'
            raise Refused(f"{path}: belongs to user {found.st_uid}, who could change it; {mend}")
        # What root lets a group read, root means so.
        if found.st_mode & (0o037 if found.st_uid == 0 else 0o077):
            mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
            mend = f"mend that with: chmod 600 {shlex.quote(str(path))}"
            raise Refused(f"{path}: others than its owner may use it ({mode}); {mend}")
    if len(content) > LONGEST_KEY_FILE:
        raise Refused(f"{path}: is longer than {LONGEST_KEY_FILE} bytes; here belongs a key file")
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError:
        raise Refused(f"{path}: not UTF-8; save the file as UTF-8") from None
    lines = [line for line in lines if line and not line.startswith("#")]
    try:
        if len(lines) != 1:
            raise Refused(f"not a Lowkey key; here belongs {ARTICLES[kind]}")
        secret = _decode(kind, lines[0])
        if is_blank(secret):
            raise Refused(f"{ARTICLES[kind]} of zeros or ones only; nobody has drawn it")
        if is_published_psk(secret) if kind == PSK else is_published(public_key(secret)):
            raise Refused(f"{ARTICLES[kind]} that is printed in Lowkey's documentation; make one of your own")
    except Refused as error:
        raise Refused(f"{path}: {error}") from None
    return secret


def create_private(path: Path, content: bytes) -> FileIO:
    """Writes a new file that only its owner reads (on Windows that is up to its folder), and gives it open once the disk
    has it all.

    Raises `Refused` or `OSError`; no file was left behind.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        file = open(os.open(path, flags, 0o600), "wb", buffering=0)
    except FileExistsError:
        raise Refused(f"{path}: is there already and is not overwritten; choose another name") from None
    try:
        write_all(file, content)
        sync_folder(path)
    except BaseException as error:
        file.close()
        remove_unfinished(path)
        if isinstance(error, OSError):
            raise Refused(f"{path}: {error.strerror}") from None
        raise
    return file


def write_all(file: FileIO, content: bytes) -> None:
    """Writes all of it to the disk, or raises `OSError`. No buffer is left that would be written later."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    os.fsync(file.fileno())


def remove_unfinished(path: Path) -> None:
    """Removes what we have just created, when what it belongs to came to nothing."""
    with contextlib.suppress(OSError):  # what it belongs to has failed, which is what is reported
        os.unlink(path)


def sync_folder(path: Path) -> None:
    """Sees to it that a power cut takes away no file that is in this folder by now. Not every file system can."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def default_id(initiator: bytes, responder: bytes) -> bytes:
    """The id of a pinning that was given none, from both public keys."""
    return hashlib.blake2s(b"lowkey id" + initiator + responder).digest()[:8]


def parse_id(text: str) -> Optional[bytes]:
    """An id, written as text of 1 to 32 bytes or as `0x` and hex of as many; `None` if it is neither."""
    if not text.startswith("0x"):
        id = text.encode()
    elif re.fullmatch("0x([0-9a-fA-F]{2})*", text):
        id = bytes.fromhex(text[2:])
    else:
        return None
    return id if 1 <= len(id) <= MAX_ID else None


def id_text(id: bytes) -> str:
    """An id as text if it is that, otherwise in hex."""
    with contextlib.suppress(UnicodeDecodeError):
        text = id.decode()
        if not text.startswith("0x") and not STEERS.search(text):
            return text
    return "0x" + id.hex()


def check_name(name: str) -> None:
    """Raises `Refused` for what no device may be called."""
    steering = STEERS.search(name)
    if steering:
        raise Refused(f"the name holds U+{ord(steering.group()):04X}, {UNSEEN}")
    if not name or name.strip() != name:
        raise Refused("the name is empty, or begins or ends with white space")


def check_address(address: str) -> None:
    """Raises `Refused` for an address that is none, or that not all firmware reads alike; it may be empty.

    To C's `inet_aton`, `010.0.2.2` is 8.0.2.2 and `0xa000202` is 10.0.2.2; to others neither is an address.
    """
    if not address:
        return
    host, _, port = address.rpartition(":")
    is_port = re.fullmatch("[1-9][0-9]{0,4}", port) and int(port) <= 65535
    if host.startswith("[") and host.endswith("]"):
        is_host = _is_ipv6(host[1:-1])
    else:
        is_host = bool(host) and not re.search(r"[]:[\s]", host) and not STEERS.search(host)
    if not (is_port and is_host):
        raise Refused(f"{quoted(address)} is no address; write it as host:port, for example 192.168.1.10:7000")
    last_label = host[:-1].rpartition(".")[2] if host.endswith(".") else host.rpartition(".")[2]
    # A name whose last label is a number is read as one, by somebody.
    if re.fullmatch("[0-9]*|0[xX][0-9a-fA-F]*", last_label) and not re.fullmatch(IPV4, host):
        four = "four numbers from 0 to 255 without leading zeros, for example 192.168.1.10"
        raise Refused(f"{quoted(host)} is no address: write {four}")
    if len(address.encode()) > MAX_ADDRESS:
        raise Refused(f"the address is longer than {MAX_ADDRESS} bytes")


def mask(text: str) -> str:
    """The text with all but the beginning of every private key, PSK and label in it left out, for errors."""
    return re.sub(r"""(?i)(lksec1|lkpsk1|lowkey:1/)[^"'`/\\:;,)=…\s\x00-\x1f\x7f-\x9f]+""", r"\1…", text)


def clean(text: str) -> str:
    """The text with what steers a terminal written as `\\u{...}`, so that it can be printed."""
    return STEERS.sub(lambda found: f"\\u{{{ord(found.group()):x}}}", text)


def quoted(text: str) -> str:
    """The text in quotes, as TOML and people read it."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + STEERS.sub(lambda found: f"\\U{ord(found.group()):08X}", text) + '"'


def _decode(kind: str, text: str) -> bytes:
    prefix, _, rest = text.partition("1")
    found = next((other for other in ARTICLES if prefix.isascii() and prefix.lower() == other), None)
    if found is None:
        raise Refused(f"not a Lowkey key; here belongs {ARTICLES[kind]}")
    if found != kind:
        raise Refused(f"this is {ARTICLES[found]}; here belongs {ARTICLES[kind]}")
    values = [ALPHABET.find(letter) for letter in rest.lower()]
    one_case = text in (text.lower(), text.upper())
    # 52 letters of 5 bits are 32 bytes and 4 bits, which are zero; 6 more are the check.
    if not text.isascii() or not one_case or len(values) != 58 or -1 in values or _polymod(kind, values) != 1:
        raise Refused(f"{ARTICLES[kind]} that is mistyped or cut off")
    number = 0
    for value in values[:52]:
        number = number << 5 | value
    if number & 15:
        raise Refused(f"{ARTICLES[kind]} that is mistyped or cut off")
    return (number >> 4).to_bytes(32, "big")


def _polymod(prefix: str, values: list[int]) -> int:
    """The remainder that Bech32's check is made of (BIP 173)."""
    rest = 1
    expanded = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    for value in expanded + values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            rest ^= term if top >> bit & 1 else 0
    return rest


def _is_ipv6(host: str) -> bool:
    """As everybody reads it: without a zone, and with no leading zeros in an IPv4 address at its end."""
    tail = host.rpartition(":")[2]
    if "%" in host or ("." in tail and not re.fullmatch(IPV4, tail)):
        return False
    with contextlib.suppress(ValueError):
        return bool(ipaddress.IPv6Address(host))
    return False


def _cryptography() -> tuple[Any, Any]:
    """What does X25519, and what writes its keys. Not at the top: `--help` needs neither."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import x25519
    except ImportError:
        needs = "needs the package `cryptography`: apt install python3-cryptography, or pip install cryptography"
        raise Refused(needs) from None
    return x25519, serialization


MAX_ID = 32
MAX_ADDRESS = 64
"""The longest, in bytes."""

PUBLIC, STATIC, PSK = "lkpub", "lksec", "lkpsk"
"""What a text of ours holds, and how it begins."""
ARTICLES = {PUBLIC: "a public key (lkpub1…)", STATIC: "a private key (LKSEC1…)", PSK: "a PSK (LKPSK1…)"}
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

LONGEST_KEY_FILE = 4096
"""In bytes; a key file is three lines."""

PRIME = 2**255 - 19
LOW_ORDER = {
    0,
    1,
    PRIME - 1,
    0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
}
"""The coordinates whose order divides 8, on the curve and on its twist."""

OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"{OCTET}(\.{OCTET}){{3}}"

STEERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f-\u1160\u17b4-\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd"
    "\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What steers a terminal, turns the direction of a line, or cannot be seen."""
UNSEEN = "which cannot be seen or steers terminals; write it without"
PUBLISHED_KEYS = {
    0x0faa_684e_d288_67b9,
    0x1111_1111_1111_1111,
    0x11a3_3e85_1978_2e59,
    0x1407_c024_f044_3086,
    0x1b6f_94a5_70e1_0b5c,
    0x2222_2222_2222_2222,
    0x2389_c32e_fb47_7b3d,
    0x2877_96ec_d98d_be75,
    0x2a88_72b0_331f_b4a6,
    0x2c78_7147_e412_189a,
    0x2fe0_fea4_f27d_2dd4,
    0x31fd_6400_04b0_ead7,
    0x3c1a_aef5_90f6_75a4,
    0x3e98_927d_65f1_4c4c,
    0x493e_82fc_7446_4a59,
    0x4942_f9d2_a139_1b20,
    0x4a72_aa64_2a51_20f1,
    0x4c86_1e37_e21e_3f1a,
    0x5b73_110c_ea78_5665,
    0x6868_cb1e_a0b9_17ef,
    0x7707_6d0a_7318_a57d,
    0x7837_dfb9_be86_bef2,
    0x7b4e_909b_be7f_fe44,
    0x8081_8283_8485_8687,
    0x8520_f009_8930_a754,
    0x9242_48f1_a6cf_cab3,
    0x946b_9dab_0772_3c26,
    0xb3c2_d1a3_c535_87c4,
    0xb4d3_0a99_339b_ac9c,
    0xb6df_ccd2_febb_0ec0,
    0xc188_aff1_c6dd_7e3d,
    0xc5a4_6de9_123a_f0ee,
    0xde9e_db7d_7b7d_c1b4,
    0xe347_cc42_9184_4efe,
    0xe71f_b005_86f5_2764,
    0xee90_9971_e5de_895e,
    0xf216_44ef_d576_8d29,
    0xf46c_16af_e0b3_a617,
    0xfd7a_81ec_f4ce_02e3,
    0xfd95_c2f9_7cca_a18f,
}
"""The first eight bytes of public keys that are printed in Lowkey's documentation, or follow from what is."""
PUBLISHED_PSKS = {
    0x00da_38e0_6f9d_db31,
    0x32a9_efd5_99e0_717a,
    0x3428_7364_2559_b686,
    0x3f97_b36b_8978_2500,
    0x4a02_e3fc_481b_d212,
    0x72b7_5f57_cb03_4393,
    0x8b05_4142_add4_29be,
    0x94c0_37e4_9434_bdea,
    0xa8bc_72ac_97af_e59b,
    0xb272_b093_e6b0_9b9e,
    0xc204_536a_c409_328f,
    0xce5f_9aff_ff67_e5cb,
    0xd774_7571_b359_3277,
    0xe911_84e4_9a73_df7b,
}
"""The first eight bytes of BLAKE2s-256 of PSKs that are."""
