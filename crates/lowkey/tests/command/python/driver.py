"""Puts a test's questions to the modules in `tools`: each a line of JSON, a word and what belongs to it; so is an answer.

One process answers all questions, because it takes longer to start than to answer.
"""

import contextlib
import io
import json
import os
import sys

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the program prints is looked at elsewhere
sys.path.insert(0, sys.argv[1])

import lowkey_keys  # noqa: E402
import lowkey_page  # noqa: E402

hexadecimal = bytes.fromhex


def contents(of):
    secret = {name: hexadecimal(of[name]) for name in ("id", "private_key", "peer", "hedge", "seed")}
    return lowkey_page.Contents(address=of["address"], psk=hexadecimal(of["psk"]) if of["psk"] else None, **secret)


def run(arguments):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = lowkey_page.main(arguments)
    return [code, said.getvalue()]


def check_again(page):
    """A page with another check sum, as of somebody whose tool has made it wrongly."""
    page = hexadecimal(page)
    return lowkey_page.check(page[: lowkey_page.CHECK] + lowkey_page._check_of(page)).peer.hex()


QUESTIONS = {
    "encode": lambda of: contents(of).encode().hex(),
    "repr": lambda of: repr(contents(of)),
    "again": lambda page: lowkey_page.Contents.read(hexadecimal(page)).encode().hex(),
    "read": lambda page: lowkey_page.Contents.read(hexadecimal(page)).address,
    "check": lambda page: lowkey_page.check(hexadecimal(page)).address,
    "check again": check_again,
    "render": lambda of: lowkey_page.render(hexadecimal(of[0]), of[1], of[2]).decode(),
    "public": lambda text: lowkey_keys.parse_public(text).hex(),
    "run": run,
}

for line in sys.stdin:
    word, of = json.loads(line)
    try:
        answer = {"ok": QUESTIONS[word](of)}
    except lowkey_keys.Refused as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer), file=answers, flush=True)
