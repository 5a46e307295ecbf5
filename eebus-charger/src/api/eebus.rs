//! `/eebus`: who may talk to the charger (CH-172 to CH-178).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use ship::Ski;

use super::Api;
use super::documents::{EebusDocument, RequestDocument};
use super::problem::{Body, Problem};
use crate::peers::{Peers, PeersError};

pub(super) fn router() -> Router<Api> {
    Router::new()
        .route("/", get(list))
        .route("/requests", get(requests))
        .route("/requests/{ski}/accept", post(accept))
        .route("/requests/{ski}/deny", post(deny))
        .route("/pair", post(pair))
        .route("/{ski}", delete(untrust))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    ski: String,
}

async fn list(State(api): State<Api>) -> Result<Json<EebusDocument>, Problem> {
    let peers = peers(&api)?;
    Ok(Json(EebusDocument::new(peers.ski(), &peers.trusted())))
}

async fn requests(State(api): State<Api>) -> Result<Json<Vec<RequestDocument>>, Problem> {
    let waiting = peers(&api)?.waiting();
    Ok(Json(waiting.into_iter().map(RequestDocument::new).collect()))
}

async fn accept(state: State<Api>, ski: Path<String>) -> Result<Json<EebusDocument>, Problem> {
    let (peers, ski) = (peers(&state)?, parse(&ski)?);
    let is_trusted = || peers.trusted().iter().any(|peer| peer.ski == ski);
    // Who was accepted already does not wait any more (CH-703).
    if !peers.waiting().contains(&ski) && !is_trusted() {
        return Err(PeersError::Unknown.into());
    }
    peers.trust(ski).await?;
    list(state).await
}

async fn deny(state: State<Api>, ski: Path<String>) -> Result<Json<EebusDocument>, Problem> {
    peers(&state)?.deny(parse(&ski)?).await?;
    list(state).await
}

async fn pair(state: State<Api>, Body(pair): Body<Pair>) -> Result<Json<EebusDocument>, Problem> {
    peers(&state)?.trust(parse(&pair.ski)?).await?;
    list(state).await
}

async fn untrust(state: State<Api>, ski: Path<String>) -> Result<Json<EebusDocument>, Problem> {
    peers(&state)?.untrust(parse(&ski)?).await?;
    list(state).await
}

fn peers(api: &Api) -> Result<&Arc<dyn Peers>, Problem> {
    api.peers.as_ref().ok_or(Problem::NOT_FOUND)
}

fn parse(text: &str) -> Result<Ski, Problem> {
    text.parse().map_err(|_| Problem::UNREADABLE.detail("an SKI has 40 hexadecimal digits"))
}
