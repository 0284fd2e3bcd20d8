//! What is drawn for a device, and the key page that is made of it.

use super::error::ProvisionError;
use crate::keys;
use lowkey_core::page::{Contents, LEN};
use lowkey_core::published::is_published;
use lowkey_core::{Error as KeyError, Secret};
use lowkey_host::{Id, PublicKey};

/// The secrets of one device.
pub(super) struct Secrets {
    static_key: Secret<32>,
    hedge: Secret<32>,
    seed: Secret<32>,
    pub(super) psk: Option<Secret<32>>,
}

impl Secrets {
    /// New ones, but for the PSK.
    pub(super) fn draw(psk: Option<Secret<32>>) -> Result<Self, ProvisionError> {
        let fresh = || keys::generate().map_err(ProvisionError::Entropy);
        Ok(Self { static_key: fresh()?, hedge: fresh()?, seed: fresh()?, psk })
    }

    /// The device's public key.
    pub(super) fn public_key(&self) -> Result<PublicKey, ProvisionError> {
        let identity = keys::identity(self.static_key.duplicate());
        identity
            .map(|identity| identity.public_key())
            .map_err(|error| ProvisionError::Order(error.to_string()))
    }

    /// Its key page.
    pub(super) fn page(
        &self,
        id: Id,
        address: &str,
        server: PublicKey,
    ) -> Result<Secret<LEN>, ProvisionError> {
        if is_published(&server) {
            let why = "the server's key is printed in Lowkey's documentation; take the one that `lowkey pubkey` prints";
            return Err(ProvisionError::Order(why.into()));
        }
        let contents = Contents {
            id,
            address,
            static_key: &self.static_key,
            peer: server,
            hedge: &self.hedge,
            seed: &self.seed,
            psk: self.psk.as_ref(),
        };
        contents.encode().map_err(|error| {
            ProvisionError::Order(match error {
                KeyError::WeakKey => "the server's key is of low order and protects nothing".into(),
                error => error.to_string(),
            })
        })
    }
}
