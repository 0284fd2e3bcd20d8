//! Regions, hashes, stack, calls and the profile.

mod common;

use common::{CODE, DATA, bytes, call, elf::elf, machine, region};
use m3_model::{Machine, Options, Share};

#[test]
fn regions_come_in_order_with_their_numbers_and_can_be_nested() {
    // push {r4, lr}; movs r0, #7; dbg #1; push {r0-r3}; movs r0, #8; dbg #1; nop; dbg #2; pop {r0-r3}; dbg #2; movs r0,
    // #9; dbg #1; dbg #2; pop {r4, pc}
    let code = &[
        0xB510, 0x2007, 0xF3AF, 0x80F1, 0xB40F, 0x2008, 0xF3AF, 0x80F1, 0xBF00, 0xF3AF, 0x80F2, 0xBC0F,
        0xF3AF, 0x80F2, 0x2009, 0xF3AF, 0x80F1, 0xF3AF, 0x80F2, 0xBD10,
    ];
    let regions = call(code, &[]).regions;
    let figures: Vec<_> =
        regions.iter().map(|r| (r.number, r.cycles, r.instructions, r.peak_stack)).collect();
    // The outer one contains the inner one's marks.
    assert_eq!(figures, [(7, 5 + 1 + 3 + 5, 6, 16), (8, 1, 1, 0), (9, 0, 0, 0)]);
}

#[test]
fn regions_that_do_not_end_are_left_out_and_harm_nothing() {
    // dbg #2; dbg #1; push {r4, lr}; pop {r4, pc}
    let code = &[0xF3AF, 0x80F2, 0xF3AF, 0x80F1, 0xB510, 0xBD10];
    let mut machine = machine(&bytes(code), &Options::default());
    let first = machine.call(CODE, &[]).unwrap();
    assert_eq!((first.regions.len(), first.peak_stack), (0, 8));
    assert_eq!(machine.call(CODE, &[]).unwrap(), first);
}

#[test]
fn hashes_are_equal_for_equal_traces_whatever_the_data() {
    // ldr r2, [r0]; mul r2, r2, r1; str r2, [r0]; bx lr
    let code = &[0x6802, 0xFB02, 0xF201, 0x6002, 0x4770];
    let (one, two) = (call(code, &[DATA, 3]), call(code, &[DATA, 4]));
    assert_eq!((one.pc_hash, one.address_hash), (two.pc_hash, two.address_hash));
}

#[test]
fn the_address_hash_differs_with_one_address_size_or_direction() {
    let options = Options::default();
    let hash = |code: &[u16], r0| region(code, &[r0, 0], &options).address_hash;
    // ldr r2, [r0]; ldr r2, [r0, #4]
    let load = &[0x6802, 0x6842];
    let all = [
        hash(load, DATA),
        hash(load, DATA + 4),
        // ldr r2, [r0, #4]; ldr r2, [r0]
        hash(&[0x6842, 0x6802], DATA),
        // ldr r2, [r0]; ldrh r2, [r0, #4]
        hash(&[0x6802, 0x8882], DATA),
        // ldr r2, [r0]; str r2, [r0, #4]
        hash(&[0x6802, 0x6042], DATA),
        // ldr r2, [r0]; nop
        hash(&[0x6802, 0xBF00], DATA),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[index + 1..].contains(one), "number {index}");
    }
    // How it is done does not matter.
    // ldm r0, {r2, r3}
    assert_eq!(hash(&[0xE890, 0x000C], DATA), all[0]);
}

#[test]
fn the_pc_hash_differs_with_one_branch_or_condition() {
    // cbz r0, 1f; nop; 1: movs r0, #0; bx lr
    let code = &[0xB100, 0xBF00, 0x2000, 0x4770];
    assert_ne!(call(code, &[0]).pc_hash, call(code, &[1]).pc_hash);
    assert_eq!(call(code, &[2]).pc_hash, call(code, &[1]).pc_hash);
    // An instruction whose condition fails is fetched all the same, and not executed.
    // cmp r0, #0; it eq; moveq r1, #1; bx lr
    let code = &[0x2800, 0xBF08, 0x2101, 0x4770];
    assert_ne!(call(code, &[0]).pc_hash, call(code, &[1]).pc_hash);
    assert_eq!(call(code, &[2]).pc_hash, call(code, &[1]).pc_hash);
}

#[test]
fn a_call_takes_arguments_and_gives_results() {
    // A fifth and a sixth argument are on the stack, which is 8-byte aligned.
    // ldrd r2, r3, [sp]; adds r0, r2; adds r1, r3; bx lr
    let code = &[0xE9DD, 0x2300, 0x1880, 0x18C9, 0x4770];
    let call = call(code, &[1, 2, 0, 0, 10, 20]);
    assert_eq!((call.r0, call.r1, call.instructions, call.cycles), (11, 22, 4, 3 + 1 + 1 + 3));
}

#[test]
fn a_call_measures_its_stack_from_where_it_began() {
    // push {r4-r7, lr}; sub sp, #100; str r0, [sp]; add sp, #100; pop {r4-r7, pc}
    let code = &[0xB5F0, 0xB099, 0x9000, 0xB019, 0xBDF0];
    let mut machine = machine(&bytes(code), &Options::default());
    assert_eq!(machine.call(CODE, &[]).unwrap().peak_stack, 120);
    assert_eq!(machine.call_on(DATA, CODE, &[]).unwrap().peak_stack, 120);
}

/// Two functions, `outer` which calls `inner` twice and then branches to it, and `inner`.
fn program() -> Vec<u8> {
    // push {r4, lr}; bl 1f; bl 1f; pop.w {r4, lr}; b.n 1f; nop; 1: nop; bx lr
    let code =
        bytes(&[0xB510, 0xF000, 0xF806, 0xF000, 0xF804, 0xE8BD, 0x4010, 0xE000, 0xBF00, 0xBF00, 0x4770]);
    assert_eq!(code.len(), 22);
    let vectors = [0x2001_0000, 9, code.len() as u32, 0];
    let mut image = vectors[..2].iter().flat_map(|word: &u32| word.to_le_bytes()).collect::<Vec<_>>();
    image.extend(code);
    elf(0, &image, &[("outer", 8, 18), ("_ZN5thing5inner17h0123456789abcdefE", 26, 4)])
}

#[test]
fn an_elf_file_is_called_by_its_symbols() {
    let mut machine = Machine::load(&program(), &Options::default()).unwrap();
    assert_eq!(machine.symbol("outer"), Some(9));
    let by_name = machine.call("thing::inner", &[]).unwrap();
    assert_eq!(machine.call("_ZN5thing5inner17h0123456789abcdefE", &[]).unwrap(), by_name);
    assert_eq!(machine.call(26, &[]).unwrap(), by_name);
    assert!(machine.call("nobody", &[]).is_err());
}

#[test]
fn files_that_are_no_program_for_arm_are_refused() {
    assert!(Machine::load(b"\x7fELF", &Options::default()).is_err());
    let mut other = program();
    other[18] = 62; // x86-64
    assert!(Machine::load(&other, &Options::default()).is_err());
    assert!(Machine::load(&elf(0x1000_0000, &[0; 8], &[]), &Options::default()).is_err());
}

#[test]
fn the_profile_counts_own_and_inclusive_cycles_and_tail_calls() {
    let options = Options { profile: true, limit: 100, ..Options::default() };
    let report = Machine::load(&program(), &options).unwrap().run();
    let share = |name: &str, calls, own_cycles, inclusive_cycles| {
        let name = name.to_owned();
        Share { name, calls, own_cycles, inclusive_cycles }
    };
    // PUSH 3, two BL of 3, POP.W 3, B 3. NOP 1, BX 3, and 1 more for the two returns to the middle of a word.
    let expected = [share("outer", 1, 15, 29), share("thing::inner", 3, 14, 14)];
    assert_eq!(report.profile, expected);
}
