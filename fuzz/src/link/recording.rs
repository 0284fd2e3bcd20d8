//! Streams of a peer in undisturbed connections.

use super::{Case, RECORDED, buffers};
use crate::keys::{MODES, is_kk};
use crate::peer::{CLOSE, PING, Peer};
use lowkey_transport::{Mode, Part, Step};
use std::sync::LazyLock;

/// What a peer sent in an undisturbed connection, as bytes that a script can contain.
pub(crate) struct Recording {
    pub(crate) stream: Vec<u8>,
    pub(super) made: Vec<(Vec<u8>, Part)>,
    pub(super) closed_after: Option<usize>,
}

/// One for each mode; first those where the link is the responder, then as the initiator.
static RECORDINGS: LazyLock<[[Recording; 4]; 2]> =
    LazyLock::new(|| [false, true].map(|initiates| MODES.map(|mode| Recording::new(mode, initiates))));

impl Recording {
    pub(crate) fn of(mode: Mode, link_initiates: bool) -> &'static Self {
        &RECORDINGS[usize::from(link_initiates)][mode as usize - 1]
    }

    fn new(mode: Mode, link_initiates: bool) -> Self {
        let peer = Peer::new(mode, link_initiates, &[1, 44], &[]);
        let mut case = Case::of(mode, link_initiates, RECORDED, buffers(300, 302), peer);
        let records: [&[u8]; 6] = [&[PING], b"\x00one", b"\x01tw", b"\x03ping", b"\x00o", &[CLOSE]];
        // In a pairing, only the first and the last.
        let records = records.iter().filter(|text| is_kk(mode) || text.len() == 1);
        case.exchange();
        for text in records {
            if matches!(case.link.step(), Ok(Step::Claim)) {
                let _accepted = case.link.accept();
            }
            case.peer.seal(text);
            case.exchange();
            case.take();
        }
        assert_eq!(case.dead, None, "{mode:?}");
        let Peer { made, closed_after, .. } = case.peer;
        assert!(closed_after.is_some());
        Self { stream: case.history.concat(), made, closed_after }
    }
}
