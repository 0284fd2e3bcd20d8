//! What this crate's types make unsayable, each as an example that must not compile beside one that does.
//!
//! The steps work with anything that has this around it:
//! ```
//! # use lowkey_core::*;
//! # struct Os;
//! # impl Entropy for Os { fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> { out.fill(1); Ok(()) } }
//! fn both(us: &Identity, them: &Peer, es: &mut Ephemerals<Os>, m: &mut [u8]) -> Result<Session, Error> {
//!     let (waiting, n) = kk::Initiator::new(us, them, None, b"").write_message_1(es, b"", m)?;
//!     let (session, _payload) = waiting.read_message_2(&mut m[..n])?;
//!     Ok(session)
//! }
//! ```
//!
//! # A state is used once
//! Message 1 cannot be written twice, with the same ephemeral or another:
//! ```compile_fail,E0382
//! # use lowkey_core::*;
//! # struct Os;
//! # impl Entropy for Os { fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> { out.fill(1); Ok(()) } }
//! fn twice(initiator: kk::Initiator<kk::Owned<'_>>, es: &mut Ephemerals<Os>, m: &mut [u8]) {
//!     let _ = initiator.write_message_1(es, b"", m);
//!     let _ = initiator.write_message_1(es, b"", m);
//! }
//! ```
//! After a message that did not open there is no second try:
//! ```compile_fail,E0382
//! # use lowkey_core::*;
//! fn again(waiting: kk::AwaitMessage2<kk::Owned<'_>>, forged: &mut [u8], genuine: &mut [u8]) {
//!     let _ = waiting.read_message_2(forged);
//!     let _ = waiting.read_message_2(genuine);
//! }
//! ```
//! No state can be copied:
//! ```compile_fail,E0308
//! # use lowkey_core::*;
//! fn copy(responder: &xx::SendMessage2<xx::Owned<'_>>) {
//!     let _: xx::SendMessage2<xx::Owned<'_>> = responder.clone();
//! }
//! ```
//!
//! # Everybody waits for their turn
//! A responder cannot write before it has read:
//! ```compile_fail,E0599
//! # use lowkey_core::*;
//! # struct Os;
//! # impl Entropy for Os { fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> { out.fill(1); Ok(()) } }
//! fn early(responder: kk::Responder<kk::Owned<'_>>, es: &mut Ephemerals<Os>, m: &mut [u8]) {
//!     let _ = responder.write_message_2(es, b"", m);
//! }
//! ```
//! An initiator has no session before it has read message 2:
//! ```compile_fail,E0599
//! # use lowkey_core::*;
//! fn early(waiting: kk::AwaitMessage2<kk::Owned<'_>>) -> Session {
//!     waiting.finish()
//! }
//! ```
//! In XX nobody has a session before a claim has been accepted:
//! ```compile_fail,E0308
//! # use lowkey_core::*;
//! fn unjudged(waiting: xx::AwaitMessage3<xx::Owned<'_>>, m: &mut [u8]) -> Option<Session> {
//!     waiting.read_message_3(m).ok().map(|(claim, _payload)| claim)
//! }
//! ```
//! ```
//! # use lowkey_core::*;
//! fn judged(waiting: xx::AwaitMessage3<xx::Owned<'_>>, m: &mut [u8]) -> Option<Session> {
//!     waiting.read_message_3(m).ok().map(|(claim, _payload)| claim.accept())
//! }
//! ```
//!
//! # A nonce only moves on
//! ```
//! # use lowkey_core::*;
//! fn reads(sealer: &mut Sealer) -> u64 { sealer.count() }
//! ```
//! ```compile_fail,E0599
//! # use lowkey_core::*;
//! fn jumps(sealer: &mut Sealer) { sealer.skip_to(7); }
//! ```
//! ```compile_fail,E0616
//! # use lowkey_core::*;
//! fn jumps(sealer: &mut Sealer) { sealer.0.n = 7; }
//! ```
//! ```compile_fail,E0308
//! # use lowkey_core::*;
//! fn forks(opener: &Opener) -> Opener { opener.clone() }
//! ```
//! A direction does one thing:
//! ```compile_fail,E0599
//! # use lowkey_core::*;
//! fn backwards(session: &mut Session, record: &mut [u8]) { let _ = session.opener.seal(record); }
//! ```
//!
//! # Ephemerals need a counter, and are drawn by the steps alone
//! ```compile_fail,E0451
//! # use lowkey_core::*;
//! fn without_counter<E>(entropy: E, hedge: Secret<32>) -> Ephemerals<E> {
//!     Ephemerals { entropy, hedge, numbers: [[0; 8]; 2] }
//! }
//! ```
//! ```compile_fail,E0624
//! # use lowkey_core::*;
//! fn draws<E: Entropy>(ephemerals: &mut Ephemerals<E>) { let _ = ephemerals.next(&[0; 32], &mut Secret::zeroed()); }
//! ```
