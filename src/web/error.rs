//! What a visitor is told when something fails. The only place that chooses a status.

use std::borrow::Cow;

use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use tator_domain::BadName;

/// A failure with everything a person and a program need: status, a code that never changes, words, and what to do.
#[derive(Debug, Clone, Serialize)]
pub struct WebError {
    /// HTTP status.
    #[serde(skip)]
    pub status: StatusCode,
    /// Stable word for programs, such as `not_found`.
    pub code: &'static str,
    /// What failed, on what.
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub hint: Option<Cow<'static, str>>,
    /// Further facts for programs: the field, the revision.
    pub details: Option<Box<Value>>,
    /// One header that belongs to the status, such as `Retry-After`.
    #[serde(skip)]
    pub header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// Result of a handler.
pub type WebResult<T> = Result<T, WebError>;

impl WebError {
    /// A failure without hint and details.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), hint: None, details: None, header: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds facts for programs.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Adds when to come again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.header = Some(Box::new((RETRY_AFTER, HeaderValue::from(seconds))));
        self
    }

    /// The thing does not exist.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} was not found"))
    }

    /// The request makes no sense; `field` says where.
    pub fn invalid(field: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).details(json!({ "field": field }))
    }

    /// The request could not be read at all.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Something else was changed or held meanwhile.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// More than the limit.
    pub fn too_large(limit_bytes: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is larger than this address takes")
            .hint(format!("send at most {limit_bytes} bytes, or split the work"))
            .details(json!({ "limit_bytes": limit_bytes }))
    }

    /// Too many are waiting already.
    pub fn busy(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(2)
    }

    /// The address exists, the method does not.
    pub(crate) fn method_not_allowed(method: &Method, allowed: &str) -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this address does not answer to {method}"),
        )
        .hint(format!("use {allowed}"));
        error.header = HeaderValue::from_str(allowed).ok().map(|value| Box::new((ALLOW, value)));
        error
    }

    /// Something broke in here: the visitor gets a short id, the log gets the whole chain under it.
    pub fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        let id = incident_id();
        tracing::error!(id, error = %chain(error), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", format!("something broke in Tator (incident {id})"))
            .hint("try again; if it stays, look for this incident in the server's log")
            .details(json!({ "incident": id }))
    }

    /// The JSON every failure has.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({ "error": self })
    }
}

impl std::fmt::Display for WebError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WebError {}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// JSON; the outer middleware turns it into a page or a toast where a person is looking.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(header) = &self.header {
            response.insert_header((**header).clone());
        }
        response.json(self.body())
    }
}

impl From<BadName> for WebError {
    fn from(error: BadName) -> Self {
        Self::invalid("name", error.to_string())
    }
}

impl From<tator_pipeline::Error> for WebError {
    fn from(error: tator_pipeline::Error) -> Self {
        use tator_pipeline::Error as E;
        match error {
            E::NotFound(what) => Self::not_found(&what),
            E::Invalid { field, message } => Self::invalid(&field, message),
            E::Conflict(message) => Self::conflict(message),
            E::NotPromoted { .. } => Self::new(StatusCode::CONFLICT, "not_promoted", error.to_string())
                .hint("`anyway` applies it all the same"),
            E::Cancelled => Self::new(StatusCode::CONFLICT, "cancelled", "this was cancelled"),
            E::Io { what, source } => from_io(&what, &source),
            E::NoModel(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_model", error.to_string())
                .hint("`tator models pull mobilesam` fetches a small segmenter; the page Models lists what can be had"),
            E::Superseded => Self::new(StatusCode::CONFLICT, "superseded", "something newer was asked for"),
            E::Model(error) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "model_failed", error.to_string()),
            E::ModelFailed(message) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "model_failed", message),
            E::NoAnswer { code, message, hint } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).hint(hint)
            }
            E::Store(error) => error.into(),
        }
    }
}

/// A file that is gone and a full disk are the person's to mend, the rest is ours.
fn from_io(what: &str, source: &std::io::Error) -> WebError {
    match source.kind() {
        std::io::ErrorKind::NotFound => {
            WebError::new(StatusCode::NOT_FOUND, "file_missing", format!("{what}: the file is not there"))
                .hint("it was moved or deleted outside Tator; put it back, or import the dataset again")
        }
        std::io::ErrorKind::PermissionDenied => {
            WebError::new(StatusCode::FORBIDDEN, "file_forbidden", format!("{what}: {source}"))
                .hint("let the user who runs Tator read this file")
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            WebError::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", format!("{what}: {source}"))
                .hint("free some space, then try again; nothing that was saved is lost")
        }
        _ => WebError::broken(&std::io::Error::new(source.kind(), format!("{what}: {source}"))),
    }
}

impl From<actix_web::error::BlockingError> for WebError {
    fn from(error: actix_web::error::BlockingError) -> Self {
        Self::broken(&error)
    }
}

/// Runs blocking work of the rooms below on the thread pool.
///
/// # Errors
/// What the work fails with, as the visitor is told it.
pub async fn blocking<T, E, F>(work: F) -> WebResult<T>
where
    F: FnOnce() -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Into<WebError> + Send + 'static,
{
    actix_web::web::block(work).await?.map_err(Into::into)
}

/// Eight hex digits to find one failure in the log.
fn incident_id() -> String {
    format!("{:08x}", getrandom::u32().unwrap_or_default())
}

/// The error and everything beneath it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

impl From<tator_store::Error> for WebError {
    fn from(error: tator_store::Error) -> Self {
        use tator_store::Error as E;
        match error {
            E::NotFound(what) => Self::not_found(&what),
            // The command line shows the message alone: what to do stands in it.
            E::NotEmbedded { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_embedded", error.to_string()),
            E::Exists(_) => Self::new(StatusCode::CONFLICT, "exists", error.to_string()).hint("choose another name"),
            E::Invalid(message) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message),
            E::Conflict { revision } => Self::conflict(error.to_string())
                .hint("read the image again, then repeat the edit")
                .details(json!({ "revision": revision })),
            E::Sql(message) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "sql", message)
                .hint("only reading statements run here; the SQL page lists tables and columns"),
            E::TimedOut { seconds, hint } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "timed_out", format!("stopped after {seconds} s"))
                    .hint(hint)
                    .details(json!({ "seconds": seconds }))
            }
            E::Interrupted => Self::new(StatusCode::CONFLICT, "cancelled", "the statement was stopped"),
            E::Locked { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "locked", error.to_string())
                .hint("stop the other Tator, or use its address"),
            E::TooNew { .. } | E::Damaged { .. } => told_in_full(&error),
            E::Io { what, source } => from_io(&what, &source),
            E::Query { .. } | E::Database(_) | E::Lance { .. } | E::Arrow(_) | E::Parquet(_) => Self::broken(&error),
        }
    }
}

/// Our own trouble whose words help the person: the message names the file and what to do.
fn told_in_full(error: &tator_store::Error) -> WebError {
    let mut told = WebError::broken(error);
    told.code = "damaged";
    told.message = error.to_string().into();
    told.hint = Some("nothing was changed; see the message and the server's log".into());
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_one_shape() {
        let error = WebError::invalid("class", "there is no class 7").hint("choose one of the list");
        assert_eq!(
            error.body().to_string(),
            r#"{"error":{"code":"invalid","message":"there is no class 7","hint":"choose one of the list","details":{"field":"class"}}}"#
        );
    }

    #[test]
    fn what_broke_inside_is_not_told_outside() {
        let secret = "/home/somebody/live.duckdb is torn";
        let told = WebError::from(tator_pipeline::Error::io(secret)(std::io::Error::other("disk")));
        assert_eq!(told.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!told.body().to_string().contains(secret));
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = tator_pipeline::Error::io("writing a thumbnail")(std::io::ErrorKind::StorageFull.into());
        assert_eq!(WebError::from(full).code, "disk_full");
    }
}
