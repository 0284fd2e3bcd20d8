//! Ethernet with a PHY on RMII, an address by DHCP, and TCP.
//!
//! Wired as on the Olimex STM32-P107; other boards differ in who makes the 50 MHz, and some in the pins.
//!
//! | pin | signal | | pin | signal |
//! | --- | --- | --- | --- | --- |
//! | PA1 | REF_CLK, 50 MHz in | | PC4 | RXD0 |
//! | PA2 | MDIO | | PC5 | RXD1 |
//! | PC1 | MDC | | PB11 | TX_EN |
//! | PA7 | CRS_DV | | PB12 | TXD0 |
//! | PA8 | 50 MHz out, to the PHY | | PB13 | TXD1 |
//!
//! A PHY with an oscillator of its own needs no PA8. The PHY may have any address. embassy-stm32 runs the MAC at
//! 100 Mbit/s, full duplex, whatever the PHY has negotiated: a 10 Mbit/s hub is not for it.
//!
//! While the core sleeps, this part's MAC reaches the RAM only if another bus master has its clock (its errata sheet).
//! embassy-stm32 leaves DMA1 and DMA2 on, which is enough; whoever turns both off loses frames.

use embassy_net::{Config, DhcpConfig, Runner, Stack, StackResources};
use embassy_stm32::{
    Peri, bind_interrupts,
    eth::{Ethernet, GenericPhy, InterruptHandler, PacketQueue, Sma},
    peripherals::{ETH, ETH_SMA, MCO, PA1, PA2, PA7, PA8, PB11, PB12, PB13, PC1, PC4, PC5},
    rcc::{Mco, McoConfig, McoSource},
    uid,
};
use static_cell::ConstStaticCell;

bind_interrupts!(struct Lines {
    ETH => InterruptHandler;
});

/// What the network takes of the part.
pub(crate) struct Port {
    pub(crate) eth: Peri<'static, ETH>,
    pub(crate) sma: Peri<'static, ETH_SMA>,
    pub(crate) mco: Peri<'static, MCO>,
    pub(crate) clock_out: Peri<'static, PA8>,
    pub(crate) ref_clk: Peri<'static, PA1>,
    pub(crate) mdio: Peri<'static, PA2>,
    pub(crate) mdc: Peri<'static, PC1>,
    pub(crate) crs_dv: Peri<'static, PA7>,
    pub(crate) rxd: (Peri<'static, PC4>, Peri<'static, PC5>),
    pub(crate) tx_en: Peri<'static, PB11>,
    pub(crate) txd: (Peri<'static, PB12>, Peri<'static, PB13>),
}

/// The MAC and its PHY.
type Driver = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

/// Starts MAC and PHY; [`run`] must be spawned with the second of the two. DHCP gives the address;
/// `Config::ipv4_static` would set one.
///
/// Without the 50 MHz the MAC never leaves its reset, and without a PHY embassy-stm32 panics: the watchdog must run.
pub(crate) fn start(port: Port, seed: u64) -> (Stack<'static>, Runner<'static, Driver>) {
    // Clocks go on when this handle is dropped.
    let _clock = Mco::new(port.mco, port.clock_out, McoSource::PLL3, McoConfig::default());
    let driver = Ethernet::new(
        PACKETS.take(),
        port.eth,
        Lines,
        port.ref_clk,
        port.crs_dv,
        port.rxd.0,
        port.rxd.1,
        port.txd.0,
        port.txd.1,
        port.tx_en,
        hardware_address(),
        port.sma,
        port.mdio,
        port.mdc,
    );
    embassy_net::new(driver, Config::dhcpv4(DhcpConfig::default()), RESOURCES.take(), seed)
}

/// Moves packets between MAC and sockets.
#[embassy_executor::task]
pub(crate) async fn run(mut runner: Runner<'static, Driver>) {
    runner.run().await;
}

/// Locally administered, and the chip's number folded into 40 bits (FNV-1a): two boards of one network must differ.
fn hardware_address() -> [u8; 6] {
    let folded = uid::uid().iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let [_, _, _, b, c, d, e, f] = (folded ^ folded >> 40).to_be_bytes();
    [0x02, b, c, d, e, f]
}

/// Room for four frames in and two out, 9 KB.
static PACKETS: ConstStaticCell<PacketQueue<2, 4>> = ConstStaticCell::new(PacketQueue::new());
/// Two sockets: ours and DHCP's.
static RESOURCES: ConstStaticCell<StackResources<2>> = ConstStaticCell::new(StackResources::new());
