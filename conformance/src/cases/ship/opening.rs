//! Roles and the connection mode initialisation (SHIP 1.1.0 §13.4.1, §13.4.3).

use core::time::Duration;

use super::Case;
use crate::device::Action;
use crate::tester::identity::Identity;
use crate::tester::link::{Arrival, Refused};
use crate::tester::ship::{ANSWER, Ship};
use crate::tester::{Step, Stop, fail};

const SEVEN: Duration = Duration::from_secs(7);

/// The device sends a hello, in whatever phase.
async fn expect_any_hello(ship: &mut Ship) -> Step {
    ship.expect("connectionHello").await.map(drop)
}

/// The device has dialled the tool, whose key is smaller; in that moment the tool dials the device.
pub(super) async fn tc_ship_conn_001(cx: &mut Case) -> Step {
    let probe = cx.connect().await?;
    let device = probe.link.peer();
    probe.link.cut();
    let smaller = loop {
        let identity = Identity::fresh();
        if identity.ski < device {
            break identity;
        }
    };
    cx.act(Action::Trust(smaller.ski)).await?;
    let first = cx.be_dialled_raw(&smaller).await?;
    let (first, second) = tokio::join!(cx.accept_as(first, &smaller), cx.connect_as(&smaller));
    let second = second?.map_err(|refused| Stop::Failed(refused.to_string()))?;
    let mut second = second.up_to_hello().await?;
    expect_any_hello(&mut second).await?;
    match first {
        Ok(mut first) => {
            let until = second.link.opened() + Duration::from_secs(30);
            loop {
                match first.link.next(until).await {
                    Arrival::Closed(_) => break,
                    Arrival::Message(_) => {}
                    Arrival::Nothing => return fail("the older connection is open after 30 s"),
                }
            }
        }
        Err(Refused::Silence) => return fail("the older connection is left hanging"),
        // The device ended it before it was complete.
        Err(Refused::Tls(_) | Refused::Upgrade(_)) => {}
    }
    second.expect_silence(Duration::from_secs(5)).await
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
