//! Commands that mend something, to be run as they stand.

use super::Mend;
use lowkey_host::text::holds_a_secret;
use lowkey_host::{Device, PublicKey};
use lowkey_registry::keys::encode_public;
use lowkey_registry::text_file::shell_quote;
use std::path::Path;

/// Makes a device of this name.
pub(super) fn provision(server: PublicKey, registry: &Path, name: &str) -> Mend {
    make(server, registry, name, "")
}

/// Makes another key for a device that there is.
pub(super) fn rotate(server: PublicKey, registry: &Path, name: &str) -> Mend {
    make(server, registry, name, "--rotate ")
}

/// Makes another key for a device that there is, and a PSK, in a file beside the one that it may have.
pub(super) fn rotate_with_psk(server: PublicKey, registry: &Path, name: &str) -> Mend {
    if is_shared(registry) {
        // Which files the gateways have, only whoever copies them there knows.
        let file = quoted(&format!("{}-2.psk", as_file(name)));
        return make(server, registry, name, &format!("--rotate --psk --psk-folder . --psk-file {file} "));
    }
    let names = (1..).map(|n| if n == 1 { format!("{name}.psk") } else { format!("{name}-{n}.psk") });
    let free = names.map(|name| registry.with_file_name(as_file(&name))).find(|path| !path.exists());
    let psk = free.map_or(String::new(), |path| format!("--psk-file {} ", shell_quote(&path)));
    make(server, registry, name, &format!("--rotate --psk {psk}"))
}

/// Forgets the runs before its present one of this device, where they are kept.
pub(super) fn forget_runs(kept: &str, name: &str) -> Mend {
    Mend::Run(format!("lowkey registry forget-runs {} {}", quoted(kept), quoted(name)))
}

/// Opens a pairing window.
pub(super) fn pair(registry: &Path) -> Mend {
    Mend::Run(match is_shared(registry) {
        false => "lowkey pair --open".to_owned(),
        true => format!("lowkey pair --open --registry {}", shell_quote(registry)),
    })
}

/// Whether several servers share the registry that is called so.
fn is_shared(registry: &Path) -> bool {
    let named = registry.to_string_lossy();
    ["nats://", "tls://"].iter().any(|begin| named.starts_with(begin))
}

/// Whether a device can be called so, and nobody meant something else by it: an id in hex, or a key.
pub(super) fn is_a_name(text: &str) -> bool {
    let is_key = |prefix: &str| text.get(..prefix.len()).is_some_and(|is| is.eq_ignore_ascii_case(prefix));
    let other = text.starts_with("0x") || ["lkpub1", "lksec1", "lkpsk1"].into_iter().any(is_key);
    !other && !holds_a_secret(text) && Device::new(text).is_ok()
}

fn make(server: PublicKey, registry: &Path, name: &str, how: &str) -> Mend {
    Mend::Run(format!(
        "lowkey provision {how}--name {} --server {} --registry {} --output {}",
        quoted(name),
        encode_public(&server),
        shell_quote(registry),
        quoted(&as_file(&format!("{name}.page"))),
    ))
}

fn as_file(name: &str) -> String {
    name.replace('/', "_")
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    shell_quote(Path::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_is_shared_is_no_file_with_others_beside_it() {
        let shared = Path::new("tls://nats.example:4222/fleet");
        let Mend::Run(rotate) = rotate_with_psk(PublicKey::new([9; 32]), shared, "pump/7") else { panic!() };
        assert!(rotate.contains(" --psk-folder . --psk-file pump_7-2.psk --name pump/7 "), "{rotate}");
        assert!(rotate.contains(" --registry tls://nats.example:4222/fleet "), "{rotate}");
        for (registry, command) in [
            (shared, "lowkey pair --open --registry tls://nats.example:4222/fleet"),
            (Path::new("/etc/lowkey/devices.toml"), "lowkey pair --open"),
        ] {
            assert!(matches!(pair(registry), Mend::Run(run) if run == command));
        }
    }

    #[test]
    fn an_id_in_hex_and_a_key_are_no_names() {
        for name in ["pump-7", "pump 7", "x0", "lkpu"] {
            assert!(is_a_name(name), "{name}");
        }
        let key = encode_public(&PublicKey::new([9; 32]));
        for other in [
            "0x12",
            "0x",
            "0x1",
            "0xpump",
            &key,
            &key.to_uppercase(),
            "LKSEC1QPZ",
            "lkpsk1x",
            "",
            "a\nb",
            "BAEA-QCAI-BAEA-QCAI-BAEA-QCAI-BA",
        ] {
            assert!(!is_a_name(other), "{other}");
        }
    }

    #[test]
    fn names_in_commands_are_one_word_of_the_shell() {
        let key = PublicKey::new([9; 32]);
        let Mend::Run(command) = rotate(key, Path::new("devices.toml"), "it's; rm -rf /") else { panic!() };
        assert!(command.contains(r"--name 'it'\''s; rm -rf /' "), "{command}");
        assert!(command.ends_with(r"--output 'it'\''s; rm -rf _.page'"), "{command}");
    }

    #[test]
    fn a_new_psk_gets_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("devices.toml");
        let command = || match rotate_with_psk(PublicKey::new([9; 32]), &registry, "pump/7") {
            Mend::Run(command) => command,
            _ => panic!(),
        };
        assert!(command().contains("/pump_7.psk --name pump/7 "), "{}", command());
        std::fs::write(folder.path().join("pump_7.psk"), "").unwrap();
        assert!(command().contains("/pump_7-2.psk --name pump/7 "), "{}", command());
    }
}
