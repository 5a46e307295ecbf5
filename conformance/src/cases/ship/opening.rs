//! Roles and the connection mode initialisation (SHIP 1.1.0 §13.4.1, §13.4.3).

use core::time::Duration;

use super::Case;
use crate::device::Action;
use crate::tester::identity::Identity;
use crate::tester::ship::{ANSWER, Ship};
use crate::tester::{Step, Stop};

const SEVEN: Duration = Duration::from_secs(7);

/// The device sends a hello, in whatever phase.
async fn expect_any_hello(ship: &mut Ship) -> Step {
    ship.expect("connectionHello").await.map(drop)
}

pub(super) async fn tc_ship_role_001(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?;
    // The official text demands an open connection only; a device that speaks first is tolerated
    // there and not here, because the client has to open the mode (interop with ship-go).
    ship.expect_silence(SEVEN).await?;
    let mut ship = ship.up_to_hello().await?;
    expect_any_hello(&mut ship).await
}

pub(super) async fn tc_ship_role_002(cx: &mut Case) -> Step {
    let mut ship = cx.be_dialled().await?;
    ship.expect_init().await?;
    ship.expect_silence(SEVEN).await?;
    ship.link.send(&[0, 0]).await;
    expect_any_hello(&mut ship).await
}

pub(super) async fn tc_ship_role_003(cx: &mut Case) -> Step {
    let other = Identity::fresh();
    cx.act(Action::Trust(other.ski)).await?;
    let mut dialled = cx.be_dialled().await?;
    let mut dialling =
        cx.connect_as(&other).await?.map_err(|refused| Stop::Failed(refused.to_string()))?;
    dialled.expect_init().await?;
    dialled.link.send(&[0, 0]).await;
    dialling.link.send(&[0, 0]).await;
    dialling.expect_init().await?;
    dialled.expect_hello("ready").await?;
    dialling.expect_hello("ready").await?;
    Ok(())
}

/// The server answers what is no valid mode with its own, then it closes.
async fn invalid_mode_to_server(cx: &mut Case, octets: &[u8]) -> Step {
    let mut ship = cx.connect().await?;
    ship.link.send(octets).await;
    ship.expect_init().await?;
    ship.expect_close(ANSWER).await
}

/// The client has sent its mode already; it closes without another message.
async fn invalid_mode_to_client(cx: &mut Case, octets: &[u8]) -> Step {
    let mut ship = cx.be_dialled().await?;
    ship.expect_init().await?;
    ship.link.send(octets).await;
    ship.expect_close(ANSWER).await
}

pub(super) async fn tc_ship_cmi_001(cx: &mut Case) -> Step {
    invalid_mode_to_server(cx, &[1, 0]).await
}

pub(super) async fn tc_ship_cmi_002(cx: &mut Case) -> Step {
    invalid_mode_to_client(cx, &[1, 0]).await
}

pub(super) async fn tc_ship_cmi_003(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?;
    ship.expect_silence(SEVEN).await?;
    ship.expect_close(Duration::from_secs(25)).await
}

pub(super) async fn tc_ship_cmi_004(cx: &mut Case) -> Step {
    let mut ship = cx.be_dialled().await?;
    ship.expect_init().await?;
    ship.expect_silence(SEVEN).await?;
    ship.expect_close(Duration::from_secs(25)).await
}

pub(super) async fn tc_ship_cmi_005(cx: &mut Case) -> Step {
    invalid_mode_to_server(cx, &[0, 1]).await
}

pub(super) async fn tc_ship_cmi_006(cx: &mut Case) -> Step {
    invalid_mode_to_client(cx, &[0, 1]).await
}
