//! Who is in the fleet: names, keys, addresses and faults, and the registry that says so.

use crate::{arguments::Arguments, fault::Fault};
use fleet::board::{Keys, address};
use lowkey_host::{Id, PublicKey};
use lowkey_registry::keys::encode_public;
use std::{fmt::Write as _, net::Ipv4Addr, sync::Arc};
use xtask::command::Result;

pub(crate) struct Roster {
    members: Vec<Member>,
    faults: Vec<Fault>,
    server: PublicKey,
}

/// A device.
pub(crate) struct Member {
    pub(crate) name: String,
    site: &'static str,
    pub(crate) fault: Option<Fault>,
    /// What its board has.
    pub(crate) keys: Arc<Keys>,
    /// The key that the registry has.
    registered: PublicKey,
    /// Where it comes from.
    pub(crate) from: Ipv4Addr,
}

impl Roster {
    /// # Errors
    /// No randomness.
    pub(crate) fn new(arguments: &Arguments, server: PublicKey) -> Result<Self> {
        let mut members = Vec::with_capacity(arguments.devices);
        let faulty = faulty(&arguments.faults, arguments.devices);
        // The first that has one is pump-7.
        let apart = (arguments.devices - FIRST) / faulty.len().max(1);
        for n in 0..arguments.devices {
            let fault = n.checked_sub(FIRST).filter(|n| n.is_multiple_of(apart));
            let fault = fault.and_then(|n| faulty.get(n / apart)).copied();
            let name = format!("pump-{}", n + 1);
            let keys = Keys::new(server)?;
            let registered = keys.public();
            // An id that follows from the keys would give the wrong one away.
            let keys = match fault {
                Some(Fault::Keys) => Keys::called(Id::new(name.as_bytes()).ok_or("no id")?, server)?,
                _ => keys,
            };
            let keys = Arc::new(keys);
            let site = SITES[n % SITES.len()];
            members.push(Member { name, site, fault, keys, registered, from: address(n) });
        }
        Ok(Self { members, faults: arguments.faults.clone(), server })
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those that have this fault.
    pub(crate) fn with(&self, fault: Fault) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.fault == Some(fault))
    }

    /// Those that have none.
    pub(crate) fn sound(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.fault.is_none())
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The registry's text.
    pub(crate) fn registry(&self) -> String {
        let mut text = format!("server = \"{}\"\n", encode_public(&self.server));
        for Member { name, site, fault, registered, .. } in &self.members {
            let key = encode_public(registered);
            let labels = format!("{{ site = \"{site}\" }}");
            let _ = write!(text, "\n[[device]]\nname = \"{name}\"\nkey = \"{key}\"\nlabels = {labels}\n");
            if *fault == Some(Fault::Keys) {
                let _ = writeln!(text, "id = \"{name}\"");
            }
        }
        text
    }
}

impl Member {
    /// Where the other board with its page comes from.
    pub(crate) fn twin(&self) -> Ipv4Addr {
        let [_, b, c, d] = self.from.octets();
        Ipv4Addr::new(127, b | TWINS, c, d)
    }
}

/// One of each in turn, so that they stand beside each other.
fn faulty(faults: &[Fault], devices: usize) -> Vec<Fault> {
    let most = faults.iter().map(|fault| fault.of(devices)).max().unwrap_or(0);
    let turn = |turn| faults.iter().copied().filter(move |fault| fault.of(devices) > turn);
    (0..most).flat_map(turn).collect()
}

const FIRST: usize = 6;
const SITES: [&str; 3] = ["north", "south", "harbour"];
const TWINS: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_devices_and_each_device_its_address() {
        for devices in [40, 60, 199, 200, 5000, 60_000] {
            let faulty = faulty(&Fault::ALL, devices);
            assert_eq!(faulty.iter().filter(|fault| **fault == Fault::Revoked).count(), 1);
            assert!(FIRST + faulty.len() <= devices, "{devices}");
            assert!(Fault::ALL.iter().all(|fault| *fault == Fault::Service || faulty.contains(fault)));
        }
        let mut addresses: Vec<Ipv4Addr> = (0..60_000).map(address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 60_000);
        assert!(addresses.iter().all(|address| ![0, 255].contains(&address.octets()[3])));
    }
}
