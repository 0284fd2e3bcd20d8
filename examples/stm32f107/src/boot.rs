//! What happens once at a start: the key page is read, and the boot log counts.

use core::net::SocketAddrV4;

use lowkey_core::{
    Entropy, Ephemerals, SeedEntropy,
    boot_log::BootLog,
    page::{Keys, Page},
};
use lowkey_transport::Pinning;

use crate::flash::{self, Log};

/// Who this device is, read once.
pub(crate) struct Device {
    pub(crate) page: Page<'static>,
    pub(crate) keys: Keys,
    pub(crate) server: SocketAddrV4,
}

impl Device {
    pub(crate) fn pinning(&self) -> Pinning<'_> {
        Pinning::of(&self.keys)
    }
}

/// A device that may make ephemerals.
pub(crate) struct Start {
    pub(crate) device: Device,
    pub(crate) ephemerals: Ephemerals<SeedEntropy>,
    /// For what TCP and DHCP choose at random.
    pub(crate) network_seed: u64,
}

/// Reads the key page and counts this start.
///
/// # Errors
/// What is wrong with the page or the log, for people.
pub(crate) fn start(log: Log, noise: &[u8]) -> Result<Start, &'static str> {
    let page = Page::read(flash::key_page()).map_err(|error| error.as_str())?;
    if page.is_published() {
        return Err("key page: its keys are printed in Lowkey's documentation");
    }
    let server = page.address().parse().map_err(|_| "key page: the address is not an IPv4 host:port")?;
    let keys = page.load().map_err(|_| "key page: the server's key cannot be pinned")?;

    // This part has no generator: the seed is what is secret, the count and the noise are what is new.
    let mut entropy = SeedEntropy::new(page.seed()).map_err(|_| "key page: the seed is blank")?;
    let mut log = BootLog::new(log);
    let counted = log.count().unwrap_or_default();
    entropy.stir(&counted.to_be_bytes());
    entropy.stir(noise);
    let mut network_seed = [0; 8];
    let drawn = entropy.fill(&mut network_seed);
    let ephemerals = Ephemerals::new(entropy, page.hedge(), &mut log);
    let (Ok(()), Ok(ephemerals)) = (drawn, ephemerals) else {
        return Err("boot log: damaged, or the flash failed");
    };
    let device = Device { page, keys, server };
    Ok(Start { device, ephemerals, network_seed: u64::from_le_bytes(network_seed) })
}
