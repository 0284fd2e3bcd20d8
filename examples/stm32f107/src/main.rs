//! Lowkey's async channel on an STM32F107: opens a channel to its server, sends readings and listens at the same time,
//! and comes back when the server goes away.
//!
//! The image holds no key. The key page says who this device is, whom it trusts and where to find it; the boot log
//! says which start this is.
#![no_std]
#![no_main]

mod boot;
mod clock;
mod connection;
mod console;
mod flash;
mod halt;
#[allow(unreachable_pub)] // it is the other board's
#[path = "../../lm3s6965-ethernet/src/liveness.rs"]
mod liveness;
mod network;
mod noise;
mod session;
mod watchdog;

use core::future::pending;

use cortex_m_rt::entry;
use embassy_executor::{Executor, Spawner};
use embassy_stm32::Peripherals;
use embassy_time::{Duration, Instant, Timer};
use lowkey_core::{Entropy, SeedEntropy};
use lowkey_transport::Backoff;
use static_cell::StaticCell;

use crate::{
    boot::Start,
    connection::{Attempt, MEMORY},
    console::Console,
    flash::Log,
    network::Port,
    noise::Cycles,
    session::Ended,
};

#[entry]
fn main() -> ! {
    let part = embassy_stm32::init(clock::config());
    let executor = EXECUTOR.init(Executor::new());
    executor.run(|spawner| {
        if let Ok(task) = device(spawner, part) {
            spawner.spawn(task);
        }
    })
}

/// Everything but the tasks that serve it.
#[embassy_executor::task]
async fn device(spawner: Spawner, part: Peripherals) {
    let mut console = Console::new(part.USART3, part.PD8);
    console.text("lowkey on an STM32F107").end();
    let noise = noise::gather(part.ADC1).await;
    let Start { device, mut ephemerals, network_seed } = match boot::start(Log::new(part.FLASH), &noise) {
        Ok(start) => start,
        Err(why) => {
            // A device without keys, or that cannot count its starts, does nothing at all: nothing is guessed.
            console.text(why).end();
            return pending().await;
        }
    };
    console.text("boot ").number(ephemerals.boot() as u32);
    console.text(", server ").text(device.page.address()).end();

    let Some(core) = cortex_m::Peripherals::take() else { return };
    let cycles = Cycles::start(core.DCB, core.DWT);
    let watchdog = watchdog::start(part.IWDG);
    let port = Port {
        eth: part.ETH,
        sma: part.ETH_SMA,
        mco: part.MCO,
        clock_out: part.PA8,
        ref_clk: part.PA1,
        mdio: part.PA2,
        mdc: part.PC1,
        crs_dv: part.PA7,
        rxd: (part.PC4, part.PC5),
        tx_en: part.PB11,
        txd: (part.PB12, part.PB13),
    };
    let (stack, runner) = network::start(port, network_seed);
    // Each is spawned once, which is all that can fail.
    let (Ok(feed), Ok(run)) = (watchdog::feed(watchdog), network::run(runner)) else { return };
    spawner.spawn(feed);
    spawner.spawn(run);

    let memory = MEMORY.take();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        watchdog::progress();
        ephemerals.entropy().stir(&cycles.now().to_be_bytes());
        let chance = chance(ephemerals.entropy());
        let mut attempt = Attempt::new(stack, memory);
        let (ended, pause) = match attempt.connect(stack, &device, &mut ephemerals).await {
            Ok(mut channel) => {
                let opened = Instant::now();
                console.text("channel open, ").text(device.pinning().mode().as_str()).end();
                let Ended { received, why } = session::run(&mut channel).await;
                let lasted = u32::try_from(opened.elapsed().as_millis()).unwrap_or(u32::MAX);
                (why, backoff.ended(lasted, received, chance))
            }
            Err(error) => (Err(error), backoff.failed(&error, chance)),
        };
        console.text(ended.map_or_else(|error| error.as_str(), |()| "the server closed the channel")).end();
        attempt.end().await;
        Timer::after(Duration::from_millis(pause.into())).await;
    }
}

/// What differs between devices and attempts, for the pause.
fn chance(entropy: &mut SeedEntropy) -> u32 {
    let mut chance = [0; 4];
    let _without_it_the_pause_is_the_shortest = entropy.fill(&mut chance);
    u32::from_be_bytes(chance)
}

/// Milliseconds: the longest that the first pause can be, and the last.
const FIRST_PAUSE: u32 = 500;
const LONGEST_PAUSE: u32 = 30_000;

static EXECUTOR: StaticCell<Executor> = StaticCell::new();
