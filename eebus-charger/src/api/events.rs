//! `/events`: the status as it changes, as server-sent events (CH-710).
//!
//! A stream begins with `retry: 2000` and one event `status` that holds the whole document of
//! `GET /status`. Further events `status` hold what has changed since the one before, as a JSON
//! merge patch (RFC 7396): an object that is merged into the document, `null` removes. There is
//! one at least every second and no more than two.
//!
//! ```text
//! id: 17
//! event: status
//! data: {"power_w":6890,"session":{"energy_wh":1204},"time":"2026-03-04T17:02:12Z"}
//! ```
//!
//! Whoever reconnects, with `Last-Event-ID` or without, begins with the whole document again: it
//! is little more than a patch, and nothing has to be kept for those who are away. Every client
//! has a short queue of its own; one that lets it fill up loses the stream.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Api, Problem};
use crate::ending::Ending;

/// The least time from one event to the next.
const PACE: Duration = Duration::from_millis(500);
/// How often a comment says that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many events may wait for a client: eight seconds at least.
const QUEUE: usize = 16;
/// How many streams there may be if nobody says.
pub const STREAMS: usize = 64;

/// The streams.
#[derive(Clone, Debug)]
pub struct Events {
    most: usize,
    streams: Arc<Mutex<Streams>>,
}

#[derive(Debug, Default)]
struct Streams {
    queues: Vec<mpsc::Sender<Bytes>>,
    /// What all of them have been told; none without a stream.
    told: Option<Value>,
    /// The number of the last event.
    id: u64,
    /// The program ends: there are no new streams.
    is_over: bool,
}

impl Events {
    /// No streams yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self { most, streams: Arc::default() }
    }

    /// Tells the streams what happens, until the program ends.
    pub async fn run(api: Api, until: Ending) {
        let mut watch = api.charger.watch();
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ending = core::pin::pin!(until.begun());
        loop {
            tokio::select! {
                // Without a charger there is no news; the end of the program is near.
                Ok(()) = watch.changed() => {
                    api.events.publish(|| api.picture());
                    sleep(PACE).await;
                }
                _ = heartbeat.tick() => api.events.lock().send(&Bytes::from_static(b":\n\n")),
                () = &mut ending => break,
            }
        }
        let mut streams = api.events.lock();
        streams.is_over = true;
        streams.queues.clear();
    }

    /// A new stream; `document` is asked for if nobody else has one.
    fn subscribe(&self, document: impl FnOnce() -> Value) -> Result<Stream, Problem> {
        let mut streams = self.lock();
        streams.queues.retain(|queue| !queue.is_closed());
        if streams.is_over || streams.queues.len() >= self.most {
            return Err(Problem::TOO_MANY);
        }
        if streams.queues.is_empty() {
            streams.told = None;
        }
        let id = streams.id;
        let told = streams.told.get_or_insert_with(document);
        let (queue, events) = mpsc::channel(QUEUE);
        // It is empty.
        let _ = queue.try_send(Bytes::from(format!("retry: 2000\n{}", event(id, told))));
        streams.queues.push(queue);
        Ok(Stream(events))
    }

    fn publish(&self, document: impl FnOnce() -> Value) {
        let mut streams = self.lock();
        let Some(told) = &streams.told else { return };
        let document = document();
        if let Some(patch) = patch(told, &document) {
            streams.id += 1;
            let event = Bytes::from(event(streams.id, &patch));
            streams.send(&event);
        }
        streams.told = (!streams.queues.is_empty()).then_some(document);
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // A panic in between leaves at worst a stream that was told too much or too little; in
        // release it ends the program.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    /// Whoever is gone or has no room is dropped.
    fn send(&mut self, bytes: &Bytes) {
        self.queues.retain(|queue| queue.try_send(bytes.clone()).is_ok());
    }
}

pub(super) async fn events(State(api): State<Api>) -> Result<Response, Problem> {
    let stream = api.events.subscribe(|| api.picture())?;
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::new(stream)).into_response())
}

/// One event as it is sent.
fn event(id: u64, data: &Value) -> String {
    format!("id: {id}\nevent: status\ndata: {data}\n\n")
}

/// What makes `new` of `old` when it is merged into it (RFC 7396); nothing if they are the same.
/// Documents hold no nulls.
fn patch(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let mut patches: Map<String, Value> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in after {
        let patch = before.get(key).map_or_else(|| Some(value.clone()), |old| patch(old, value));
        patches.extend(patch.map(|patch| (key.clone(), patch)));
    }
    (!patches.is_empty()).then_some(Value::Object(patches))
}

/// The body of an answer that ends when its queue is dropped.
struct Stream(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// RFC 7396 §2, as a client has it.
    fn merge(target: &mut Value, patch: &Value) {
        let Value::Object(patch) = patch else {
            *target = patch.clone();
            return;
        };
        if !target.is_object() {
            *target = json!({});
        }
        let Value::Object(target) = target else { unreachable!("it is one now") };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            prop::collection::vec(0u32..3, 0..3).prop_map(Value::from),
            Just(json!({})),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        })
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_new_document_of_the_old_one(old in document(), new in document()) {
            let mut patched = old.clone();
            match patch(&old, &new) {
                Some(patch) => merge(&mut patched, &patch),
                None => prop_assert_eq!(&old, &new),
            }
            prop_assert_eq!(patched, new);
        }
    }

    fn next(stream: &mut Stream) -> Option<String> {
        let bytes = stream.0.try_recv().ok()?;
        Some(String::from_utf8(bytes.to_vec()).expect("it is text"))
    }

    #[test]
    fn a_stream_begins_with_everything_and_goes_on_with_changes() {
        let events = Events::new(STREAMS);
        let mut first = events.subscribe(|| json!({ "a": 1, "b": { "c": 2 } })).expect("room");
        let whole = "id: 0\nevent: status\ndata: {\"a\":1,\"b\":{\"c\":2}}\n\n";
        assert_eq!(next(&mut first), Some(format!("retry: 2000\n{whole}")));

        events.publish(|| json!({ "a": 1, "b": { "c": 3 } }));
        let changed = "id: 1\nevent: status\ndata: {\"b\":{\"c\":3}}\n\n";
        assert_eq!(next(&mut first).as_deref(), Some(changed));
        events.publish(|| json!({ "a": 1, "b": { "c": 3 } }));
        assert_eq!(next(&mut first), None, "nothing has changed");

        let mut second = events.subscribe(|| unreachable!("there is one")).expect("room");
        let whole = next(&mut second).expect("it begins");
        assert!(whole.ends_with("id: 1\nevent: status\ndata: {\"a\":1,\"b\":{\"c\":3}}\n\n"));
        events.publish(|| json!({ "b": { "c": 3 } }));
        for stream in [&mut first, &mut second] {
            let gone = "id: 2\nevent: status\ndata: {\"a\":null}\n\n";
            assert_eq!(next(stream).as_deref(), Some(gone));
        }
    }

    #[test]
    fn the_streams_are_bounded_and_who_leaves_makes_room() {
        let events = Events::new(2);
        let first = events.subscribe(|| json!({})).expect("room");
        let _second = events.subscribe(|| json!({})).expect("room");
        assert!(events.subscribe(|| json!({})).is_err());
        drop(first);
        assert!(events.subscribe(|| json!({})).is_ok());
    }

    #[test]
    fn a_client_that_does_not_read_loses_its_stream_and_nobody_else_does() {
        let events = Events::new(STREAMS);
        let mut asleep = events.subscribe(|| json!({ "n": -1 })).expect("room");
        let mut awake = events.subscribe(|| json!({})).expect("room");
        for n in 0..100 {
            events.publish(|| json!({ "n": n }));
            while next(&mut awake).is_some() {}
        }
        assert_eq!(events.lock().queues.len(), 1);
        let mut waiting = 0;
        while next(&mut asleep).is_some() {
            waiting += 1;
        }
        assert_eq!(waiting, QUEUE);
        assert!(asleep.0.is_closed() && !awake.0.is_closed());
    }

    #[test]
    fn a_document_that_was_told_to_nobody_is_not_told_later() {
        let events = Events::new(STREAMS);
        drop(events.subscribe(|| json!({ "n": 1 })).expect("room"));
        events.publish(|| json!({ "n": 2 }));
        let mut stream = events.subscribe(|| json!({ "n": 3 })).expect("room");
        assert!(next(&mut stream).expect("it begins").contains("{\"n\":3}"));
    }
}
