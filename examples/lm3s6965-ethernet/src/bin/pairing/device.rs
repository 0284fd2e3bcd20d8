//! What the device does once it has its keys: it pairs, and then it is a device like any other.

use embedded_io::ErrorKind;
use lm3s6965_ethernet::{banks::Banks, clock::Clock, stack, tcp::Tcp, uart::Uart};
use lowkey_core::{
    Entropy, Ephemerals, Fingerprint, PublicKey,
    key_store::{KeyStore, Run, Standing},
    page::Keys,
};
use lowkey_transport::{Backoff, Error, Link, PairError, Pairing, Pinning, Window, blocking::Channel};

use crate::{
    acquainted::{Acquainted, OtherSide},
    label::Label,
    times::{CONNECT_LIMIT, FIRST_PAUSE, LONGEST_PAUSE, PAIR_LIMIT, PATIENCE, PERIOD, WINDOW},
};

/// Memory for one frame each way.
pub(crate) type Buffers = ([u8; FRAME], [u8; FRAME]);
/// The longest frame each way, in bytes.
pub(crate) const FRAME: usize = 512;

/// A device that has keys and a label.
pub(crate) struct Device {
    pub(crate) label: Label,
    pub(crate) store: KeyStore<Banks>,
    pub(crate) ephemerals: Ephemerals<Run>,
    pub(crate) tcp: Tcp,
    pub(crate) clock: Clock,
    pub(crate) uart: Uart,
    pub(crate) buffers: &'static mut Buffers,
}

impl Device {
    /// Pairs if it may, sends readings if it can, and begins again after a pause. `asked`: somebody wants a pairing.
    pub(crate) fn run(mut self, asked: bool) -> ! {
        let begun = self.clock.now();
        let (psk, identity) = (self.label.code.psk(), self.store.identity());
        let Ok(identity) = identity else { unreachable!("it has keys") };
        let pairing = Pairing { code: self.label.code.name(), psk: &psk, identity: &identity };
        let mut window = Window::new(pairing); // one for all attempts: it knows a recording of an earlier one
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut wants = asked;
        let mut is_late = false; // once and for all: the clock begins again after 49 days
        loop {
            let mut ended = if wants { Err(Error::NotOpen) } else { self.dial() };
            let may_pair = wants || self.store.may_pair_unasked();
            is_late |= self.clock.since(begun) >= WINDOW;
            if ended.is_err() && may_pair && !is_late {
                let paired = self.pair(&mut window, begun);
                wants &= paired.is_err();
                ended = paired.and_then(|()| self.dial());
            } else if ended == Err(Error::NotOpen) {
                self.uart.text("not paired; \"Select\", held at a start, pairs").end();
            }
            self.tcp.abort();
            self.tcp.set_limit(None);
            let mut chance = [0; 4];
            let _without_it_the_pause_is_the_shortest = self.ephemerals.entropy().fill(&mut chance);
            let pause = backoff.failed(&ended.err().unwrap_or(Error::HungUp), u32::from_be_bytes(chance));
            self.uart.text("stack peak ").number(stack::peak() as u32);
            self.uart.text(" B, again in ").number(pause).text(" ms").end();
            self.tcp.idle(pause);
        }
    }

    /// Tries the pending pinning, then the final one. What ended each is said.
    ///
    /// # Errors
    /// What ended the last; `NotOpen` if there is none.
    fn dial(&mut self) -> Result<(), Error> {
        let mut last = Err(Error::NotOpen);
        for standing in [Standing::Pending, Standing::Final] {
            let Some(keys) = self.store.keys(standing) else { continue };
            last = self.session(&keys);
            self.uart.text(last.map_or_else(why, |()| "the server closed the channel")).end();
            // A channel with the pending one was open: that is final now, and the one of before is gone.
            let is_final = self.store.keys(standing).is_none();
            if last.is_ok() || is_final {
                break;
            }
            self.tcp.abort();
        }
        last
    }

    /// One channel, until the server closes it.
    fn session(&mut self, keys: &Keys) -> Result<(), Error> {
        let Self { store, ephemerals, tcp, uart, buffers, label, .. } = self;
        let link: Link<'_, _> = Link::kk_initiator(Pinning::of(keys), ephemerals, lent(buffers)?)?;
        tcp.set_limit(Some(CONNECT_LIMIT));
        tcp.set_patience(CONNECT_LIMIT);
        tcp.connect(label.server.ip, label.server.port, CONNECT_LIMIT).map_err(Error::Io)?;
        let mut channel = Channel::connect(tcp, link)?;
        channel.stream().set_limit(None);
        channel.stream().set_patience(PATIENCE);
        uart.text("channel open, KK, with ").text(print(&keys.peer().public_key()).as_str()).end();
        match store.confirmed(&keys.peer().public_key()) {
            Ok(()) => uart.text("pinning final").end(),
            Err(error) => uart.text("pinning pending: ").text(error.as_str()).end(),
        }
        readings(&mut channel, uart)?;
        let tcp = channel.into_stream();
        tcp.set_limit(Some(PATIENCE));
        hang_up(tcp);
        Ok(())
    }

    /// Brings this device and its server together, as whoever calls, and waits no longer than for [`WINDOW`] since the
    /// start, which has `begun`. Strangers do not end a wait.
    ///
    /// # Errors
    /// What came in between; what the store has then is said.
    fn pair(&mut self, window: &mut Window<'_>, begun: u32) -> Result<(), Error> {
        loop {
            if let Err(error) = self.meet(begun) {
                return Err(failed(&mut self.uart, error));
            }
            let mut other_side = OtherSide::Stranger;
            let paired = self.pair_over(window, &mut other_side);
            if other_side == OtherSide::KnowsCode || self.label.wait.is_none() {
                return paired;
            }
        }
    }

    /// Calls the server, or waits until it calls.
    fn meet(&mut self, begun: u32) -> Result<(), Error> {
        let Self { tcp, clock, uart, label, .. } = self;
        if let Some(port) = label.wait {
            tcp.listen(port).map_err(Error::Io)?;
            uart.text("pairing: waits on port ").number(port.into()).end();
            tcp.set_limit(None);
            tcp.accept(WINDOW.saturating_sub(clock.since(begun))).map_err(Error::Io)
        } else {
            uart.text("pairing: calls the server").end();
            tcp.set_limit(Some(CONNECT_LIMIT));
            tcp.connect(label.server.ip, label.server.port, CONNECT_LIMIT).map_err(Error::Io)
        }
    }

    /// One pairing over the connection that there is.
    fn pair_over<'k>(&mut self, window: &mut Window<'k>, other_side: &mut OtherSide) -> Result<(), Error> {
        let Self { store, ephemerals, tcp, uart, buffers, label, .. } = self;
        let mut link: Link<'k, _> = Link::new(lent(buffers)?);
        tcp.set_limit(Some(CONNECT_LIMIT));
        tcp.set_patience(PAIR_LIMIT);
        let stream = Acquainted::new(tcp, other_side);
        let paired = if label.wait.is_some() {
            Channel::accept_pairing(stream, &mut link, window, ephemerals, store)
        } else {
            Channel::pair(stream, &mut link, window.pairing(), ephemerals, store)
        };
        let ended = match paired {
            Ok(server) => {
                say_paired(uart, &server.public_key(), ", final");
                Ok(())
            }
            Err(PairError::NotFinal(_)) => {
                if let Some(keys) = store.keys(Standing::Pending) {
                    say_paired(uart, &keys.peer().public_key(), ", but pending still");
                }
                Ok(())
            }
            Err(PairError::NotStored(_)) => {
                uart.text("pairing failed: the server's key was not stored").end();
                Err(Error::NotOpen)
            }
            Err(PairError::Failed(error)) => Err(failed(uart, error)),
            Err(_not_removed) => Err(failed(uart, Error::NotWelcome)),
        };
        if *other_side == OtherSide::KnowsCode {
            tcp.set_limit(Some(PATIENCE));
        }
        match ended {
            // Whoever is not there any more, or silent, has nothing to be told.
            Err(Error::Io(_)) => tcp.abort(),
            _ => hang_up(tcp),
        }
        ended
    }
}

fn failed(uart: &mut Uart, error: Error) -> Error {
    uart.text("pairing failed: ").text(why(error)).end();
    error
}

/// What ended something, for people.
fn why(error: Error) -> &'static str {
    match error {
        Error::Io(ErrorKind::ConnectionRefused) => "the server does not listen",
        Error::Io(ErrorKind::ConnectionReset) => "the connection was cut",
        error => error.as_str(),
    }
}

/// Sends a reading every second, and has each back from a server that echoes.
fn readings(channel: &mut Channel<&mut Tcp, &mut [u8]>, uart: &mut Uart) -> Result<(), Error> {
    let mut number = 0_u32;
    loop {
        let reading = number.to_be_bytes();
        channel.send(&reading)?;
        let mut answer = [0; 16];
        let Some(length) = channel.recv_message(&mut answer)? else { return channel.finish() };
        if number == 0 {
            let came_back = answer.get(..length) == Some(&reading);
            uart.text(if came_back { "a reading out and back" } else { "another answer than its reading" })
                .end();
        }
        number = number.wrapping_add(1);
        channel.stream().idle(PERIOD);
    }
}

/// Ends a connection within its limit, so that no reset destroys our last words.
fn hang_up(tcp: &mut Tcp) {
    use embedded_io::Read;
    if tcp.close().is_ok() {
        while tcp.read(&mut [0; 16]).is_ok_and(|length| length > 0) {}
    }
}

fn say_paired(uart: &mut Uart, server: &PublicKey, how: &str) {
    uart.text("paired with ").text(print(server).as_str()).text(how).end();
}

fn print(key: &PublicKey) -> Fingerprint {
    Fingerprint::of(key)
}

fn lent(buffers: &mut Buffers) -> Result<lowkey_transport::Buffers<&mut [u8]>, Error> {
    lowkey_transport::Buffers::new(&mut buffers.0[..], &mut buffers.1[..])
}
