//! The page and everything it loads, embedded at build (see `build/`).

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

/// A file with its compressed forms.
struct Asset {
    path: &'static str,
    kind: &'static str,
    /// The hash of all assets, which is in the name of all but the page.
    hash: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One route per file: what is not a file has no path, whatever the path looks like.
pub(super) fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| router.route(asset.path, asset.route()))
}

impl Asset {
    fn route(&'static self) -> MethodRouter {
        get(move |headers: HeaderMap| async move { self.answer(&headers) })
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let etag = format!("\"{}\"", self.hash);
        let caching = if self.path == "/" {
            [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]
        } else {
            [(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"))]
        };
        let known =
            request.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
        if known {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        let (encoding, body) = self.form(request);
        let kind = [
            (CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let mut response = (caching, kind, Bytes::from_static(body)).into_response();
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::try_from(etag) {
            headers.insert(ETAG, etag);
        }
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }

    /// The smallest form that the client takes.
    fn form(&self, request: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms
            .into_iter()
            .find_map(|(name, form)| Some((name, form?)).filter(|_| accepts(request, name)));
        taken.map_or((None, self.plain), |(name, form)| (Some(name), form))
    }
}

/// Whether a client takes this encoding (RFC 9110 §12.5.3).
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let lists = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight: String = weight.split_whitespace().collect();
        let refused =
            weight.strip_prefix("q=0").is_some_and(|rest| rest.chars().all(|c| ".0".contains(c)));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(value: &'static str, encoding: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        accepts(&headers, encoding)
    }

    #[test]
    fn an_encoding_is_taken_unless_it_is_refused() {
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("br;q=0.1", "br"));
        assert!(!takes("br;q=0, gzip", "br"));
        assert!(!takes("br; q=0.000", "br"));
        assert!(!takes("gzip", "br"));
        assert!(!takes("", "gzip"));
    }
}
