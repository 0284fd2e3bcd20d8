//! devices.toml(5).

use super::{MANUAL, SOURCE};
use clap_mangen::roff::{Roff, bold, roman};

pub(super) fn page() -> String {
    let mut page = Roff::new();
    page.control("TH", ["devices.toml", "5", "", SOURCE, MANUAL]);
    page.control("SH", ["NAME"]).text([roman("devices.toml - the registry of devices of lowkey serve")]);
    page.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION {
        page.control("PP", []).text([roman(paragraph)]);
    }
    page.control("SH", ["FIELDS"]);
    for (name, help) in FIELDS {
        page.control("TP", []).text([bold(name)]).text([roman(help)]);
    }
    page.control("SH", ["EXAMPLE"]).control("nf", []);
    for line in EXAMPLE.lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
    page.control("SH", ["SEE ALSO"]).text([
        bold("lowkey-provision"),
        roman("(1), "),
        bold("lowkey-revoke"),
        roman("(1), "),
        bold("lowkey-list"),
        roman("(1), "),
        bold("lowkey-pair"),
        roman("(1), "),
        bold("lowkey.toml"),
        roman("(5)"),
    ]);
    page.render()
}

const DESCRIPTION: [&str; 4] = [
    "A TOML file with a [[device]] table for each device that may connect. The server reads it all or not at all, and \
     reads it again by itself when it changes; `lowkey check` says what is wrong, with line and column.",
    "`lowkey provision`, `lowkey revoke` and a server that pairs change it under a lock, and leave other lines and \
     comments as they are. Whatever else changes it does best to write a new file beside it and rename it. A file that \
     is empty all at once is taken for one that is being written; a comment in it says that it is meant.",
    "It belongs to root or to the user who serves, and nobody else may write to it. It holds no secret: PSKs are in \
     files of their own.",
    "No two devices share a name, an id, a key, a PSK or a code. A name or label holds no character that cannot be \
     seen.",
];

const FIELDS: [(&str, &str); 10] = [
    (
        "server",
        "Above the first [[device]]: the public key of the server that it is for. A server with another key does not \
         load it. It need not be there.",
    ),
    ("name", "What you and your services know the device by, up to 253 bytes. It has one session at a time."),
    (
        "labels",
        "Texts for people, such as { site = \"north\" }; `lowkey show` and `lowkey list` choose by them.",
    ),
    (
        "pinning",
        "As [[device.pinning]], twice, while a device's keys rotate; the fields that follow then stand in these tables.",
    ),
    (
        "key",
        "The device's public key, LKPUB1 in lower case, as `lowkey provision` and `lowkey pubkey` print it.",
    ),
    (
        "id",
        "The pinning's public name: text of 1 to 32 bytes, or 0x and hex. Without it the one that follows from both keys.",
    ),
    (
        "psk_file",
        "A file of `lowkey keygen --psk`, relative to this one. The mode is then KKpsk0, and KK no longer.",
    ),
    ("expires", "A moment, with Z or an offset, from which the pinning is not known any more."),
    (
        "code",
        "The name of the code that the device was paired with, 16 digits; never the code. Nobody else is paired with it \
         while this stands there.",
    ),
    (
        "pending",
        "true as long as a pairing is not confirmed: the device is let in, and its first session takes this line out.",
    ),
];

/// Its keys are nobody's: they are no keys.
const EXAMPLE: &str = "\
[[device]]
name = \"pump-7\"
key = \"lkpub1…\"
labels = { site = \"north\", model = \"P2\" }

[[device]]
name = \"pump-8\"
key = \"lkpub1…\"
psk_file = \"pump-8.psk\"
expires = 2027-01-01T00:00:00Z
";
