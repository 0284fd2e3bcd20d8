//! Cortex-M3 TRM r2p1, "Load/store timings" (§3.3.2); the sentences are the manual's.

mod common;

use common::{CODE, DATA, by_table, cycles, machine, marked, region, with};
use m3_model::Options;

#[test]
fn trm_3_3_2_a_store_with_an_immediate_offset_is_always_one_cycle() {
    // str r1, [r0, #4]
    assert_eq!(cycles(&[0x6041]), 1);
    // str r1, [r0, #4]; strb r2, [r0]; strh.w r3, [r0, #8]!
    assert_eq!(cycles(&[0x6041, 0x7002, 0xF820, 0x3F08]), 3);
}

#[test]
fn trm_3_3_2_loads_take_two_cycles_and_one_behind_a_load() {
    // "LDR R0,[R1]; LDR R1,[R2] - normally three cycles total"
    // ldr r0, [r1]; ldr r1, [r2]
    assert_eq!(cycles(&[0x6808, 0x6811]), 3);
    // ldrb r0, [r1]; ldrsh.w r4, [r2]; ldr.w r5, [r3]; ldrh r6, [r3]
    assert_eq!(cycles(&[0x7808, 0xF9B2, 0x4000, 0xF8D3, 0x5000, 0x881E]), 5);
}

#[test]
fn trm_3_3_2_the_manuals_examples_take_what_it_says() {
    // LDR R0,[R1,R2]; STR R0,[R3,#20]: three. The offset here is zero.
    // ldr r0, [r1, r2]; str r0, [r3, #20]
    assert_eq!(with(&[0x5888, 0x6158], &[0, DATA, 0, DATA]), 3);
    // LDR R0,[R1,R2]; STR R1,[R3,R2]: three.
    // ldr r0, [r1, r2]; str r1, [r3, r2]
    assert_eq!(with(&[0x5888, 0x5099], &[0, DATA, 0, DATA]), 3);
    // LDR R0,[R1,R5]; LDR R1,[R2]; LDR R2,[R3,#4]: four. R5 is zero at a call.
    // ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]
    assert_eq!(cycles(&[0x5948, 0x6811, 0x685A]), 4);
}

#[test]
fn trm_3_3_2_a_loaded_address_ends_the_pipelining() {
    // The word at DATA points to itself.
    // str r0, [r0]; nop; ldr r1, [r0]; ldr r2, [r1]
    let code = &[0x6000, 0xBF00, 0x6801, 0x680A];
    assert_eq!(cycles(code), 1 + 1 + 2 + 2);
    assert_eq!(by_table(code), 1 + 1 + 2 + 2);
}

#[test]
fn trm_3_3_2_nothing_can_be_pipelined_after_a_store() {
    // str r1, [r0]; ldr r2, [r0]
    let code = &[0x6001, 0x6802];
    assert_eq!(cycles(code), 1 + 2);
    assert_eq!(by_table(code), 1 + 1);
    // "Other instructions cannot be pipelined after STR with register offset."
    // str r1, [r0, r2]; ldr r3, [r0]
    assert_eq!(with(&[0x5081, 0x6803], &[DATA, 0, 0]), 2 + 2);
}

#[test]
fn trm_3_3_2_a_base_update_is_not_pipelined() {
    // ldr r1, [r0]; ldr r2, [r0], #4; ldr r3, [r0]
    let code = &[0x6801, 0xF850, 0x2B04, 0x6803];
    assert_eq!(cycles(code), 2 + 1 + 2);
    assert_eq!(by_table(code), 2 + 1 + 1);
}

#[test]
fn trm_3_3_2_a_computed_address_stalls_a_cycle() {
    // adds r0, #4; ldr r1, [r0]
    let code = &[0x3004, 0x6801];
    assert_eq!(cycles(code), 1 + 3);
    assert_eq!(by_table(code), 1 + 2);
    // adds r0, #4; nop; ldr r1, [r0]
    assert_eq!(cycles(&[0x3004, 0xBF00, 0x6801]), 1 + 1 + 2);
    // adds r1, #4; str r1, [r0]
    assert_eq!(cycles(&[0x3104, 0x6001]), 1 + 1);
    // adds r0, #4; stm r0, {r1, r2}
    assert_eq!(cycles(&[0x3004, 0xE880, 0x0006]), 1 + 4);
}

#[test]
fn trm_3_3_2_pairs_and_lists_take_one_and_a_cycle_each() {
    // ldrd r1, r2, [r0]; strd r1, r2, [r0, #8]
    assert_eq!(cycles(&[0xE9D0, 0x1200, 0xE9C0, 0x1202]), 3 + 3);
    // ldm r0, {r1, r2, r4}
    assert_eq!(cycles(&[0xE890, 0x0016]), 4);
    // ldm r0, {r1-r8}
    assert_eq!(cycles(&[0xE890, 0x01FE]), 9);
    // stm r0!, {r1, r2}; stmdb r0!, {r1, r2}
    assert_eq!(cycles(&[0xC006, 0xE920, 0x0006]), 3 + 3);
    // push {r0-r3, lr}; pop {r0-r3, lr}
    assert_eq!(cycles(&[0xB50F, 0xE8BD, 0x400F]), 6 + 6);
    // "Cannot be pipelined with preceding or following instructions."
    // ldr r1, [r0]; ldrd r2, r3, [r0]; ldr r4, [r0]
    assert_eq!(cycles(&[0x6801, 0xE9D0, 0x2300, 0x6804]), 2 + 3 + 2);
}

#[test]
fn trm_3_3_2_a_load_to_pc_takes_at_least_five_cycles() {
    // adr r1, 1f; adds r1, #1; str r1, [r0]; nop; ldr pc, [r0]; nop; nop; 1: nop
    assert_eq!(cycles(&[0xA103, 0x3101, 0x6001, 0xBF00, 0xF8D0, 0xF000, 0xBF00, 0xBF00, 0xBF00]), 4 + 5 + 1);
    // POP {…, PC} is 1 + N + P.
    // adr r1, 1f; adds r1, #1; push {r0, r1}; pop {r0, pc}; nop; nop; nop; 1: nop
    assert_eq!(
        cycles(&[0xF20F, 0x010C, 0x3101, 0xB403, 0xBD01, 0xBF00, 0xBF00, 0xBF00, 0xBF00]),
        2 + 3 + 6 + 1
    );
}

#[test]
fn trm_3_3_2_table_branches_take_at_least_six_cycles() {
    // The table's first entry jumps over the table.
    // movs r1, #0; nop; tbb [pc, r1]; .hword 1; nop
    assert_eq!(cycles(&[0x2100, 0xBF00, 0xE8DF, 0xF001, 0x0001, 0xBF00]), 2 + 6 + 1);
    // movs r1, #0; nop; tbh [pc, r1, lsl #1]; .hword 1; nop
    assert_eq!(cycles(&[0x2100, 0xBF00, 0xE8DF, 0xF011, 0x0001, 0xBF00]), 2 + 6 + 1);
}

#[test]
fn trm_3_3_2_exclusives_are_pipelined_as_loads() {
    // ldrex r1, [r0]; strex r2, r1, [r0]; ldr r3, [r0]
    let code = &[0xE850, 0x1F00, 0xE840, 0x1200, 0x6803];
    assert_eq!(cycles(code), 2 + 1 + 1);
}

#[test]
fn trm_3_3_2_unaligned_loads_add_cycles() {
    // ldr r1, [r0]
    let load = &[0x6801];
    // ldrh r1, [r0]
    let half = &[0x8801];
    for (offset, word_penalty, half_penalty) in [(0, 0, 0), (1, 2, 1), (2, 1, 0), (3, 2, 1)] {
        assert_eq!(with(load, &[DATA + offset]), 2 + word_penalty);
        assert_eq!(with(half, &[DATA + offset]), 2 + half_penalty);
    }
    // "A STR or STRH cannot delay the processor because of the write buffer."
    // str r1, [r0]
    assert_eq!(with(&[0x6001], &[DATA + 1]), 1);
}

/// RM0008 §3.3.3; the timing of the lines is the model's.
#[test]
fn slow_flash_stalls_at_each_line_and_prefetch_hides_it() {
    let narrow = [0xBF00; 40]; // nop
    let wide = [0xF3AF, 0x8000].repeat(40); // nop.w
    let options = |wait_states, prefetch| Options { wait_states, prefetch, ..Options::default() };
    let take = |code: &[u16], options| region(code, &[], &options).cycles;
    assert_eq!(take(&narrow, options(0, false)), 40);
    // Four to a line; the first is half full, and the mark at its end belongs to the next.
    assert_eq!(take(&narrow, options(2, false)), 40 + 10 * 2);
    // The region begins in the middle of a line: the second line is a cycle late, and none after it.
    assert_eq!(take(&narrow, options(2, true)), 40 + 1);
    // Two to a line, and a line takes three cycles.
    assert_eq!(take(&wide, options(2, false)), 40 + 20 * 2);
    assert_eq!(take(&wide, options(2, true)), 40 + 20 + 1);
}

#[test]
fn slow_flash_makes_literals_wait() {
    // ldr r1, [pc, #4]; nop; b 1f; .hword 0; .word 42; 1: nop
    let code = &[0x4901, 0xBF00, 0xE002, 0x0000, 0x002A, 0x0000, 0xBF00];
    let fast = region(code, &[], &Options::default()).cycles;
    let slow = Options { wait_states: 2, prefetch: true, ..Options::default() };
    let mut slow = machine(&marked(code), &slow);
    assert!(slow.call(CODE, &[]).unwrap().regions[0].cycles >= fast + 2);
}
