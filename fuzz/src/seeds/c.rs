//! What is called through the headers for C.

use crate::c_abi::op as c;

/// Both ways to drive channels of C's, in every mode, every function among the operations.
pub(super) fn channels() -> Vec<Vec<u8>> {
    const ONE: u8 = 1 << 6;
    const THIRD: u8 = 2 << 6;
    let turns = [c::TURN, c::TURN | ONE].repeat(6);
    let mut seeds = vec![];
    for mode in 0..4 {
        // Keys as they must be, on an empty script.
        let begin = [c::BEGIN, mode << 1, 0, 0, 0, 0, c::BEGIN | ONE, 0];
        let talk = [
            c::SEND,
            0,
            9,
            0,
            c::PING | ONE,
            5,
            c::SEND_PART | ONE,
            2,
            88,
            1,
            0,
            0,
            c::ASK,
            0,
            c::ASK | ONE,
            0,
        ];
        let run = |manner| [c::RUN, 0, manner, 0, c::RUN | ONE, 0, manner, 0];
        seeds.push([&begin[..], &turns].concat());
        seeds.push(
            [&begin[..], &turns, &talk, &turns, &[c::CLOSE, c::CLOSE | ONE], &turns, &[c::FEED_END]].concat(),
        );
        for manner in [0, 1, 17, 2, 10, 3, 4, 36, 68, 5] {
            let judged = [c::ANSWER | ONE, 0, 0, 0, 0, 0, 0, c::ACCEPT, c::ACCEPT | ONE];
            let opening = [&run(manner)[..], &judged].concat().repeat(6);
            let mail = [
                c::SEND_MESSAGE,
                4,
                0,
                0,
                manner,
                0,
                c::RECV_MESSAGE | ONE,
                0,
                0,
                0,
                0,
                manner,
                0,
                c::FLUSH,
                manner,
                0,
            ];
            seeds.push([&begin[..], &opening, &mail.repeat(3), &[c::CLOSE], &run(manner), &talk].concat());
        }
        // Bytes put where they belong, pieces of any size.
        let piece = [c::SPACE, 0, 0, 0, 0, 99, c::WRITE, 0, 70, 0, 0, 0, c::POLL, 0];
        let other = [c::SPACE | ONE, 0, 0, 0, 0, 99, c::WRITE | ONE, 0, 70, 0, 0, 0, c::POLL | ONE, 0];
        let pieces =
            [&piece[..], &other, &[c::ANSWER | ONE, 0, 0, 0, 0, 0, 0, c::ACCEPT, c::ACCEPT | ONE]].concat();
        seeds.push([&begin[..], &pieces.repeat(5)].concat());
        // An echo, from where it was opened.
        let echo = [c::SEND, 0, 9, 0, c::WRITE, 1, 44, 0, 0, 0, c::FEED | ONE, 1, 44, 0, c::POLL | ONE, 0];
        let taken = [c::TAKE | ONE, 0, 0, 0, 1, c::TURN | ONE, c::TURN];
        seeds.push([&begin[..], &turns, &echo, &taken].concat());
        // A claim that is refused cannot be accepted any more.
        let claim = [c::TURN, c::TURN | ONE, c::TURN, c::TURN, c::FEED | ONE, 1, 44, 0, c::POLL | ONE, 0];
        seeds.push([&begin[..], &claim, &[c::CLOSE | ONE, c::ACCEPT | ONE], &turns].concat());
        // Whatever a responder can do.
        for how in [0x70, 0x71, 0x72, 0x73, 13, 14] {
            for flags in [0, 4, 16, 32, 64, 128] {
                let answer = [c::TURN, c::FEED | ONE, 1, 0, 0, c::POLL | ONE, 0, c::ANSWER | ONE, how, flags];
                seeds.push([&begin[..], &answer, &[0; 4], &turns].concat());
            }
        }
        // Something changed on its way.
        for attack in
            [&[c::FLIP, 0, 9][..], &[c::FLIP | ONE, 0, 99], &[c::DROP | ONE, 3], &[c::INSERT, 2, 0, 9]]
        {
            seeds.push(
                [&begin[..], &[c::TURN], attack, &turns, &talk, &[c::TURN | ONE], attack, &turns].concat(),
            );
            seeds.push([&begin[..], &turns, &talk, &[c::WRITE, 1, 0, 0, 0, 0], attack, &turns].concat());
        }
        // The peer in Rust, in both roles.
        for initiates in [0, 1] {
            let begin = [c::BEGIN | THIRD, mode << 1 | initiates, 0, 0, 0, 0];
            let said = [
                c::PEER | THIRD,
                2,
                c::PEER | THIRD,
                0,
                0,
                9,
                c::PEER | THIRD,
                3,
                c::PEER | THIRD,
                0,
                1,
                200,
            ];
            let ours = [c::SEND | THIRD, 0, 9, 0, c::TURN | THIRD, c::PING | THIRD, 3, c::TURN | THIRD];
            let over =
                [c::PEER | THIRD, 4, c::TURN | THIRD, c::CLOSE | THIRD, c::TURN | THIRD, c::FEED_END | THIRD];
            let turn = [c::TURN | THIRD; 4];
            seeds.push([&begin[..], &turn, &said, &turn, &ours, &over].concat());
        }
        for flags in [8, 16, 32, 64, 128] {
            let begin = [c::BEGIN, mode << 1 | flags, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0];
            seeds.push([&begin[..], &turns].concat());
        }
    }
    // Keys made and wiped, what is no channel, what lies in flash.
    for kind in 0..5 {
        let made: Vec<u8> = (0..16).flat_map(|how| [c::MAKE, kind, 2, how, 1, how]).collect();
        seeds.push(
            [&made[..], &[c::WIPE, kind, 2, c::WIPE, kind, 0, c::DRAW, 0, 0, 0, 3, 7, 7, 7, 40]].concat(),
        );
        seeds.push(vec![c::STRANGE, kind, 3, c::WIPE, 5, 0]);
    }
    for words in [2, 3, 5, 8] {
        for fails in 0..6 {
            seeds.push([&[c::FLASH, words][..], &vec![0; 2 * usize::from(words)], &[fails, 0]].concat());
        }
        seeds.push(
            [&[c::FLASH, words][..], &[3, 1, 2, 3, 4].repeat(2 * usize::from(words)), &[9, 0]].concat(),
        );
    }
    seeds.extend([vec![c::PAGE, 0, 9, 1, 2, 3], vec![c::PAGE, 1], vec![c::PAGE, 2, 0, 40, 1, 99, 1, 144, 1]]);
    seeds
}

/// KK and KKpsk0, opened, then every operation, each with what an application does behind it.
pub(super) fn devices() -> Vec<Vec<u8>> {
    const ON: u8 = 0xe0;
    let mut seeds = vec![];
    for kinds in [0, 1, 0xff] {
        let open = [kinds, 9, 1, 0, 0, 0, 0, 0, ON, ON];
        for op in 6..32 {
            for argument in [9, 0x45] {
                seeds.push([&open[..], &[op, argument, argument, 0, 0, ON, op, argument, 9, ON]].concat());
            }
        }
        // The peer says DATA in pieces, PING and CLOSE to one that has something unsent.
        seeds.push(
            [&open[..], &[24, 1, 40, 24, 0, 90, 15, 80, 24, 0x41, 5, ON, 13, 24, 0xf0, ON, ON]].concat(),
        );
        // Messages of several records, by callbacks that block.
        let message = [22, 0, 4, 100, 8, 0, 60, 0, 90, 0, 200, 0, 70, 22, 0, 0, ON, 23, 2, 100, 0];
        seeds.push([&open[..], &message.repeat(3)].concat());
    }
    seeds
}
