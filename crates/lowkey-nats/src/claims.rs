//! Claims: what a gateway asks of whoever may write the registry, when a device pairs with it.
//!
//! Gateways write no registry. One that has met a device with the right code puts a claim in a bucket of its own, under
//! the code's name, by compare-and-set; whoever opened the window, who has the registry's credential and the code, sees
//! it and writes the row. A claim is authenticated by a key that follows from the code: whoever has stolen a gateway's
//! key for NATS writes into the bucket, and has nobody entered by that.
//!
//! | state | by | then |
//! | --- | --- | --- |
//! | asks | the gateway, before it tells the device anything | the row is written, pending |
//! | entered | the registrar | the gateway waits until the row has come to it, and tells the device |
//! | refused | the registrar | the device is told no |
//! | withdrawn | the gateway, which has waited long enough | the row goes again, if this claim has made it |
//! | final | a gateway: the device has stored our key | the row is made final |
//! | declined | the gateway: the device has said no | the row goes, if it is pending |
//!
//! Beside it, under a name of its own, stands the key that was *lost*: of a device that had the code as well and was
//! told no because another was first. Which of the two is the right one, only people can tell.

use crate::bucket::{Bucket, Key};
use crate::error::NatsError;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL};
use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::stream::DirectGetErrorKind;
use lowkey_crypto::Blake2s;
use lowkey_host::text::Hex;
use lowkey_host::{Code, Id, PublicKey, Secret, entropy};
use lowkey_registry::keys;
use serde_json::{Value, json};

/// What a gateway asks, or is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) state: Stage,
    /// What the device will be called.
    pub(crate) device: String,
    /// The key that it has proven.
    pub(crate) key: PublicKey,
    /// Drawn by the gateway for each time that it asks.
    pub(crate) nonce: String,
    /// Why it was refused.
    pub(crate) why: String,
}

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Asks,
    Entered,
    Refused,
    Withdrawn,
    Final,
    Declined,
    Lost,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// What is asked for a device, and answered.
    Asked,
    /// The device that was told no because another was first.
    Lost,
}

/// What is there under a code's name.
#[derive(Debug)]
pub(crate) struct There {
    /// Of the last change; 0 if there is nothing.
    pub(crate) revision: u64,
    /// The claim, if whoever wrote it has the code.
    pub(crate) claim: Option<Claim>,
    /// Something is there that nobody with the code has written.
    pub(crate) is_forged: bool,
}

/// Authenticates claims of one code.
pub(crate) struct ClaimKey {
    code: Id,
    key: Secret<32>,
}

/// The bucket of claims.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    context: Context,
    prefix: String,
}

impl Claim {
    /// What a gateway asks for a device.
    pub(crate) fn asks(device: &str, key: &PublicKey) -> Result<Self, NatsError> {
        let random = entropy::random().map_err(|error| NatsError::File(error.to_string()))?;
        let nonce = Hex(&random.expose()[..16]).to_string();
        let (device, key) = (device.to_owned(), key.canonical());
        Ok(Self { state: Stage::Asks, device, key, nonce, why: String::new() })
    }

    fn entry(&self) -> Entry {
        if self.state == Stage::Lost { Entry::Lost } else { Entry::Asked }
    }

    /// The same, that far.
    pub(crate) fn at(&self, state: Stage, why: &str) -> Self {
        Self { state, why: why.to_owned(), ..self.clone() }
    }
}

impl ClaimKey {
    /// `BLAKE2s-256("lowkey claim key" ‖ the code's bytes)`, as its name and its PSK are made (protocol §6), each with
    /// a label of its own.
    pub(crate) fn of(code: &Code) -> Self {
        let mut key = Secret::zeroed();
        Blake2s::hash(&[b"lowkey claim key", code.expose()], key.expose_mut());
        Self { code: code.name(), key }
    }

    /// Of all that a claim says, and of which registry it is.
    fn mac(&self, claim: &Claim, prefix: &str) -> Secret<32> {
        let mut text = b"lowkey claim 1".to_vec();
        let Claim { state, device, key, nonce, why } = claim;
        let parts: [&[u8]; 7] = [
            prefix.as_bytes(),
            self.code.as_bytes(),
            state.word().as_bytes(),
            device.as_bytes(),
            key.as_bytes(),
            nonce.as_bytes(),
            why.as_bytes(),
        ];
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        }
        let mut mac = Secret::zeroed();
        Blake2s::mac(&self.key, &[&text], mac.expose_mut());
        mac
    }

    fn kept(&self, claim: &Claim, prefix: &str) -> String {
        json!({
            "device": claim.device,
            "key": keys::encode_public(&claim.key),
            "mac": Hex(self.mac(claim, prefix).expose()).to_string(),
            "nonce": claim.nonce,
            "state": claim.state.word(),
            "why": claim.why,
        })
        .to_string()
    }

    /// `None` unless whoever wrote that has the code.
    fn of_kept(&self, kept: &[u8], prefix: &str) -> Option<Claim> {
        if kept.len() > LONGEST {
            return None;
        }
        let value: Value = serde_json::from_slice(kept).ok()?;
        let text = |name: &str| Some(value[name].as_str()?.to_owned());
        let (device, nonce, why) = (text("device")?, text("nonce")?, text("why")?);
        let key = keys::parse_public(value["key"].as_str()?).ok()?.canonical();
        let state = Stage::of_word(value["state"].as_str()?)?;
        let claim = Claim { state, device, key, nonce, why };
        let mut stated = Secret::<32>::zeroed();
        let digits = value["mac"].as_str()?.as_bytes();
        if digits.len() != 2 * stated.expose().len() {
            return None;
        }
        for (byte, pair) in stated.expose_mut().iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        self.mac(&claim, prefix).ct_eq(&stated).then_some(claim)
    }
}

impl Stage {
    const ALL: [Self; 7] =
        [Self::Asks, Self::Entered, Self::Refused, Self::Withdrawn, Self::Final, Self::Declined, Self::Lost];

    fn word(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Entered => "entered",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Final => "final",
            Self::Declined => "declined",
            Self::Lost => "lost",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Claims {
    pub(crate) fn new(context: Context, prefix: &str) -> Self {
        Self { context, prefix: prefix.to_owned() }
    }

    /// What is there under this code's name.
    pub(crate) async fn read(&self, key: &ClaimKey, entry: Entry) -> Result<There, NatsError> {
        let reading = NatsError::request("claims cannot be read");
        let stream = self.context.get_stream_no_info(format!("KV_{}-claims", self.prefix)).await;
        let stream = stream.map_err(|error| reading(&error))?;
        match stream.direct_get_last_for_subject(self.subject(key, entry)).await {
            Ok(message) => {
                let claim = key.of_kept(&message.payload, &self.prefix);
                // One cannot be put for the other.
                let claim = claim.filter(|claim| claim.entry() == entry);
                Ok(There { revision: message.sequence, is_forged: claim.is_none(), claim })
            }
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => {
                Ok(There { revision: 0, claim: None, is_forged: false })
            }
            Err(error) => Err(reading(&error)),
        }
    }

    /// Whether the registry has the row that this claim has made, whatever has come to us of that.
    pub(crate) async fn has_row(&self, claim: &Claim) -> Result<bool, NatsError> {
        let reading = NatsError::request("the registry cannot be read");
        let bucket = Bucket::of(&self.prefix);
        let stream =
            self.context.get_stream_no_info(bucket.stream()).await.map_err(|error| reading(&error))?;
        let row =
            stream.direct_get_last_for_subject(bucket.subject(&Key::Device(claim.device.clone()))).await;
        match row {
            Ok(row) => {
                let text = String::from_utf8_lossy(&row.payload);
                Ok(text.contains(&keys::encode_public(&claim.key)))
            }
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(false),
            Err(error) => Err(reading(&error)),
        }
    }

    /// Puts a claim where what is there has this revision. Says whether it was still that.
    pub(crate) async fn put(&self, key: &ClaimKey, claim: &Claim, revision: u64) -> Result<bool, NatsError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, revision.to_string());
        headers.insert(NATS_MESSAGE_TTL, TIME_TO_LIVE);
        let kept = key.kept(claim, &self.prefix);
        let sent = async {
            let sent = self
                .context
                .publish_with_headers(self.subject(key, claim.entry()), headers, kept.into())
                .await?;
            sent.await
        };
        match sent.await {
            Ok(_) => Ok(true),
            Err(error) if is_raced(&error) => Ok(false),
            Err(error) => Err(NatsError::request("a claim was not taken")(&error)),
        }
    }

    fn subject(&self, key: &ClaimKey, entry: Entry) -> String {
        let behind = match entry {
            Entry::Asked => "",
            Entry::Lost => "-lost",
        };
        format!("$KV.{}-claims.{}{behind}", self.prefix, Hex(key.code.as_bytes()))
    }
}

fn is_raced(error: &PublishError) -> bool {
    error.kind() == PublishErrorKind::WrongLastSequence
}

/// For how long a claim may be of use.
const TIME_TO_LIVE: &str = "1h";
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        let key = PublicKey::new([9; 32]).canonical();
        Claim {
            state: Stage::Asks,
            device: "a.*>\"".to_owned(),
            key,
            nonce: "n".to_owned(),
            why: String::new(),
        }
    }

    #[test]
    fn a_claim_is_that_of_its_code_and_its_registry_and_not_a_byte_of_it_is_another() {
        let key = ClaimKey::of(&Code::new(&[7; 16]).unwrap());
        let claim = claim();
        for state in Stage::ALL {
            let claim = claim.at(state, "because");
            assert_eq!(key.of_kept(key.kept(&claim, "x").as_bytes(), "x"), Some(claim));
        }
        let kept = key.kept(&claim, "x");
        assert_eq!(key.of_kept(kept.as_bytes(), "y"), None, "of another registry");
        let other = ClaimKey::of(&Code::new(&[8; 16]).unwrap());
        assert_eq!(other.of_kept(kept.as_bytes(), "x"), None, "of another code");
        for at in 0..kept.len() {
            for byte in [b'0', b'f', b'q', b'"', b' '] {
                let mut forged = kept.clone().into_bytes();
                if std::mem::replace(&mut forged[at], byte) == byte {
                    continue;
                }
                // White space and the like say nothing; whatever is read says the same.
                let read = key.of_kept(&forged, "x");
                assert!(
                    read.is_none() || read == Some(claim.clone()),
                    "{}",
                    String::from_utf8_lossy(&forged)
                );
            }
        }
        for kept in ["", "{}", "[]", "\u{1b}", &format!("{kept}{}", " ".repeat(LONGEST))] {
            assert_eq!(key.of_kept(kept.as_bytes(), "x"), None);
        }
    }

    #[test]
    fn the_key_of_claims_is_neither_the_psk_nor_the_name_of_a_code() {
        let code = Code::new(&[7; 16]).unwrap();
        let key = ClaimKey::of(&code);
        let mut psk = Secret::<32>::zeroed();
        Blake2s::hash(&[b"lowkey pairing", code.expose()], psk.expose_mut());
        assert!(!key.key.ct_eq(&psk));
        assert_ne!(&key.key.expose()[..8], code.name().as_bytes());
    }
}
