//! A door: one method at one address, with the handler behind it. The whole house is a list of doors, so that a test,
//! the documentation and the metrics can walk along all of them.

use actix_web::http::Method;
use actix_web::{HttpRequest, Route, guard, web};

use crate::error::WebError;

/// One method at one address.
#[derive(Clone)]
pub struct Door {
    /// Method it answers to; a GET door answers HEAD as well.
    pub method: Method,
    /// Address as the router writes it, such as `/api/v1/jobs/{id}`.
    pub pattern: &'static str,
    /// Builds the handler; called once per worker.
    pub handler: fn(Route) -> Route,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.pattern)
    }
}

impl Door {
    /// A door that only shows.
    #[must_use]
    pub fn get(pattern: &'static str, handler: fn(Route) -> Route) -> Self {
        Self { method: Method::GET, pattern, handler }
    }

    /// A door that changes something.
    #[must_use]
    pub fn post(pattern: &'static str, handler: fn(Route) -> Route) -> Self {
        Self { method: Method::POST, pattern, handler }
    }

    /// A door that changes a part of something.
    #[must_use]
    pub fn patch(pattern: &'static str, handler: fn(Route) -> Route) -> Self {
        Self { method: Method::PATCH, pattern, handler }
    }

    /// A door that takes something away.
    #[must_use]
    pub fn delete(pattern: &'static str, handler: fn(Route) -> Route) -> Self {
        Self { method: Method::DELETE, pattern, handler }
    }

    fn route(&self) -> Route {
        let route = if self.method == Method::GET {
            web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            web::method(self.method.clone())
        };
        (self.handler)(route)
    }
}

/// Hangs the doors: those of one address share a resource, so that a wrong method is answered with 405 and not 404.
pub fn register(config: &mut web::ServiceConfig, doors: &[Door]) {
    let mut done: Vec<&str> = Vec::new();
    for door in doors {
        if done.contains(&door.pattern) {
            continue;
        }
        done.push(door.pattern);
        let same: Vec<_> = doors.iter().filter(|other| other.pattern == door.pattern).collect();
        let allowed = allowed_methods(&same);
        let mut resource = web::resource(door.pattern);
        for one in same {
            resource = resource.route(one.route());
        }
        config.service(resource.default_service(web::to(move |request: HttpRequest| {
            let refusal = WebError::method_not_allowed(request.method(), &allowed);
            async move { Err::<&'static str, WebError>(refusal) }
        })));
    }
}

fn allowed_methods(doors: &[&Door]) -> String {
    let mut names: Vec<&str> = doors.iter().map(|door| door.method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(", ")
}
