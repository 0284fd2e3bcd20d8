//! What the admin listener of one gateway asks the others.

use lowkey_gateway::admin::{Asks, Later, Others};
use lowkey_host::{NotSent, Received};
use lowkey_nats::Fleet;
use std::time::Duration;

/// The other gateways of a fleet.
#[derive(Debug)]
pub(crate) struct OtherGateways(pub(crate) Fleet);

impl Others for OtherGateways {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn ask(&self, question: Asks) -> Later<Vec<(String, Result<String, String>)>> {
        let fleet = self.0.clone();
        Box::pin(async move { fleet.ask(question, PATIENCE).await })
    }

    fn send(&self, device: String, message: Vec<u8>, within: Duration) -> Later<Result<Received, NotSent>> {
        let fleet = self.0.clone();
        Box::pin(async move { fleet.send(&device, &message, within).await })
    }
}

/// How long another one may take: a doctor takes two seconds.
const PATIENCE: Duration = Duration::from_secs(4);
