//! Hello: whether both sides trust each other yet (SHIP 1.1.0 §13.4.4.1).

use core::time::Duration;

use tokio::time::Instant;

use super::Case;
use crate::tester::link::{Arrival, Message};
use crate::tester::ship::{ANNOUNCE_MAX, HELLO_READY, Ship};
use crate::tester::wire::View;
use crate::tester::{Step, fail, require};

const PENDING: &str = r#"{"connectionHello":[{"phase":"pending"},{"waiting":120000}]}"#;
const PROLONGATION: &str =
    r#"{"connectionHello":[{"phase":"pending"},{"prolongationRequest":true}]}"#;

/// The tool becomes ready, and the device goes on to the protocol handshake.
///
/// The specification expects the device to open it, which a server cannot do; so the tool does,
/// and the device's `select` counts.
async fn ready_leads_to_the_protocol_handshake(ship: &mut Ship) -> Step {
    ship.send(HELLO_READY).await;
    match ship.link.next(Instant::now() + Duration::from_secs(1)).await {
        Arrival::Message(Message::Control(name, _)) if name == "messageProtocolHandshake" => Ok(()),
        Arrival::Nothing => {
            ship.send(ANNOUNCE_MAX).await;
            ship.expect("messageProtocolHandshake").await.map(drop)
        }
        other => fail(format!("expected messageProtocolHandshake, got {other:?}")),
    }
}

pub(super) async fn tc_ship_hello_001(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_hello().await?;
    ship.expect_hello("ready").await?;
    ready_leads_to_the_protocol_handshake(&mut ship).await
}

pub(super) async fn tc_ship_hello_002(cx: &mut Case) -> Step {
    let rounds = cx.sheet().prolongations;
    let mut ship = cx.connect().await?.up_to_hello().await?;
    let mut left = ship.expect_hello("ready").await?;
    let mut since = Instant::now();
    ship.expect_silence(Duration::from_secs(45)).await?;
    for _ in 0..rounds {
        ship.send(PROLONGATION).await;
        let after = ship.expect_hello("ready").await?;
        // What remained of the old time plus an increment, never less.
        let passed = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (Some(before), Some(now)) = (left, after) else {
            return fail("a device that waits has to say how long: no waiting in its hello");
        };
        require(now > before.saturating_sub(passed), "the prolonged wait is longer than the rest")?;
        left = after;
        since = Instant::now();
        ship.expect_silence(Duration::from_secs(60)).await?;
    }
    ready_leads_to_the_protocol_handshake(&mut ship).await
}

pub(super) async fn tc_ship_hello_003(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_hello().await?;
    let Some(waiting) = ship.expect_hello("ready").await? else {
        return fail("the first hello has no waiting");
    };
    require((58_000..=240_000).contains(&waiting), format!("58000 <= {waiting} <= 240000"))?;
    let by = Instant::now() + Duration::from_millis(waiting) + Duration::from_secs(2);
    match ship.link.next(by).await {
        Arrival::Message(Message::Control(name, content))
            if name == "connectionHello" && View(&content).text("phase") == Some("aborted") => {}
        other => return fail(format!("expected connectionHello aborted, got {other:?}")),
    }
    ship.expect_close(by.saturating_duration_since(Instant::now())).await
}

pub(super) async fn tc_ship_hello_004(cx: &mut Case) -> Step {
    let mut ship = cx.connect().await?.up_to_hello().await?;
    ship.expect_hello("ready").await?;
    ship.send(PENDING).await;
    ship.expect_silence(Duration::from_secs(30)).await?;
    ready_leads_to_the_protocol_handshake(&mut ship).await
}
