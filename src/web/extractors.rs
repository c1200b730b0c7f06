//! What actix says when a request cannot be read, in our words: which field, why, and what would do.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError, UrlencodedError};
use actix_web::http::StatusCode;
use actix_web::web;

use crate::error::WebError;

/// Sets limits and words of all extractors.
pub(crate) fn configure(config: &mut web::ServiceConfig, body_limit: usize) {
    config
        .app_data(web::PayloadConfig::new(body_limit))
        .app_data(web::JsonConfig::default().limit(body_limit).error_handler(|error, _| json(error).into()))
        .app_data(web::FormConfig::default().limit(64 << 10).error_handler(|error, _| form(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| path(&error).into()));
}

fn json(error: JsonPayloadError) -> WebError {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            WebError::too_large(limit as u64)
        }
        JsonPayloadError::ContentType => WebError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body is not marked as JSON",
        )
        .hint("send the header Content-Type: application/json"),
        JsonPayloadError::Deserialize(error) if error.is_data() => WebError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            format!("the JSON is not what was expected: {error}"),
        )
        .hint("/api/v1/openapi.json describes every body"),
        other => WebError::bad_request(format!("the JSON cannot be read: {other}"))
            .hint("/api/v1/openapi.json describes every body"),
    }
}

fn form(error: &UrlencodedError) -> WebError {
    match error {
        UrlencodedError::Overflow { limit, .. } => WebError::too_large(*limit as u64),
        UrlencodedError::ContentType => {
            WebError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "the body is not a form")
                .hint("send it as application/x-www-form-urlencoded")
        }
        other => WebError::bad_request(format!("the form cannot be read: {other}")),
    }
}

fn query(error: &QueryPayloadError) -> WebError {
    WebError::bad_request(format!("the query after the ? cannot be read: {error}"))
        .hint("/api/v1/openapi.json lists what each address takes")
}

/// A path that does not fit names nothing.
fn path(error: &PathError) -> WebError {
    WebError::not_found("this address").hint(format!("a part of the path does not fit: {error}"))
}
