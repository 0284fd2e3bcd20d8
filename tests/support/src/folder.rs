//! A folder that vanishes, keys that are always the same, and registries in it.

use lowkey_host::{Identity, PublicKey, Secret};
use lowkey_registry::provision::{Format, Made, Order, ProvisionError, PskFile, Rotation, provision};
use lowkey_registry::{FileRegistry, keys};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that is removed with what this gives.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The mode of what stands there, without its kind.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// A private key of this byte over and over, but for one: some of the others are printed in the book, and refused.
pub fn secret(byte: u8) -> Secret<32> {
    Secret::new(std::array::from_fn(|at| if at == 0 { !byte } else { byte }))
}

/// The public key of that private key.
pub fn public(byte: u8) -> PublicKey {
    Identity::new(secret(byte)).unwrap().public_key()
}

/// A registry file beside whatever its `psk_file`s name.
pub fn registry(folder: &TempDir, text: &str) -> (PathBuf, Result<FileRegistry, String>) {
    let path = folder.path().join("devices.toml");
    fs::write(&path, text).unwrap();
    let loaded = FileRegistry::load(&path, &Identity::new(secret(1)).unwrap());
    (path, loaded.map_err(|error| error.to_string()))
}

/// The table of a device of this name, with the key of this byte and with more lines.
pub fn device(name: &str, byte: u8, more: &str) -> String {
    format!("[[device]]\nname = \"{name}\"\nkey = \"{}\"\n{more}\n", keys::encode_public(&public(byte)))
}

/// A folder in which keys, pages and registries are made.
pub struct Bench {
    /// It goes with this.
    pub folder: TempDir,
    /// Whose devices are made.
    pub server: Identity,
    /// Where a key page goes.
    pub page: PathBuf,
    /// Where its device is entered.
    pub registry: PathBuf,
}

impl Bench {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "each has a folder of its own")]
    pub fn new() -> Self {
        let folder = folder();
        let [page, registry] = ["page.bin", "devices.toml"].map(|name| folder.path().join(name));
        Self { folder, server: Identity::new(secret(1)).unwrap(), page, registry }
    }

    /// Where a file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes `pump-7`, or what `change` makes of that.
    pub fn provision<'a>(&'a self, change: impl FnOnce(&mut Order<'a>)) -> Result<Made, ProvisionError> {
        let mut order = Order {
            name: "pump-7",
            server: self.server.public_key(),
            id: None,
            address: "10.0.2.2:7000",
            page: &self.page,
            format: Format::Binary,
            psk: PskFile::None,
            registry: Some((&self.registry).into()),
            rotation: Rotation::None,
        };
        change(&mut order);
        provision(&order)
    }

    /// What is in the folder, and in the registry.
    pub fn state(&self) -> (usize, String) {
        (fs::read_dir(self.folder.path()).unwrap().count(), fs::read_to_string(&self.registry).unwrap())
    }

    /// The same, which has to fail for this reason and to leave everything as it was.
    pub fn fails<'a>(&'a self, why: &str, change: impl FnOnce(&mut Order<'a>)) {
        let before = self.state();
        let error = self.provision(change).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(self.state(), before, "{why}");
    }
}
