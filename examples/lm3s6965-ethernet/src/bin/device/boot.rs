//! What happens once at a start: the key page is read, and the boot log counts.

use lm3s6965_ethernet::{address::Address, banks::Banks, flash::Flash};
use lowkey_core::{Entropy, Ephemerals, SeedEntropy, boot_log::BootLog, numbered::RunId, page::Page};

use crate::Device;

/// A device that may make ephemerals.
pub(crate) struct Start<'f> {
    pub(crate) device: Device<'f>,
    pub(crate) ephemerals: Ephemerals<SeedEntropy>,
}

/// Reads the key page and counts this start.
///
/// # Errors
/// What is wrong with the page or the log, for people.
pub(crate) fn start(flash: Flash) -> Result<Start<'static>, &'static str> {
    let page = Page::read(flash.key_page()).map_err(|error| error.as_str())?;
    if page.is_published() {
        return Err("key page: its keys are printed in Lowkey's documentation");
    }
    let server = Address::read(page.address()).ok_or("key page: the address is not an IPv4 host:port")?;
    let keys = page.load().map_err(|_| "key page: the server's key cannot be pinned")?;

    // This part has no generator. What differs from start to start is in the boot log; both go into each ephemeral.
    let mut entropy = SeedEntropy::new(page.seed()).map_err(|_| "key page: the seed is blank")?;
    let mut log = BootLog::new(Banks::new(flash));
    let counted = log.count().unwrap_or_default();
    entropy.stir(&counted.to_be_bytes());
    let mut tcp_seed = [0; 8];
    let drawn = entropy.fill(&mut tcp_seed);
    let ephemerals = Ephemerals::new(entropy, page.hedge(), &mut log);
    let (Ok(()), Ok(ephemerals)) = (drawn, ephemerals) else {
        return Err("boot log: damaged, or the flash failed");
    };
    let run = RunId::of_hedge(&page.hedge(), &keys.identity().public_key());
    let device = Device { page, keys, server, tcp_seed: u64::from_le_bytes(tcp_seed), run };
    Ok(Start { device, ephemerals })
}
