//! Errors as documents (RFC 9457, CH-701).

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::peers::PeersError;

/// What went wrong with a request.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the kind means.
    title: &'static str,
    /// The status code of the answer.
    #[serde(serialize_with = "number")]
    status: StatusCode,
    /// What it was this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
}

impl Problem {
    /// There is nothing at this path.
    pub const NOT_FOUND: Self =
        Self::new("urn:eebus-charger:problem:not-found", "not found", StatusCode::NOT_FOUND);
    /// The path does not take this method.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(
        "urn:eebus-charger:problem:method-not-allowed",
        "the path does not take this method",
        StatusCode::METHOD_NOT_ALLOWED,
    );
    /// The answer took too long.
    pub const TIMED_OUT: Self = Self::new(
        "urn:eebus-charger:problem:timed-out",
        "the request took too long",
        StatusCode::SERVICE_UNAVAILABLE,
    );
    /// The body or a part of the path is not what it must be; the status says more.
    pub const UNREADABLE: Self = Self::new(
        "urn:eebus-charger:problem:unreadable",
        "the request cannot be read",
        StatusCode::BAD_REQUEST,
    );
    /// There is no such peer.
    pub const UNKNOWN_PEER: Self = Self::new(
        "urn:eebus-charger:problem:unknown-peer",
        "there is no such peer",
        StatusCode::NOT_FOUND,
    );
    /// A peer cannot be trusted.
    pub const NOT_TRUSTED: Self = Self::new(
        "urn:eebus-charger:problem:not-trusted",
        "the peer cannot be trusted",
        StatusCode::CONFLICT,
    );
    /// Something could not be stored.
    pub const NOT_STORED: Self = Self::new(
        "urn:eebus-charger:problem:not-stored",
        "the decision could not be stored",
        StatusCode::INTERNAL_SERVER_ERROR,
    );

    /// The request is for somebody else's name.
    pub const MISDIRECTED: Self = Self::new(
        "urn:eebus-charger:problem:misdirected",
        "the charger does not go by this name",
        StatusCode::MISDIRECTED_REQUEST,
    );
    /// Somebody else's page asks.
    pub const FOREIGN_ORIGIN: Self = Self::new(
        "urn:eebus-charger:problem:foreign-origin",
        "the request comes from a page of somebody else",
        StatusCode::FORBIDDEN,
    );
    /// The web changes nothing yet.
    pub const READ_ONLY: Self = Self::new(
        "urn:eebus-charger:problem:read-only",
        "the web application only reads until it has a login",
        StatusCode::FORBIDDEN,
    );
    /// The body is too large.
    pub const TOO_LARGE: Self = Self::new(
        "urn:eebus-charger:problem:too-large",
        "the request is too large",
        StatusCode::PAYLOAD_TOO_LARGE,
    );
    /// There are too many already.
    pub const TOO_MANY: Self = Self::new(
        "urn:eebus-charger:problem:too-many",
        "there are too many of these requests",
        StatusCode::SERVICE_UNAVAILABLE,
    );
    /// There is no session.
    pub const NO_SESSION: Self = Self::new(
        "urn:eebus-charger:problem:no-session",
        "there is no session",
        StatusCode::NOT_FOUND,
    );

    const fn new(kind: &'static str, title: &'static str, status: StatusCode) -> Self {
        Self { kind, title, status, detail: None }
    }

    /// The status code of the answer.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem with what it was this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(self)).into_response()
    }
}

impl From<PeersError> for Problem {
    fn from(error: PeersError) -> Self {
        match error {
            PeersError::Unknown => Self::UNKNOWN_PEER,
            PeersError::Full | PeersError::Own => Self::NOT_TRUSTED.detail(error.to_string()),
            PeersError::NotStored(_) => Self::NOT_STORED.detail(error.to_string()),
        }
    }
}

/// A JSON body; what cannot be read becomes a [`Problem`].
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let rejection: JsonRejection = rejection;
                let mut problem = Problem::UNREADABLE.detail(rejection.body_text());
                problem.status = rejection.status();
                Err(problem)
            }
        }
    }
}
