//! The HTTP API, base `/api/v1` (charger.md 10.3).
//!
//! Handlers translate: a request into a call of [`Handle`], [`Peers`] or the simulator's remote
//! control, and what the charger knows into a document. They decide nothing. The router is
//! served on a Unix socket in the state directory ([`socket`]), which is how the command line
//! talks to a running charger, and by the web application's server ([`crate::web`]).
//!
//! Every command answers with the resulting state and can be repeated (CH-703); every error is a
//! problem document (RFC 9457, CH-701).

pub mod documents;
mod eebus;
pub mod events;
pub mod network;
mod problem;
pub mod socket;

use core::time::Duration;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use self::documents::{CurveDocument, LimitsDocument, StatusDocument};
use self::events::Events;
use self::network::Network;
pub use self::problem::Problem;
use crate::core::charger::Status;
use crate::core::curve;
use crate::curve::Recorder;
use crate::hardware::simulator::Remote;
use crate::peers::Peers;
use crate::port::Handle;

/// The largest body of a request (CH-674).
pub(crate) const BODY: usize = 64 * 1024;
/// The longest that a request may take (CH-674).
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a command waits for its effect before it answers with what there is.
const EFFECT: Duration = Duration::from_secs(2);

/// What the handlers work on.
#[derive(Clone)]
pub struct Api {
    /// The charger.
    pub charger: Handle,
    /// Its peers; without EEBUS there are no `/eebus` paths.
    pub peers: Option<Arc<dyn Peers>>,
    /// The simulated car; on real hardware there are no `/sim` paths.
    pub simulator: Option<Remote>,
    /// The streams of `/events`. Somebody has to [`run`](Events::run) them.
    pub events: Events,
    /// The curve of the running session. Somebody has to [`run`](Recorder::run) it.
    pub curve: Recorder,
    /// The network that the charger is in.
    pub network: Network,
}

/// The whole API.
pub fn router(api: Api) -> Router {
    let mut v1 = Router::new()
        .route("/health", get(async || StatusCode::NO_CONTENT))
        .route("/status", get(status))
        .route("/events", get(events::events))
        .route("/limits", get(limits))
        .route("/sessions/current/curve", get(session_curve))
        .route("/charge/pause", post(pause))
        .route("/charge/start", post(start));
    if api.peers.is_some() {
        v1 = v1.nest("/eebus", eebus::router());
    }
    if let Some(simulator) = api.simulator.clone() {
        let plugged = simulator.clone();
        v1 = v1
            .route("/sim/plug", post(move |api| plug(api, plugged, true)))
            .route("/sim/unplug", post(move |api| plug(api, simulator, false)));
    }
    let v1 = v1.method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED);
    Router::new()
        .nest("/api/v1", v1)
        .fallback(async || Problem::NOT_FOUND)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn(in_time))
        .with_state(api)
}

impl Api {
    /// An API on this charger, whose streams and curve are its own.
    pub fn new(
        charger: Handle,
        peers: Option<Arc<dyn Peers>>,
        simulator: Option<Remote>,
        streams: usize,
    ) -> Self {
        let events = Events::new(streams);
        let (curve, network) = (Recorder::default(), Network::default());
        Self { charger, peers, simulator, events, curve, network }
    }

    fn document(&self) -> StatusDocument {
        let trusted = self.peers.as_ref().map(|peers| peers.trusted());
        let waiting = self.peers.as_ref().map(|peers| peers.waiting()).unwrap_or_default();
        let status = self.charger.status();
        let network = self.network.document();
        StatusDocument::new(&status, trusted, &waiting, network, self.charger.clock())
    }

    /// The document as a value.
    fn picture(&self) -> Value {
        serde_json::to_value(self.document()).expect("its keys are text")
    }

    /// The document once an order has taken effect.
    async fn after(&self, effect: impl FnMut(&Arc<Status>) -> bool) -> Json<StatusDocument> {
        let mut watch = self.charger.watch();
        // Too late: the document shows that it has not happened yet.
        let _ = tokio::time::timeout(EFFECT, watch.wait_for(effect)).await;
        Json(self.document())
    }
}

async fn status(State(api): State<Api>) -> Json<StatusDocument> {
    Json(api.document())
}

async fn limits(State(api): State<Api>) -> Json<LimitsDocument> {
    Json(LimitsDocument::new(&api.charger.status().limits, api.charger.clock()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveQuery {
    points: Option<usize>,
}

async fn session_curve(
    State(api): State<Api>,
    query: Result<Query<CurveQuery>, QueryRejection>,
) -> Result<Json<CurveDocument>, Problem> {
    let unreadable = |rejection: QueryRejection| Problem::UNREADABLE.detail(rejection.body_text());
    let Query(CurveQuery { points }) = query.map_err(unreadable)?;
    let points = points.unwrap_or(curve::MOST);
    if !(curve::LEAST..=curve::MOST).contains(&points) {
        let range = format!("points is a number from {} to {}", curve::LEAST, curve::MOST);
        return Err(Problem::UNREADABLE.detail(range));
    }
    let (session, points) = api.curve.read(&api.charger, points).ok_or(Problem::NO_SESSION)?;
    Ok(Json(CurveDocument::new(&session, &points, api.charger.clock())))
}

async fn pause(State(api): State<Api>) -> Json<StatusDocument> {
    api.charger.pause();
    api.after(|status| status.is_paused()).await
}

async fn start(State(api): State<Api>) -> Json<StatusDocument> {
    api.charger.resume();
    api.after(|status| !status.is_paused()).await
}

async fn plug(State(api): State<Api>, car: Remote, plugged: bool) -> Json<StatusDocument> {
    if plugged {
        car.plug();
    } else {
        car.unplug();
    }
    api.after(|status| status.session.is_some() == plugged).await
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::TIMED_OUT.into_response(),
    }
}

#[cfg(test)]
mod tests;
