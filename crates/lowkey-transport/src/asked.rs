//! What both channels are asked, and how they are taken apart: the same words for each, written once.

/// What `$channel` has that holds a `link` and the stream `io`.
macro_rules! asked_of {
    ($channel:ident) => {
        impl<Io, B: $crate::limits::Buffer> $channel<Io, B> {
            /// The most data that one record carries to this peer, in bytes.
            pub fn max_data(&self) -> usize {
                self.link.max_data()
            }

            /// Whether the answer to the last PING has not come yet.
            pub fn awaits_pong(&self) -> bool {
                self.link.awaits_pong()
            }

            /// The final handshake hash (Noise §11.2), for binding something else to this channel; `None` after an error has
            /// ended it.
            pub fn handshake_hash(&self) -> Option<[u8; 32]> {
                self.link.handshake_hash()
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

            /// The same, and gives back the memory, for the next channel.
            pub fn dismantle(self) -> (Io, $crate::limits::Buffers<B>) {
                (self.io, self.link.into_buffers())
            }
        }

        impl<Io: embedded_io::ErrorType, B> embedded_io::ErrorType for $channel<Io, B> {
            type Error = $crate::error::Error;
        }
    };
}

pub(crate) use asked_of;
