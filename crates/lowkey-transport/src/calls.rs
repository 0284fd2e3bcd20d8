//! The calls of a channel, written once: the blocking and the async one differ in `async` and `.await`, and in how they
//! move bytes.

/// The calls of the `Channel` of this module, which has a `link` and its stream `io`, and repeats what `sends` and what
/// `receives`. Its streams are those of `$io`. Where the link may lie elsewhere, `$held` holds it, and its keys are
/// lent for `$k`.
macro_rules! calls_over {
    ($io:ident $(; $held:ident of $k:lifetime)? $(, $async:ident $($wait:tt)+)?) => {
        impl<$($k,)? Io: $io::Read + $io::Write, B: Buffer $(, $held: Holds<$k, B>)?>
            Channel<Io, B $(, $held)?>
        {
            /// Sends one message of at most [`Self::max_data`] bytes.
            ///
            /// Waits until the stream has taken what was sent before, then accepts the message; it leaves
            /// with the next `flush`, `send` or `recv`.
            ///
            /// # Errors
            /// [`Error::TooLong`], [`Error::NotOpen`], [`Error::Closed`], [`Error::Unfinished`]: nothing was
            /// sent. [`Error::Io`]: not accepted.
            pub $($async)? fn send(&mut self, message: &[u8]) -> Result<(), Error> {
                self.sends(|link| link.send(message)) $($($wait)+)?
            }

            /// Receives the next piece of a message in place, `None` after the peer's CLOSE. What is unsent
            /// goes out first, as far as the stream takes it.
            ///
            /// # Errors
            /// See [`Error`]; [`Error::Truncated`] says that the end is missing.
            pub $($async)? fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
                self.receives(Link::receive) $($($wait)+)? ?;
                Ok(self.link.take())
            }

            /// Receives a whole message to the front of `message`; its length in bytes, `None` after the
            /// peer's CLOSE.
            ///
            /// # Errors
            /// As [`Self::recv`]. [`Error::BufferTooSmall`], [`Error::Io`] of a recoverable kind: repeat the
            /// call with the same bytes at the front of a buffer large enough.
            pub $($async)? fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
                self.receives(|link| link.recv_message(message)) $($($wait)+)?
            }

            /// Sends what waits in a mailbox, and everything unsent; returns how many messages of mailboxes have left
            /// on this channel since it returned that last. They may have left in other calls, where this one gave up
            /// or was dropped.
            ///
            /// # Errors
            /// As [`Self::send`]. A message that has not left to its last byte stays in the mailbox.
            /// [`Error::Unfinished`]: a message of another mailbox has left in part; deliver that one first, or close,
            /// if there is no such mailbox any more. [`Error::OutOfTurn`]: another channel is amid this mailbox's
            /// message, or as many mailboxes as may be have one on its way.
            pub $($async)? fn deliver<const LEN: usize, const N: usize>(
                &mut self,
                mailbox: &Mailbox<LEN, N>,
            ) -> Result<usize, Error> {
                self.sends(|link| link.deliver(mailbox)) $($($wait)+)?
            }

            /// Sends what waits in an outbox, each message with its number (protocol §7), and has it leave. What was
            /// acknowledged is released first. Before the peer has said up to where it has them, which is its first
            /// word, nothing is sent: so call it again after each [`Self::recv`] and [`Self::recv_acks`].
            ///
            /// # Errors
            /// As [`Self::send`]. What has not been acknowledged stays in the outbox. [`Error::NotAcknowledged`],
            /// [`Error::WentBack`]. [`Error::OutOfTurn`]: the outbox is of another run than the peer was told.
            /// [`Error::Unfinished`]: a message of another outbox has left in part.
            #[cfg(feature = "numbered")]
            pub $($async)? fn send_outbox<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<(), Error> {
                self.sends(|link| link.send_outbox(outbox)) $($($wait)+)?
            }

            /// Waits until the peer acknowledges more, and releases that from the outbox (`true`), or until a message
            /// or the peer's CLOSE waits for [`Self::recv`] (`false`).
            ///
            /// # Errors
            /// As [`Self::recv`], and of the outbox as [`Self::send_outbox`].
            #[cfg(feature = "numbered")]
            pub $($async)? fn recv_acks<M: Memory>(&mut self, outbox: &mut Outbox<M>) -> Result<bool, Error> {
                self.receives(|link| link.recv_acks(outbox)) $($($wait)+)?
            }

            /// Sends a PING of 0 to 32 bytes, as [`Self::send`] does: it leaves with the next `flush`, `send` or
            /// `recv`. An empty one is not answered. The answer is seen by `recv`.
            ///
            /// # Errors
            /// [`Error::PingPending`]: the last one has not been answered. Others as [`Self::send`].
            pub $($async)? fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
                self.sends(|link| link.ping(body)) $($($wait)+)?
            }

            /// Moves everything unsent into the stream and flushes that.
            ///
            /// # Errors
            /// [`Error::Io`]; or what ended the channel.
            pub $($async)? fn flush(&mut self) -> Result<(), Error> {
                self.sends(Link::flush) $($($wait)+)?
            }

            /// Ends our direction with a CLOSE. The peer's goes on: receive until `None` to have all of it, or
            /// [`Self::finish`] before you let go of the stream.
            ///
            /// # Errors
            /// [`Error::Io`]; or what ended the channel.
            pub $($async)? fn close(&mut self) -> Result<(), Error> {
                self.link_mut().close()?;
                self.flush() $($($wait)+)?
            }

            /// Ends both directions: closes, then reads to the peer's CLOSE and throws away what still comes. A TCP
            /// connection that is let go with something unread is reset, and a reset destroys what we sent last. A peer
            /// that talks on for ever is ended by a deadline only, the stream's or your own.
            ///
            /// # Errors
            /// [`Error::Io`] of a recoverable kind: the peer has not closed yet; repeat, or let go. Or what ended the
            /// channel.
            pub $($async)? fn finish(&mut self) -> Result<(), Error> {
                self.link_mut().close()?;
                while self.recv() $($($wait)+)? ?.is_some() {}
                self.flush() $($($wait)+)?
            }
        }

        impl<Io: $io::Read + $io::Write, B: Buffer> Channel<Io, B> {
            /// Plays a KK handshake as the initiator and confirms it.
            ///
            /// # Errors
            /// The attempt is over, begin anew with a new stream and a new link: [`Error::Refused`],
            /// [`Error::Handshake`], [`Error::HungUp`], [`Error::Parameters`], [`Error::Io`] of any kind, and the
            /// errors of frames.
            pub $($async)? fn connect(mut io: Io, mut link: Link<'_, B>) -> Result<Self, Error> {
                play(&mut io, &mut link, |link| link.play(|_| Err(Error::OutOfTurn))) $($($wait)+)? ?;
                Ok(Self::open(io, link))
            }

            /// Answers a KK handshake as the responder; returns once the initiator's first record has opened.
            ///
            /// `pinning_of` is asked once, with a hello of KK or KKpsk0; `None` refuses the initiator at once,
            /// which tells a stranger that this id is not known here.
            ///
            /// # Errors
            /// The attempt is over: [`Error::Declined`], [`Error::Handshake`], [`Error::HungUp`], and those of
            /// [`Link::answer_kk`] and of frames.
            pub $($async)? fn accept<'k, E: Entropy>(
                mut io: Io,
                mut link: Link<'k, B>,
                ephemerals: &mut Ephemerals<E>,
                pinning_of: impl Fn(&Hello) -> Option<Pinning<'k>>,
            ) -> Result<Self, Error> {
                let step = |link: &mut Link<'k, B>| link.play(|link| link.answer(ephemerals, &pinning_of));
                play(&mut io, &mut link, step) $($($wait)+)? ?;
                Ok(Self::open(io, link))
            }

            /// Pairs with a code (protocol §6) as the initiator, on a link that has not begun: plays XXpsk0, has
            /// `store` keep the peer's key, and closes. What comes of it is no channel: the peer, whose key is final in
            /// the store. With that, [`Pinning::of_device`] or [`Pinning::of_server`] is what KK takes.
            ///
            /// The link gives its memory back, by [`Link::into_buffers`]. Nothing here has a clock: a peer that says
            /// nothing is ended by the stream.
            ///
            /// # Errors
            /// [`PairError`] says what the store has. Begin anew, with a new stream and a new link.
            pub $($async)? fn pair<'k, E: Entropy, S: PinStore>(
                mut io: Io,
                link: &mut Link<'k, B>,
                pairing: Pairing<'k>,
                ephemerals: &mut Ephemerals<E>,
                store: &mut S,
            ) -> Result<Peer, PairError<S::Error>> {
                let Pairing { code, psk, identity } = pairing;
                link.initiate_xx_psk0(identity, code, psk, ephemerals)?;
                let mut keeper = Keeper::new(pairing, store);
                let step = |link: &mut Link<'k, B>| keeper.play(link, |_| Err(Error::OutOfTurn));
                let ended = play(&mut io, link, step) $($($wait)+)?;
                keeper.end(ended)?;
                keeper.into_peer().ok_or(PairError::Failed(Error::Bug))
            }

            /// The same as the responder, with whoever calls and knows the code of this window.
            ///
            /// # Errors
            /// As [`Self::pair`]. The window stays open for the next attempt: see [`Window::answer`].
            pub $($async)? fn accept_pairing<'k, E: Entropy, S: PinStore>(
                mut io: Io,
                link: &mut Link<'k, B>,
                window: &mut Window<'k>,
                ephemerals: &mut Ephemerals<E>,
                store: &mut S,
            ) -> Result<Peer, PairError<S::Error>> {
                link.respond()?;
                let mut keeper = Keeper::new(window.pairing(), store);
                let step = |link: &mut Link<'k, B>| keeper.play(link, |link| window.answer(link, ephemerals));
                let ended = play(&mut io, link, step) $($($wait)+)?;
                keeper.end(ended)?;
                keeper.into_peer().ok_or(PairError::Failed(Error::Bug))
            }
        }

        /// Moves bytes as `step` says until it is done.
        $($async)? fn play<'k, Io: $io::Read + $io::Write, B: Buffer>(
            io: &mut Io,
            link: &mut Link<'k, B>,
            mut step: impl FnMut(&mut Link<'k, B>) -> Result<Step, Error>,
        ) -> Result<(), Error> {
            loop {
                match step(link)? {
                    Step::Done => return Ok(()),
                    Step::Write => moving::pass_on(io, link) $($($wait)+)? ?,
                    _read => moving::read(io, link) $($($wait)+)? ?,
                }
            }
        }

        impl<$($k,)? Io, B: Buffer $(, $held: Holds<$k, B>)?> Channel<Io, B $(, $held)?> {
            /// The most data that one record carries to this peer, in bytes.
            pub fn max_data(&self) -> usize {
                self.link().max_data()
            }

            /// Whether the answer to the last PING has not come yet.
            pub fn awaits_pong(&self) -> bool {
                self.link().awaits_pong()
            }

            /// Where the channel stands with numbered messages.
            #[cfg(feature = "numbered")]
            pub fn acks(&self) -> Acks {
                self.link().acks()
            }

            /// The number of the message whose end was received last; `None` if it had none.
            #[cfg(feature = "numbered")]
            pub fn number(&self) -> Option<u64> {
                self.link().number()
            }

            /// As [`Link::open_acks`]; it leaves with the next call that sends or receives.
            ///
            /// # Errors
            /// As [`Link::open_acks`].
            #[cfg(feature = "numbered")]
            pub fn open_acks(&mut self, last: Option<(u64, [u8; DIGEST_LEN])>) -> Result<(), Error> {
                self.link_mut().open_acks(last)
            }

            /// As [`Link::acknowledge`]; it leaves with the next call that sends or receives.
            ///
            /// # Errors
            /// As [`Link::acknowledge`].
            #[cfg(feature = "numbered")]
            pub fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
                self.link_mut().acknowledge(number)
            }

            /// The final handshake hash (Noise §11.2), for binding something else to this channel; `None` after an
            /// error has ended it.
            pub fn handshake_hash(&self) -> Option<[u8; 32]> {
                self.link().handshake_hash()
            }

            /// The stream; reading or writing it directly ends the channel.
            pub fn stream(&mut self) -> &mut Io {
                &mut self.io
            }

            /// Gives the stream back and wipes the keys. What was not flushed is lost, and without a close it is
            /// a truncation to the peer.
            pub fn into_stream(self) -> Io {
                self.io
            }
        }

        impl<Io, B: Buffer> Channel<Io, B> {
            /// [`Self::into_stream`], and gives back the memory, for the next channel.
            pub fn dismantle(self) -> (Io, Buffers<B>) {
                (self.io, self.link.into_buffers())
            }
        }

        impl<Io: $io::ErrorType, B $(, $held)?> $io::ErrorType for Channel<Io, B $(, $held)?> {
            type Error = Error;
        }

        impl<$($k,)? Io: $io::Read + $io::Write, B: Buffer $(, $held: Holds<$k, B>)?> $io::Read
            for Channel<Io, B $(, $held)?>
        {
            $($async)? fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
                self.receives(|link| link.read(buf)) $($($wait)+)?
            }
        }

        impl<$($k,)? Io: $io::Read + $io::Write, B: Buffer $(, $held: Holds<$k, B>)?> $io::Write
            for Channel<Io, B $(, $held)?>
        {
            /// Gathers bytes in one record until it is full, until `flush`, or until another call sends or waits: those
            /// see to it that what was gathered leaves first. Until then it lies in the outgoing buffer, in the clear.
            $($async)? fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
                self.sends(|link| link.write(buf)) $($($wait)+)?
            }

            $($async)? fn flush(&mut self) -> Result<(), Error> {
                Self::flush(self) $($($wait)+)?
            }
        }
    };
}

pub(crate) use calls_over;
