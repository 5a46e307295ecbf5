//! Two engines, connected by a few lines: they discover each other, one binds and writes.
//!
//! Look at the conversation: both ask who the other is, the manager binds the limit before it may
//! write, and after the write comes the answer and then the news to everybody who subscribed.

use eebus_json::List;
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice, Operations};
use spine::engine::{Event, Misuse, Mode};
use spine::model::{
    Cmd, DeviceType, EntityType, FeatureAddress, FeatureType, Function, LoadControlLimitData, Role,
    ScaledNumber,
};
use spine::testing::{Pair, Side, Way};

fn limit(amperes: i64) -> LoadControlLimitData {
    LoadControlLimitData {
        limit_id: Some(1.into()),
        is_limit_active: Some(true),
        value: Some(ScaledNumber::from_integer(amperes)),
        ..LoadControlLimitData::default()
    }
}

fn charger() -> Result<(Engine, FeatureAddress), Misuse> {
    let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
    let mut engine = Engine::new(device, Mode::Tolerant);
    let mut evse = EntityPlan::new(EntityType::EVSE);
    let entry = LoadControlLimitData { is_limit_changeable: Some(true), ..limit(32) };
    evse.feature(&FeatureType::LoadControl, Role::Server)
        .serve(Function::LoadControlLimitListData, Operations::READ_WRITE)
        .data = Some(List(vec![entry]).into());
    let path = engine.add_entity(evse)?;
    let server = engine.local().find(&path, &FeatureType::LoadControl, Role::Server);
    Ok((engine, server.ok_or(Misuse::UnknownLocal)?))
}

fn manager() -> Result<(Engine, FeatureAddress), Misuse> {
    let device = LocalDevice::new("d:_n:Example_Box".into(), DeviceType::EnergyManagementSystem);
    let mut engine = Engine::new(device, Mode::Tolerant);
    let mut cem = EntityPlan::new(EntityType::CEM);
    cem.feature(&FeatureType::LoadControl, Role::Client);
    let path = engine.add_entity(cem)?;
    let client = engine.local().find(&path, &FeatureType::LoadControl, Role::Client);
    Ok((engine, client.ok_or(Misuse::UnknownLocal)?))
}

fn main() -> Result<(), Misuse> {
    let (charger, server) = charger()?;
    let (manager, client) = manager()?;
    let mut pair = Pair::new(Side::new(charger, ()), Side::new(manager, ()));
    let peer = Pair::<(), ()>::PEER;

    pair.connect();
    pair.right.engine.subscribe(peer, &client, &server, pair.now)?;
    pair.right.engine.bind(peer, &client, &server, pair.now)?;
    pair.right.engine.write(
        peer,
        &client,
        &server,
        Cmd::partial(List(vec![limit(10)])),
        pair.now,
    )?;
    pair.settle();

    for (way, text) in &pair.wire {
        println!("{} {text}\n", if *way == Way::Left { "manager" } else { "charger" });
    }
    let answered = pair.right.events.iter().rev().find_map(|event| match event {
        Event::Answered { result, .. } => Some(result),
        _ => None,
    });
    println!("the write was answered: {answered:?}");
    println!(
        "the charger holds: {:?}",
        pair.left.engine.data::<List<LoadControlLimitData>>(&server)
    );
    Ok(())
}
