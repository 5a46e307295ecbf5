//! Version and format, and the PIN state (SHIP 1.1.0 §13.4.4.2, §13.4.4.3).

use core::time::Duration;

use super::Case;
use crate::tester::ship::{
    ACCESS_METHODS_REQUEST, ANNOUNCE_MAX, ANSWER, HELLO_READY, PIN_NONE, SELECT,
};
use crate::tester::wire::View;
use crate::tester::{Step, require};

/// The Wait-Timer of 10 s and 2 s of tolerance.
const WAIT_TIMER: Duration = Duration::from_secs(12);
/// How long after its error message the device may take to close.
const CLOSING: Duration = Duration::from_secs(2);
const TIMEOUT: u64 = 1;
const UNEXPECTED: u64 = 2;

pub(super) async fn tc_ship_prot_001(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_protocol().await?;
    ship.send(ANNOUNCE_MAX).await;
    let version = ship.expect_protocol("select").await?;
    require(version <= (1, 0), format!("the selected version {version:?} was announced"))?;
    ship.send(SELECT).await;
    ship.expect("connectionPinState").await.map(drop)
}

pub(super) async fn tc_ship_prot_002(cx: &mut Case) -> Step {
    let announced = cx.sheet().ship_version;
    let mut ship = cx.be_dialled().await?.up_to_protocol().await?;
    let version = ship.expect_protocol("announceMax").await?;
    require(version == announced, format!("PAR_shipVersion {announced:?} is announced"))?;
    ship.send(SELECT).await;
    let version = ship.expect_protocol("select").await?;
    require(version == (1, 0), "the device confirms the version 1.0")?;
    ship.expect("connectionPinState").await.map(drop)
}

pub(super) async fn tc_ship_prot_003(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_protocol().await?;
    ship.expect_protocol_error(TIMEOUT, WAIT_TIMER).await?;
    ship.expect_close(CLOSING).await
}

pub(super) async fn tc_ship_prot_004(cx: &mut Case) -> Step {
    let mut ship = cx.be_dialled().await?.up_to_protocol().await?;
    ship.expect_protocol("announceMax").await?;
    ship.expect_protocol_error(TIMEOUT, WAIT_TIMER).await?;
    ship.expect_close(CLOSING).await
}

pub(super) async fn tc_ship_prot_005(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_protocol().await?;
    ship.send(HELLO_READY).await;
    ship.expect_protocol_error(UNEXPECTED, ANSWER).await?;
    ship.expect_close(CLOSING).await
}

pub(super) async fn tc_ship_prot_006(cx: &mut Case) -> Step {
    let mut ship = cx.be_dialled().await?.up_to_protocol().await?;
    ship.expect_protocol("announceMax").await?;
    ship.send(HELLO_READY).await;
    ship.expect_protocol_error(UNEXPECTED, ANSWER).await?;
    ship.expect_close(CLOSING).await
}

pub(super) async fn tc_ship_pin_001(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_pin().await?;
    ship.send(PIN_NONE).await;
    let state = ship.expect("connectionPinState").await?;
    let state = View(&state);
    require(state.text("pinState") == Some("none"), format!("the PIN state is none: {state}"))?;
    require(state.at("inputPermission").is_none(), "no inputPermission without a PIN")?;
    ship.send(ACCESS_METHODS_REQUEST).await;
    ship.expect_between("accessMethods", ANSWER, true).await.map(drop)
}
