//! §6 on the server: windows, and what comes of devices with the right code, a wrong one and none, against a registry
//! file that is served.

use super::site::{MINUTES, Site};
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::{
    AcceptError, Acceptor, Bearer, Cause, Code, Identity, Limits, NotOpened, NotPaired, Paired, Progress,
    Refusal,
};
use lowkey_registry::rotation::{Which, revoke};
use lowkey_transport::{Error, Link};
use std::fs;
use std::os::unix::fs::chown;
use std::time::Duration;
use test_support::folder::secret;
use test_support::world::board::{Board, Stop, buffers, code, fill, settle, until_claim};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::advance;

#[tokio::test]
async fn pairing_a_device_with_the_code_is_entered_connects_and_closes_the_window() {
    let site = Site::new();
    let window = site.window().await;
    assert_eq!(site.progress(window), Progress::Waiting);
    let board = Board::new();
    let (there, here) = site.pair(&board, Stop::Never).await;
    assert_eq!(there, Ok(site.acceptor.public_key()));
    assert!(matches!(here, AcceptError::Paired));
    assert_eq!(site.progress(window), Progress::Paired(board.key()));
    assert_eq!(site.paired(&board), Some(Paired::Final(code().name())), "in force, and final");
    assert!(
        site.text().starts_with("# ours\n\n[[device]]\nname = \"pump-7\"\n")
            && !site.text().contains("pending")
    );
    assert!(site.connects(&board).await);
    let stats = site.acceptor.stats();
    assert_eq!((stats.paired, stats.not_paired, stats.windows, stats.confirmed), (1, 0, 0, 1));
    // The code is spent here.
    let (there, here) = site.pair(&board, Stop::Never).await;
    assert_eq!(there, Err(Error::Refused(Refusal::MODE)));
    assert!(matches!(here, AcceptError::Refused(Refusal::MODE)));
}

#[tokio::test]
async fn pairing_the_server_calls_a_device_that_waits() {
    let site = Site::new();
    let board = Board::new();
    let (window, there, here) = site.call(&board, Stop::Never).await;
    assert_eq!((there, here), (Ok(site.acceptor.public_key()), Ok(board.key())));
    assert_eq!(site.progress(window), Progress::Paired(board.key()));
    assert_eq!(site.paired(&board), Some(Paired::Final(code().name())));
    // The pinning's id has the device's key first, whoever called.
    assert!(site.connects(&board).await);

    // A device with another code, one that says no, and one that does not wait.
    let other = Board { code: Code::new(&[8; 16]).unwrap(), ..Board::new() };
    revoke(&site.bench.registry, &site.acceptor.public_key(), "pump-7", Which::All).unwrap();
    for (stop, board) in [(Stop::Never, &other), (Stop::Close, &board)] {
        let before = site.text();
        let (window, there, here) = site.call(board, stop).await;
        assert!(there.is_err());
        let why = here.unwrap_err();
        match (stop, &why) {
            (Stop::Close, NotPaired::Declined) => (),
            (Stop::Never, NotPaired::Failed(why)) => {
                assert!(why.contains("this code is not its own, or is spent"), "{why}");
            }
            _ => panic!("{why:?}"),
        }
        assert_eq!((site.progress(window), site.trouble(window)), (Progress::Over, Some(why)));
        assert_eq!(site.text(), before);
    }
}

#[tokio::test]
async fn pairing_a_device_that_is_called_and_cut_off_connects_or_is_called_again() {
    // Its frames are message 2 and its word. Behind that both have stored, and ours does not arrive.
    for (cut, expected) in [(0, None), (1, None), (2, Some(Paired::Pending(code().name())))] {
        let site = Site::new();
        let board = Board::new();
        let (_window, there, here) = site.call(&board, Stop::Cut(cut)).await;
        assert!(there == Err(Error::HungUp) && here.is_err(), "cut {cut}: {there:?} {here:?}");
        assert_eq!(site.paired(&board), expected, "cut {cut}");
        if expected.is_none() {
            let (_window, there, here) = site.call(&board, Stop::Never).await;
            assert!(there.is_ok() && here.is_ok(), "cut {cut}");
        }
        assert!(site.connects(&board).await);
        site.until_final().await;
    }
}

#[tokio::test]
async fn pairing_who_does_not_have_the_code_is_told_the_same_and_uses_up_nothing() {
    let site = Site::new();
    let window = site.window().await;
    let unknown = Board { code: Code::new(&[8; 16]).unwrap(), ..Board::new() };
    for _ in 0..3 {
        let (there, here) = site.pair(&unknown, Stop::Never).await;
        assert_eq!(there, Err(Error::Refused(Refusal::REFUSED)));
        assert!(matches!(here, AcceptError::Refused(Refusal::REFUSED)));
        // The right name, which everybody sees, and another code.
        let (mut near, accepted) = site.accept();
        let psk = unknown.code.psk();
        let mut ephemerals = host_ephemerals().unwrap();
        let name = code().name();
        let mut link =
            Link::xx_psk0_initiator(&unknown.identity, name, &psk, &mut ephemerals, buffers()).unwrap();
        let refused = settle(&mut near, &mut link, Stop::Never).await;
        assert_eq!(refused, Err(Error::Refused(Refusal::REFUSED)));
        drop(near);
        assert!(matches!(accepted.await.unwrap(), AcceptError::Refused(Refusal::REFUSED)));
    }
    assert_eq!((site.progress(window), site.trouble(window)), (Progress::Waiting, None));
    let causes: Vec<Cause> = site.acceptor.failures().iter().map(|failure| failure.cause).collect();
    assert_eq!(causes, [Cause::NotOpened, Cause::NoWindow]);
    assert!(site.pair(&Board::new(), Stop::Never).await.0.is_ok());
}

#[tokio::test]
async fn pairing_a_recording_of_a_message_1_is_refused_in_the_same_window() {
    let site = Site::new();
    let window = site.window().await;
    let board = Board::new();
    let psk = board.code.psk();
    let mut link = board.link(&psk);
    let message_1 = link.unsent().unwrap().to_vec();
    // Its maker hangs up, and somebody plays it again.
    for answer in [98 + 2, 3] {
        let (mut near, accepted) = site.accept();
        near.write_all(&message_1).await.unwrap();
        let mut heard = vec![0; answer];
        near.read_exact(&mut heard).await.unwrap();
        drop(near);
        let refused = matches!(accepted.await.unwrap(), AcceptError::Refused(Refusal::REFUSED));
        assert_eq!(refused, answer == 3);
    }
    assert_eq!(site.progress(window), Progress::Waiting);
    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
}

#[tokio::test]
async fn pairing_after_a_cut_anywhere_both_sides_connect_or_pair_again_also_when_the_server_was_killed() {
    for killed in [false, true] {
        for cut in 1..=3 {
            let mut site = Site::new();
            let mut window = site.window().await;
            let board = Board::new();
            let (there, how) = site.pair(&board, Stop::Cut(cut)).await;
            assert_eq!(there, Err(Error::HungUp));
            match cut {
                1 => assert!(matches!(how, AcceptError::Failed(_)), "{how:?}"),
                // Both words are said, or it has the device's message 3: a cut takes nothing back.
                2 => assert!(matches!(how, AcceptError::NotPaired(NotPaired::Failed(_))), "{how:?}"),
                _ => assert!(matches!(how, AcceptError::Paired), "{how:?}"),
            }
            let expected = match cut {
                1 => None,
                2 => Some(Paired::Pending(code().name())),
                _ => Some(Paired::Final(code().name())),
            };
            if killed {
                site = site.again();
                window = site.acceptor.open_window(&code(), "pump-7", MINUTES).await.unwrap();
            }
            assert_eq!(site.paired(&board), expected, "cut {cut}");
            if cut == 2 {
                // Another key has lost by now, and is told no.
                let thief = Board::new();
                let (there, here) = site.pair(&thief, Stop::Never).await;
                assert_eq!(there, Err(Error::NotWelcome));
                let lost = NotPaired::Claimed(Bearer { name: "pump-7".into(), key: board.key() });
                assert!(matches!(here, AcceptError::NotPaired(why) if why == lost));
                assert_eq!(site.trouble(window), Some(lost));
            }
            match cut {
                // It pairs again, as the same device.
                1 => {
                    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
                    assert!(site.connects(&board).await);
                }
                2 if killed => {
                    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
                }
                // A pending row is served, and the first session makes it final.
                _ => {
                    assert!(site.connects(&board).await);
                    site.until_final().await;
                    assert_eq!(site.text().matches("[[device]]").count(), 1);
                    // And whoever has opened the window learns it: nothing is left to be done in it.
                    if cut == 2 {
                        site.until(|| site.progress(window) == Progress::Paired(board.key())).await;
                    }
                }
            }
            assert!(site.connects(&board).await);
            site.until_final().await;
        }
    }
}

#[tokio::test]
async fn pairing_a_device_that_says_no_leaves_nothing_and_one_that_called_may_come_again() {
    let site = Site::new();
    let window = site.window().await;
    let board = Board::new();
    let (there, here) = site.pair(&board, Stop::Close).await;
    assert_eq!(there, Err(Error::Declined(Refusal::REFUSED)));
    assert!(matches!(here, AcceptError::NotPaired(NotPaired::Declined)));
    assert_eq!(site.text(), "# ours\n");
    assert_eq!((site.progress(window), site.trouble(window)), (Progress::Waiting, Some(NotPaired::Declined)));
    assert!(!site.connects(&board).await);
    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
}

/// Somebody revokes it between both words: it is not in force, so nobody says that it is.
#[tokio::test]
async fn pairing_a_device_that_is_revoked_meanwhile_is_not_said_to_be_paired() {
    let site = Site::new();
    let window = site.window().await;
    let board = Board::new();
    let psk = board.code.psk();
    let (mut near, accepted) = site.accept();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    revoke(&site.bench.registry, &site.acceptor.public_key(), "pump-7", Which::All).unwrap();
    let _hangs_up = settle(&mut near, &mut link, Stop::Never).await;
    let ended = accepted.await.unwrap();
    assert!(matches!(ended, AcceptError::NotPaired(NotPaired::Gone)), "{ended:?}");
    assert_eq!((site.progress(window), site.trouble(window)), (Progress::Waiting, Some(NotPaired::Gone)));
    assert!(!site.connects(&board).await);
}

#[tokio::test]
async fn pairing_that_cannot_be_written_is_refused_before_anything_is_said() {
    let site = Site::new();
    let window = site.window().await;
    fs::create_dir(site.bench.path("devices.toml.new")).unwrap(); // whatever keeps a file from being written
    let board = Board::new();
    let (there, here) = site.pair(&board, Stop::Never).await;
    assert_eq!(there, Err(Error::NotWelcome));
    assert!(matches!(here, AcceptError::NotPaired(NotPaired::NotStored(_))));
    assert_eq!(site.text(), "# ours\n");
    fs::remove_dir(site.bench.path("devices.toml.new")).unwrap();
    // One that is written and not obeyed is taken out again: the server trusts no other owner, who changes it does.
    if chown(&site.bench.registry, Some(1234), None).is_ok() {
        let (there, here) = site.pair(&board, Stop::Never).await;
        assert_eq!(there, Err(Error::NotWelcome));
        let why = here.to_string();
        assert!(why.contains("belongs to user 1234"), "{why}");
        assert_eq!(site.text(), "# ours\n");
        chown(&site.bench.registry, Some(0), None).unwrap();
    }
    assert_eq!(site.progress(window), Progress::Waiting);
    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
}

#[tokio::test]
async fn pairing_of_two_devices_with_the_code_at_once_one_is_paired_and_the_other_told_no() {
    let site = Site::new();
    let window = site.window().await;
    let boards = [Board::new(), Board::new()];
    let [(near_a, a), (near_b, b)] = [site.accept(), site.accept()];
    let (first, second) =
        tokio::join!(boards[0].pair(near_a, Stop::Never), boards[1].pair(near_b, Stop::Never));
    let outcomes = [(first, a.await.unwrap(), &boards[0]), (second, b.await.unwrap(), &boards[1])];
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(device, ..)| device.is_ok());
    let ([(_, AcceptError::Paired, winner)], [(Err(Error::NotWelcome), AcceptError::NotPaired(why), loser)]) =
        (&won[..], &lost[..])
    else {
        panic!("{:?}", [won.len(), lost.len()])
    };
    let claimed = NotPaired::Claimed(Bearer { name: "pump-7".into(), key: winner.key() });
    assert!([NotPaired::Busy(loser.key()), claimed].contains(why), "{why:?}");
    assert_eq!(site.progress(window), Progress::Paired(winner.key()));
    assert_eq!(site.text().matches("[[device]]").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn pairing_a_window_ends_by_its_clock_and_who_has_shown_the_code_has_time_of_its_own() {
    let site = Site::new();
    let minute = Duration::from_secs(60);
    let window = site.acceptor.open_window(&code(), "pump-7", minute).await.unwrap();
    assert_eq!(site.acceptor.open_window(&code(), "pump-7", minute).await, Err(NotOpened::Open));
    // One that has shown the code, and whose user thinks.
    let board = Board::new();
    let psk = board.code.psk();
    let (mut near, accepted) = site.accept();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    assert_eq!(site.progress(window), Progress::Pending(board.key()));
    // Others come and go, and displace it not.
    let other = Board::new();
    let (there, here) = site.pair(&other, Stop::Never).await;
    assert_eq!(there, Err(Error::NotWelcome));
    let busy = NotPaired::Busy(other.key());
    assert!(matches!(here, AcceptError::NotPaired(why) if why == busy));
    assert_eq!(site.acceptor.window(window).unwrap().loser, Some(other.key()));
    advance(Duration::from_secs(110)).await;
    site.acceptor.sweep();
    link.accept().unwrap();
    settle(&mut near, &mut link, Stop::Never).await.unwrap();
    assert!(matches!(accepted.await.unwrap(), AcceptError::Paired));
    assert_eq!(site.progress(window), Progress::Paired(board.key()));

    let code = Code::new(&[9; 16]).unwrap();
    let window = site.acceptor.open_window(&code, "pump-8", MINUTES).await.unwrap();
    advance(MINUTES - Duration::from_millis(1)).await;
    let board = Board { code, ..Board::new() };
    assert_eq!(site.progress(window), Progress::Waiting);
    advance(Duration::from_millis(1)).await;
    assert_eq!(site.pair(&board, Stop::Never).await.0, Err(Error::Refused(Refusal::MODE)));
    assert_eq!(site.progress(window), Progress::Over);
}

#[tokio::test(start_paused = true)]
async fn pairing_without_the_devices_word_is_cut_after_two_minutes_and_stays_pending() {
    let site = Site::new();
    let window = site.window().await;
    let board = Board::new();
    let psk = board.code.psk();
    let (mut near, accepted) = site.accept();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    advance(Duration::from_secs(121)).await;
    assert!(matches!(accepted.await.unwrap(), AcceptError::NotPaired(NotPaired::Failed(_))));
    assert_eq!(fill(&mut near, &mut link).await, Err(Error::HungUp), "a cut, no CLOSE");
    assert_eq!(site.paired(&board), Some(Paired::Pending(code().name())));
    assert_eq!(site.progress(window), Progress::Waiting);
    // The same device, with its older stream gone.
    assert!(site.pair(&board, Stop::Never).await.0.is_ok());
}

#[tokio::test]
async fn pairing_the_same_device_takes_its_own_place_and_a_closed_window_cuts_it_off() {
    let site = Site::new();
    let window = site.window().await;
    let board = Board::new();
    let psk = board.code.psk();
    let (mut near, accepted) = site.accept();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    // Its line broke, and the server has not noticed.
    let (there, second) = site.pair(&board, Stop::Cut(2)).await;
    assert_eq!(there, Err(Error::HungUp));
    let older = accepted.await.unwrap();
    assert!(matches!(older, AcceptError::NotPaired(NotPaired::Failed(_))), "{older:?}");
    assert!(matches!(second, AcceptError::NotPaired(NotPaired::Failed(_))));
    // Nobody is being paired in that moment.
    assert_eq!(site.acceptor.close_window(window).unwrap().progress, Progress::Closed(None));
    assert!(site.acceptor.close_window(window).is_none());
    assert_eq!(site.pair(&board, Stop::Never).await.0, Err(Error::Refused(Refusal::MODE)));
}

#[tokio::test]
async fn pairing_nothing_is_opened_that_could_come_to_nothing() {
    let site = Site::new();
    let open = async |code: &Code, name: &str, time| {
        site.acceptor.open_window(code, name, time).await.unwrap_err().to_string()
    };
    for hostile in ["", " pump", "pump\n7", "pump\u{1b}[2J", "pump\u{202e}7", "pump\u{200b}7"] {
        let why = open(&code(), hostile, MINUTES).await;
        assert!(!why.chars().any(char::is_control) && !why.contains(['\u{202e}', '\u{200b}']), "{why:?}");
    }
    let label = lowkey_registry::label_text(&code()).unwrap();
    assert!(open(&code(), label.expose(), MINUTES).await.contains("where the name belongs"));
    for time in [Duration::ZERO, Duration::from_secs(24 * 60 * 60 + 1)] {
        assert!(open(&code(), "pump-7", time).await.contains("at most 24 h"));
    }
    let window = site.window().await;
    let board = Board::new();
    site.pair(&board, Stop::Never).await.0.unwrap();
    assert_eq!(site.progress(window), Progress::Paired(board.key()));
    let other = Code::new(&[8; 16]).unwrap();
    assert!(open(&other, "pump-7", MINUTES).await.contains("is in use already"));
    assert!(open(&code(), "pump-8", MINUTES).await.contains("the code is the one of \"pump-7\""));
    assert_eq!(site.acceptor.stats().windows, 0);
    let bare =
        Acceptor::new(Identity::new(secret(1)).unwrap(), site.registry.clone(), Limits::default()).unwrap();
    assert_eq!(bare.open_window(&code(), "x", MINUTES).await, Err(NotOpened::Nowhere));
}
