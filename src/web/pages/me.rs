//! The name form of the shell: what a person is called from now on.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use tator_domain::PersonName;

use super::visit::see;
use crate::author;
use crate::door::Door;
use crate::error::{WebError, WebResult};
use crate::mounted::Mount;
use crate::security::redirect::local_path;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/me", |route| route.to(say))]
}

/// The form.
#[derive(Deserialize)]
struct Form {
    name: String,
    #[serde(default)]
    next: String,
}

/// An empty name takes it back.
async fn say(request: HttpRequest, form: web::Form<Form>) -> WebResult<HttpResponse> {
    let Form { name, next } = form.into_inner();
    let said: Option<PersonName> = if name.trim().is_empty() {
        None
    } else {
        Some(name.parse().map_err(|error: tator_domain::BadName| WebError::invalid("name", error.to_string()))?)
    };
    let mut answer = see(local_path(&next).unwrap_or("/datasets"));
    let cookie = author::cookie(said.as_ref(), &Mount::of(&request));
    let value = cookie.parse().map_err(|error| WebError::broken(&std::io::Error::other(format!("cookie: {error}"))))?;
    answer.headers_mut().append(SET_COOKIE, value);
    Ok(answer)
}
