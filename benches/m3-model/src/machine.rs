//! The machine: a core, its memory, and the counters.

use armagnac::{
    core::{Config, Processor},
    registers::CoreRegisters,
};

use crate::{
    bus::Bus,
    console::Console,
    core::{Masks, register, set_register, stack_pointer},
    decode::{Code, What},
    fault::{Cause, End, Fault},
    flash::Flash,
    image::Image,
    meter::Meter,
    options::Options,
    profile::{Jump, Profiler},
    regions::Regions,
    report::{Call, Place, Report},
    step::{self, Flow, Outcome},
    timing::{self, Pipeline},
    transfer::Transfer,
};

/// A core with flash and RAM.
pub struct Machine {
    core: Processor,
    masks: Masks,
    bus: Bus,
    code: Code,
    pipeline: Pipeline,
    flash: Flash,
    meter: Meter,
    regions: Regions,
    profiler: Option<Profiler>,
    image: Image,
    limit: u64,
    /// The core at the end of a short loop's last round, and the trace of its accesses by then.
    round: Option<(CoreRegisters, u64)>,
}

impl Machine {
    /// A machine with nothing in its flash.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self::with_image(Image::default(), options)
    }

    /// A machine with the program of an ELF file in its flash, and its statics in RAM as if it had been started once.
    ///
    /// # Errors
    /// Says what is wrong with the file: it is no ELF file for ARM, or does not fit.
    pub fn load(elf: &[u8], options: &Options) -> Result<Self, String> {
        let mut machine = Self::with_image(Image::read(elf)?, options);
        for segment in &machine.image.segments {
            for address in [segment.stored, segment.used] {
                machine
                    .bus
                    .bytes_mut(address, segment.bytes.len())
                    .ok_or_else(|| format!("nothing is at {address:#010x} to hold a segment"))?
                    .copy_from_slice(&segment.bytes);
            }
        }
        Ok(machine)
    }

    fn with_image(image: Image, options: &Options) -> Self {
        let console = Console::new(options.echo);
        let bus = Bus::new(options, console);
        let mut core = Processor::new(Config::v7m());
        core.registers.psr.set_t(true);
        Self {
            core,
            masks: Masks::default(),
            code: Code::new(bus.flash_len(), options.core),
            pipeline: Pipeline::new(options.core, options.rules),
            flash: Flash::new(options.wait_states, options.prefetch),
            meter: Meter::new(bus.ram_end()),
            regions: Regions::default(),
            profiler: options.profile.then(|| Profiler::new(&image.functions)),
            image,
            bus,
            limit: options.limit,
            round: None,
        }
    }

    /// Puts `bytes` at `address`, in flash or RAM; false if they do not fit there.
    pub fn load_at(&mut self, address: u32, bytes: &[u8]) -> bool {
        self.code.forget();
        self.bus.bytes_mut(address, bytes.len()).map(|place| place.copy_from_slice(bytes)).is_some()
    }

    /// The `len` bytes at `address`, in flash or RAM.
    #[must_use]
    pub fn read(&self, address: u32, len: usize) -> Option<&[u8]> {
        self.bus.bytes(address, len)
    }

    /// The address of a symbol of the ELF file, mangled or not; bit 0 of a function's is set.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.image.symbol(name)
    }

    /// The address behind the last byte of RAM.
    #[must_use]
    pub fn ram_end(&self) -> u32 {
        self.bus.ram_end()
    }

    /// Starts as a Cortex-M does, with the first two words of the vector table, and runs to the end.
    pub fn run(&mut self) -> Report {
        let sp = self.reset();
        let end = self.go(None);
        self.regions.abandon(&mut self.meter);
        let trace = *self.meter.trace();
        let profile = match &mut self.profiler {
            Some(profiler) => profiler.shares(&self.image.functions, self.meter.cycles),
            None => Vec::new(),
        };
        Report {
            end,
            cycles: self.meter.cycles,
            instructions: self.meter.instructions,
            peak_stack: sp - trace.lowest_sp,
            pc_hash: trace.pcs,
            address_hash: trace.addresses,
            regions: self.regions.take(),
            profile,
            output: self.bus.console.take(),
        }
    }

    /// Calls a function with up to four words in r0 to r3 and the rest on the stack (AAPCS), on a stack at the end of
    /// RAM, and runs until it returns. Memory stays as earlier calls left it.
    ///
    /// # Errors
    /// How it ended, if it did not return; a name that no symbol has is a fetch at address 0.
    pub fn call<'a>(&mut self, function: impl Into<Place<'a>>, arguments: &[u32]) -> Result<Call, End> {
        self.call_on(self.ram_end(), function, arguments)
    }

    /// The same with the stack's top at `stack`.
    ///
    /// # Errors
    /// As [`Machine::call`].
    pub fn call_on<'a>(
        &mut self,
        stack: u32,
        function: impl Into<Place<'a>>,
        arguments: &[u32],
    ) -> Result<Call, End> {
        let entry = match function.into() {
            Place::Address(address) => Some(address),
            Place::Symbol(name) => self.image.symbol(name),
        };
        let Some(entry) = entry else { return Err(End::Fault(Fault { pc: 0, cause: Cause::Fetch })) };
        let entry = entry & !1;
        let on_stack = arguments.get(4..).unwrap_or_default();
        let sp = (stack - 4 * on_stack.len() as u32) & !7;
        for (place, word) in (sp..).step_by(4).zip(on_stack) {
            self.bus.write(place, 4, *word, 0).map_err(|cause| End::Fault(Fault { pc: entry, cause }))?;
        }
        // Those without an argument as well: what an earlier call left there would get onto the stack.
        for (number, word) in (0..4).zip(arguments.iter().copied().chain([0; 4])) {
            set_register(&mut self.core, number, word);
        }
        // No flags, no IT block, Thumb state.
        self.core.registers.psr.set(1 << 24);
        self.core.registers.lr = RETURN | 1;
        self.core.set_pc(entry);
        set_register(&mut self.core, 13, sp);
        self.pipeline.refilled();
        self.enter(entry, Some(RETURN));
        let (cycles, instructions) = (self.meter.cycles, self.meter.instructions);
        self.meter.open(sp);
        let end = self.go(Some(RETURN));
        self.regions.abandon(&mut self.meter);
        let trace = self.meter.close().unwrap_or(*self.meter.trace());
        let regions = self.regions.take();
        if end != End::Returned {
            return Err(end);
        }
        Ok(Call {
            cycles: self.meter.cycles - cycles,
            instructions: self.meter.instructions - instructions,
            r0: register(&self.core, 0),
            r1: register(&self.core, 1),
            peak_stack: sp - trace.lowest_sp,
            pc_hash: trace.pcs,
            address_hash: trace.addresses,
            left: self.bus.between(trace.lowest_sp, self.core.sp()),
            regions,
        })
    }

    /// Everything but memory as it is after power-on, with SP and PC from the vector table, which is at the bottom of
    /// flash wherever that is linked to. Returns SP.
    fn reset(&mut self) -> u32 {
        let (sp, entry) = (self.bus.word(0).unwrap_or(0) & !3, self.bus.word(4).unwrap_or(0));
        self.core.registers = CoreRegisters::new();
        self.core.registers.psr.set_t(entry & 1 != 0);
        self.core.registers.lr = u32::MAX;
        self.core.set_pc(entry & !1);
        set_register(&mut self.core, 13, sp);
        self.masks = Masks::default();
        self.bus.reset();
        self.pipeline.refilled();
        self.flash.reset();
        self.meter = Meter::new(sp);
        if self.profiler.is_some() {
            self.profiler = Some(Profiler::new(&self.image.functions));
        }
        self.enter(entry & !1, None);
        sp
    }

    fn enter(&mut self, to: u32, return_to: Option<u32>) {
        if let Some(profiler) = &mut self.profiler {
            let (sp, now) = (self.core.sp(), self.meter.cycles);
            profiler.enter(&self.image.functions, &Jump { to, return_to, sp, now });
        }
    }

    /// Runs until something ends it; a branch to `until` does.
    fn go(&mut self, until: Option<u32>) -> End {
        self.round = None;
        let last = self.meter.instructions.saturating_add(self.limit);
        while self.meter.instructions < last {
            let pc = self.core.pc();
            if Some(pc) == until {
                return End::Returned;
            }
            match self.step(pc) {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(cause) => return End::Fault(Fault { pc, cause }),
            }
        }
        End::Limit
    }

    /// Executes the instruction at `pc`.
    fn step(&mut self, pc: u32) -> Result<Option<End>, Cause> {
        let it = self.core.registers.psr.it_state();
        let decoded = self.code.at(pc, it, &self.bus)?;
        let wide = decoded.wide;
        let next = pc.wrapping_add(if wide { 4 } else { 2 });
        let mut condition = decoded.condition;
        if it.0 != 0 {
            condition = condition.or(it.current_condition());
            let mut it = it;
            it.advance();
            self.core.registers.psr.set_it_state(it);
        }
        let stall = if !self.flash.is_fast() && self.bus.flash_offset(pc).is_some() {
            self.flash.fetch(pc, next.wrapping_sub(pc), self.meter.cycles)
        } else {
            0
        };
        let skipped = condition.is_some_and(|condition| !self.core.registers.psr.test(condition));
        let outcome = if skipped {
            self.pipeline.other(wide);
            Outcome::next(1)
        } else {
            match &decoded.operation {
                What::Core(instruction, kind) => step::core(
                    &mut self.core,
                    &self.bus,
                    &mut self.pipeline,
                    (&**instruction, *kind),
                    (pc, wide),
                )?,
                What::Memory(operation) => {
                    let mut transfer = Transfer {
                        core: &mut self.core,
                        bus: &mut self.bus,
                        meter: &mut self.meter,
                        pipeline: &mut self.pipeline,
                        flash: &mut self.flash,
                        pc,
                        wide,
                    };
                    let done = transfer.run(operation)?;
                    match done.jump {
                        None => Outcome::next(done.cycles),
                        Some(to) if to & 1 == 0 => return Err(Cause::State),
                        Some(to) => {
                            self.pipeline.refilled();
                            Outcome {
                                cycles: done.cycles + timing::LOADED_REFILL,
                                flow: Flow::Jump { to: to & !1, links: false },
                            }
                        }
                    }
                }
                What::Special(kind) => step::special(
                    &mut self.core,
                    &mut self.masks,
                    &mut self.bus,
                    &mut self.pipeline,
                    (*kind, wide, self.meter.cycles),
                )?,
            }
        };
        Ok(self.account((pc, next), skipped, outcome.cycles + stall, &outcome.flow))
    }

    /// Counts what has been executed, or skipped because its condition failed, and goes where it leads.
    fn account(&mut self, (pc, next): (u32, u32), skipped: bool, cycles: u64, flow: &Flow) -> Option<End> {
        if let Flow::Mark(REGION_ENDS) = flow {
            self.regions.end(&mut self.meter, &self.bus, self.core.sp());
        }
        self.meter.instruction(pc, skipped);
        self.meter.cycles += cycles;
        self.meter.stack(stack_pointer(&self.core));
        if let Some(profiler) = &mut self.profiler {
            profiler.spent(&self.image.functions, pc, cycles);
        }
        match *flow {
            Flow::Next => self.core.set_pc(next),
            Flow::Mark(number) => {
                self.core.set_pc(next);
                if number == REGION_BEGINS {
                    self.pipeline.refilled();
                    let (number, sp) = (register(&self.core, 0), self.core.sp());
                    self.regions.begin(number, sp, &mut self.meter);
                }
            }
            Flow::Jump { to, links } => {
                self.core.set_pc(to);
                let (sp, now) = (self.core.sp(), self.meter.cycles);
                if let Some(profiler) = &mut self.profiler {
                    let return_to = links.then_some(next);
                    profiler.jumped(&self.image.functions, &Jump { to, return_to, sp, now });
                }
                if to <= pc && pc - to < SHORT_LOOP && self.is_stuck() {
                    return Some(End::Idle);
                }
            }
            Flow::End(end) => return Some(end),
        }
        None
    }

    /// Whether a short loop has come round and changed nothing: then it never will.
    fn is_stuck(&mut self) -> bool {
        let now = (self.core.registers, self.meter.accesses);
        let stuck = self.round == Some(now);
        self.round = Some(now);
        stuck
    }
}

/// Where a called function returns to: no memory is there.
const RETURN: u32 = 0xFFFF_FFFE;
/// The numbers of the DBG instructions that mark a region.
const REGION_BEGINS: u8 = 1;
const REGION_ENDS: u8 = 2;
/// A loop of so few bytes may be one that waits for an interrupt.
const SHORT_LOOP: u32 = 16;
