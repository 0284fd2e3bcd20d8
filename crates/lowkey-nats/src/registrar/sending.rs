//! A message to a device, from whoever owns its registry.

use super::Registrar;
use crate::bucket::hex;
use crate::fleet::{MOST, SECONDS, SEND, of_told};
use async_nats::client::{Request, RequestErrorKind};
use async_nats::{HeaderMap, client::RequestError};
use lowkey_host::{NotSent, Received};
use std::time::Duration;
use tokio::time::sleep;

impl Registrar {
    /// Sends a message to the device of this name, at whichever gateway it is connected to, and waits for at most
    /// `within`, 1 to 8 s, until it has received it, as [`Acceptor::send`](lowkey_host::Acceptor::send) says.
    ///
    /// Any client of NATS with a registrar's credential can do the same: a request with the message on
    /// `PREFIX.to.NAME`, the name in hex, with the headers `Lowkey: send` and `Lowkey-Seconds`. The answer is JSON, as
    /// that of the admin listener's `/send`. It comes at once if the device is offline; nobody hears the subject if no
    /// gateway is there.
    ///
    /// # Errors
    /// [`NotSent`]; no gateway is there: [`NotSent::Offline`].
    pub async fn send(&self, device: &str, message: &[u8], within: Duration) -> Result<Received, NotSent> {
        let seconds = within.as_secs().clamp(1, MOST);
        let mut headers = HeaderMap::new();
        headers.insert("Lowkey", SEND);
        headers.insert(SECONDS, seconds.to_string());
        let subject = format!("{}.to.{}", self.prefix, hex(device));
        let ask = || {
            let request = Request::new().headers(headers.clone()).payload(message.to_vec().into());
            let request = request.timeout(Some(Duration::from_secs(seconds) + LONGER));
            self.client.send_request(subject.clone(), request)
        };
        let nobody = |error: &RequestError| error.kind() == RequestErrorKind::NoResponders;
        let answer = match ask().await {
            // While NATS's server reads its files again nobody hears anything.
            Err(error) if nobody(&error) => {
                sleep(AGAIN).await;
                ask().await
            }
            other => other,
        };
        match answer {
            Ok(answer) => of_told(&answer.payload),
            Err(error) if nobody(&error) => Err(NotSent::Offline),
            Err(error) if error.kind() == RequestErrorKind::TimedOut => Err(NotSent::Unanswered),
            Err(_) => Err(NotSent::Unfound),
        }
    }
}

const AGAIN: Duration = Duration::from_millis(100);
/// How much longer than the device's own time a gateway's answer may take.
const LONGER: Duration = Duration::from_secs(4);
