//! One instruction: who executes it, what it costs, where it goes.

use armagnac::{
    core::{Effect, Processor},
    instructions::Instruction,
};

use crate::{
    bus::Bus,
    core::{Masks, divide, register, set_register},
    decode::is_wide,
    fault::{Cause, End},
    kind::Kind,
    semihosting,
    shift::shift,
    timing::{self, Pipeline},
};

/// What became of an instruction.
pub(crate) struct Outcome {
    pub(crate) cycles: u64,
    pub(crate) flow: Flow,
}

/// Where execution goes on.
pub(crate) enum Flow {
    /// Behind the instruction.
    Next,
    /// Elsewhere; whether the link register says where it came from.
    Jump { to: u32, links: bool },
    /// Behind the instruction, which is a mark.
    Mark(u8),
    /// Nowhere.
    End(End),
}

impl Outcome {
    pub(crate) fn next(cycles: u64) -> Self {
        Self { cycles, flow: Flow::Next }
    }
}

/// Lets armagnac execute `instruction`, which is at `pc`.
pub(crate) fn core(
    core: &mut Processor,
    bus: &Bus,
    pipeline: &mut Pipeline,
    (instruction, kind): (&dyn Instruction, Kind),
    (pc, wide): (u32, bool),
) -> Result<Outcome, Cause> {
    // What an instruction sees as PC.
    core.set_pc(pc.wrapping_add(4));
    // Read before they are written to.
    let operands = match kind {
        Kind::LongMultiply { rn, rm, .. } => (register(core, rn), register(core, rm)),
        Kind::Asr32 { carry_from: Some(rm), .. } => (register(core, rm), 0),
        _ => (0, 0),
    };
    let effect =
        instruction.execute(core).map_err(|_| Cause::Undefined(u32::from(bus.halfword(pc).unwrap_or(0))))?;
    if effect == Effect::Branch {
        let links = match kind {
            Kind::Branch { links } => links,
            _ => {
                // MOV and ADD to PC ignore bit 0 (ARMv7-M, BranchWritePC); armagnac takes it for the state.
                core.registers.psr.set_t(true);
                false
            }
        };
        if !core.registers.psr.t() {
            return Err(Cause::State);
        }
        pipeline.refilled();
        let to = core.pc();
        let target_is_wide = bus.halfword(to).is_some_and(|first| is_wide(u32::from(first)));
        return Ok(Outcome {
            cycles: 1 + timing::refill(to, target_is_wide),
            flow: Flow::Jump { to, links },
        });
    }
    Ok(Outcome::next(match kind {
        Kind::Plain(writes) => {
            pipeline.computed(writes, wide);
            1
        }
        Kind::Asr32 { writes, carry_from } => {
            if carry_from.is_some() {
                core.registers.psr.set_c(operands.0 >> 31 != 0);
            }
            pipeline.computed(writes, wide);
            1
        }
        Kind::Shifted(writes) => {
            pipeline.computed(writes, wide);
            pipeline.shifted()
        }
        Kind::Multiply(writes) => {
            pipeline.computed(writes, wide);
            pipeline.core().multiply()
        }
        Kind::MultiplyAccumulate(writes) => {
            pipeline.computed(writes, wide);
            pipeline.core().multiply_accumulate()
        }
        Kind::LongMultiply { signed, accumulate, writes, .. } => {
            pipeline.computed(writes, wide);
            pipeline.core().long_multiply(operands.0, operands.1, signed, accumulate)
        }
        Kind::It => pipeline.it(),
        Kind::ChangeState => {
            pipeline.other(wide);
            timing::STATUS
        }
        Kind::Isb => {
            pipeline.refilled();
            timing::ISB
        }
        // A CBZ or CBNZ that is not taken.
        _ => {
            pipeline.other(wide);
            1
        }
    }))
}

/// Executes what armagnac does not.
pub(crate) fn special(
    core: &mut Processor,
    masks: &mut Masks,
    bus: &mut Bus,
    pipeline: &mut Pipeline,
    (kind, wide, now): (Kind, bool, u64),
) -> Result<Outcome, Cause> {
    pipeline.other(wide);
    Ok(match kind {
        Kind::Shift { how, rd, rn, rm, sets_flags } => {
            let psr = &core.registers.psr;
            let (result, carry) = shift(how, register(core, rn), register(core, rm), psr.c());
            set_register(core, rd, result);
            if sets_flags {
                core.registers.psr.set_nz(result).set_c(carry);
            }
            pipeline.computed(1 << rd, wide);
            Outcome::next(1)
        }
        Kind::Divide { rd, rn, rm, signed } => {
            let (dividend, divisor) = (register(core, rn), register(core, rm));
            set_register(core, rd, divide(dividend, divisor, signed));
            pipeline.computed(1 << rd, wide);
            let size = |x: u32| if signed { (x as i32).unsigned_abs() } else { x };
            Outcome::next(timing::divide(size(dividend), size(divisor)))
        }
        Kind::FromStatus { rd, register } => {
            let value = masks.read(core, register);
            set_register(core, rd, value);
            pipeline.computed(1 << rd, wide);
            Outcome::next(timing::STATUS)
        }
        Kind::ToStatus { rn, register: number } => {
            let value = register(core, rn);
            masks.write(core, number, value);
            Outcome::next(timing::STATUS)
        }
        Kind::Break(semihosting::BREAK) => {
            match semihosting::answer(bus, register(core, 0), register(core, 1), now) {
                Ok(answer) => {
                    set_register(core, 0, answer);
                    Outcome::next(1)
                }
                Err(end) => Outcome { cycles: 1, flow: Flow::End(end) },
            }
        }
        Kind::Dsp(dsp) => {
            let written = dsp.execute(core);
            pipeline.computed(written, wide);
            Outcome::next(pipeline.core().dsp())
        }
        Kind::Mark(number) => Outcome { cycles: 1, flow: Flow::Mark(number) },
        Kind::Wait => Outcome { cycles: 1, flow: Flow::End(End::Idle) },
        Kind::Break(_) | Kind::Exception => return Err(Cause::Exception),
        _ => Outcome::next(1),
    })
}
