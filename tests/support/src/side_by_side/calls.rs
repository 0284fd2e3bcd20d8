//! The functions that both headers have, by their names without the header's prefix.

use lowkey_c::*;

/// Those of one header, on objects of its own.
pub(super) struct Calls<O> {
    pub(super) poll: unsafe extern "C" fn(*mut O, *mut lowkey_event) -> lowkey_status,
    pub(super) feed: unsafe extern "C" fn(*mut O, *const u8, usize, *mut usize) -> lowkey_status,
    pub(super) feed_end: unsafe extern "C" fn(*mut O) -> lowkey_status,
    pub(super) space: unsafe extern "C" fn(*mut O, *mut *mut u8, *mut usize) -> lowkey_status,
    pub(super) filled: unsafe extern "C" fn(*mut O, usize) -> lowkey_status,
    pub(super) unsent: unsafe extern "C" fn(*mut O, *mut *const u8, *mut usize) -> lowkey_status,
    pub(super) sent: unsafe extern "C" fn(*mut O, usize) -> lowkey_status,
    pub(super) take: unsafe extern "C" fn(*mut O, *mut *const u8, *mut usize, *mut bool) -> lowkey_status,
    pub(super) send: unsafe extern "C" fn(*mut O, *const u8, usize) -> lowkey_status,
    pub(super) send_part: unsafe extern "C" fn(*mut O, *const u8, usize, bool, *mut usize) -> lowkey_status,
    pub(super) ping: unsafe extern "C" fn(*mut O, *const u8, usize) -> lowkey_status,
    pub(super) close: unsafe extern "C" fn(*mut O) -> lowkey_status,
    pub(super) max_data: unsafe extern "C" fn(*const O, *mut usize) -> lowkey_status,
    pub(super) handshake_hash: unsafe extern "C" fn(*const O, *mut u8) -> lowkey_status,
    pub(super) is_open: unsafe extern "C" fn(*const O) -> bool,
    pub(super) awaits_pong: unsafe extern "C" fn(*const O) -> bool,
    pub(super) is_closed: unsafe extern "C" fn(*const O) -> bool,
    pub(super) run: unsafe extern "C" fn(*mut O, *const lowkey_io, *mut lowkey_event) -> lowkey_status,
    pub(super) flush: unsafe extern "C" fn(*mut O, *const lowkey_io) -> lowkey_status,
    pub(super) finish: unsafe extern "C" fn(*mut O, *const lowkey_io) -> lowkey_status,
    pub(super) send_message:
        unsafe extern "C" fn(*mut O, *const lowkey_io, *const u8, usize, *mut usize) -> lowkey_status,
    pub(super) recv_message: unsafe extern "C" fn(
        *mut O,
        *const lowkey_io,
        *mut u8,
        usize,
        *mut usize,
        *mut bool,
    ) -> lowkey_status,
}

/// `lowkey_kk.h`.
pub(super) const DEVICE: Calls<lowkey_kk> = Calls {
    poll: lowkey_kk_poll,
    feed: lowkey_kk_feed,
    feed_end: lowkey_kk_feed_end,
    space: lowkey_kk_space,
    filled: lowkey_kk_filled,
    unsent: lowkey_kk_unsent,
    sent: lowkey_kk_sent,
    take: lowkey_kk_take,
    send: lowkey_kk_send,
    send_part: lowkey_kk_send_part,
    ping: lowkey_kk_ping,
    close: lowkey_kk_close,
    max_data: lowkey_kk_max_data,
    handshake_hash: lowkey_kk_handshake_hash,
    is_open: lowkey_kk_is_open,
    awaits_pong: lowkey_kk_awaits_pong,
    is_closed: lowkey_kk_is_closed,
    run: lowkey_kk_run,
    flush: lowkey_kk_flush,
    finish: lowkey_kk_finish,
    send_message: lowkey_kk_send_message,
    recv_message: lowkey_kk_recv_message,
};

/// `lowkey.h`.
pub(super) const CHANNEL: Calls<lowkey_channel> = Calls {
    poll: lowkey_poll,
    feed: lowkey_feed,
    feed_end: lowkey_feed_end,
    space: lowkey_space,
    filled: lowkey_filled,
    unsent: lowkey_unsent,
    sent: lowkey_sent,
    take: lowkey_take,
    send: lowkey_send,
    send_part: lowkey_send_part,
    ping: lowkey_ping,
    close: lowkey_close,
    max_data: lowkey_max_data,
    handshake_hash: lowkey_handshake_hash,
    is_open: lowkey_is_open,
    awaits_pong: lowkey_awaits_pong,
    is_closed: lowkey_is_closed,
    run: lowkey_run,
    flush: lowkey_flush,
    finish: lowkey_finish,
    send_message: lowkey_send_message,
    recv_message: lowkey_recv_message,
};
