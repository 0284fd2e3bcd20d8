//! A folder that vanishes, keys that are always the same, and registries in it.
#![allow(dead_code, unreachable_pub)] // every test file takes what it needs

use lowkey_host::provision::{Format, Made, Order, ProvisionError, PskFile, Rotation, provision};
use lowkey_host::{FileRegistry, Identity, PublicKey, Secret, keys};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

pub fn secret(byte: u8) -> Secret<32> {
    Secret::new([byte; 32])
}

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

pub fn device(name: &str, byte: u8, more: &str) -> String {
    format!("[[device]]\nname = \"{name}\"\nkey = \"{}\"\n{more}\n", keys::encode_public(&public(byte)))
}

pub struct Bench {
    pub folder: TempDir,
    pub server: Identity,
    pub page: PathBuf,
    pub registry: PathBuf,
}

impl Bench {
    pub fn new() -> Self {
        let folder = folder();
        let [page, registry] = ["page.bin", "devices.toml"].map(|name| folder.path().join(name));
        Self { folder, server: Identity::new(secret(1)).unwrap(), page, registry }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn provision<'a>(&'a self, change: impl FnOnce(&mut Order<'a>)) -> Result<Made, ProvisionError> {
        let mut order = Order {
            name: "pump-7",
            server: self.server.public_key(),
            id: None,
            address: "10.0.2.2:7000",
            page: &self.page,
            format: Format::Binary,
            psk: PskFile::None,
            registry: Some(&self.registry),
            rotation: Rotation::None,
        };
        change(&mut order);
        provision(&order)
    }

    /// What is in the folder, and in the registry.
    pub fn state(&self) -> (usize, String) {
        (fs::read_dir(self.folder.path()).unwrap().count(), fs::read_to_string(&self.registry).unwrap())
    }

    pub fn fails<'a>(&'a self, why: &str, change: impl FnOnce(&mut Order<'a>)) {
        let before = self.state();
        let error = self.provision(change).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(self.state(), before, "{why}");
    }
}
