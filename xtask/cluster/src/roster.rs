//! Who is in the fleet: keys, and the registry that says so.

use fleet::board::Keys;
use lowkey_host::PublicKey;
use lowkey_registry::keys::encode_public;
use std::{fmt::Write as _, sync::Arc};
use xtask::command::Result;

pub(crate) struct Roster {
    members: Vec<Arc<Keys>>,
    server: PublicKey,
}

impl Roster {
    /// So many devices of this server.
    ///
    /// # Errors
    /// No randomness.
    pub(crate) fn new(devices: usize, server: PublicKey) -> Result<Self> {
        let members = (0..devices).map(|_| Ok(Arc::new(Keys::new(server)?))).collect::<Result<_>>()?;
        Ok(Self { members, server })
    }

    pub(crate) fn members(&self) -> &[Arc<Keys>] {
        &self.members
    }

    /// The registry's text.
    pub(crate) fn registry(&self) -> String {
        let mut text = format!("server = \"{}\"\n", encode_public(&self.server));
        for (n, keys) in self.members.iter().enumerate() {
            let (name, key) = (name(n), encode_public(&keys.public()));
            let _ = write!(text, "\n[[device]]\nname = \"{name}\"\nkey = \"{key}\"\n");
        }
        text
    }
}

/// What the device of this number is called.
pub(crate) fn name(device: usize) -> String {
    format!("{NAMED}{}", device + 1)
}

/// Whether one of them is called so: the boards are not.
pub(crate) fn is_a_device(name: &str) -> bool {
    name.starts_with(NAMED)
}

const NAMED: &str = "pump-";
