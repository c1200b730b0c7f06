//! What every page needs of a request: who is where, and the shell around the content.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::Workbench;

use crate::author::Author;
use crate::error::{WebError, WebResult};
use crate::page::{Section, Shell};

/// The workbench as handlers get it.
pub(super) type Bench = web::Data<Workbench>;

/// Cookie in which the browser keeps the dataset that was in hand last.
const RECENT: &str = "tator_recent";

/// What a request says about its visitor.
#[derive(Debug, Clone, Default)]
pub(super) struct Visit {
    recent: Option<DatasetName>,
    me: Author,
    here: String,
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let me = match Author::from_request(request, payload).into_inner() {
            Ok(me) => me,
            Err(error) => return ready(Err(error.into())),
        };
        // Only a page can be come back to, not a form that was sent.
        let target = request.uri().path_and_query().filter(|_| request.method().is_safe());
        let here = target.map_or("/datasets", |target| target.as_str()).to_owned();
        let cookies = request.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
        let recent = cookies
            .flat_map(|header| header.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(RECENT)?.strip_prefix('=')?.parse().ok());
        ready(Ok(Self { recent, me, here }))
    }
}

impl Visit {
    /// The shell of a page; blocking.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub(super) fn shell(
        &self,
        bench: &Workbench,
        section: Section,
        dataset: Option<&DatasetName>,
    ) -> Result<Shell, tator_pipeline::Error> {
        let datasets = bench.reader().dataset_names()?;
        let recent = self.recent.clone().filter(|name| datasets.contains(name));
        let jobs_in_flight = bench.jobs_in_flight() as u64;
        let (me, here) = (self.me.clone(), self.here.clone());
        let (provider, notice) = (bench.provider_in_use(), tator_pipeline::models::provider_notice().is_some());
        let dataset = dataset.cloned();
        Ok(Shell { section, dataset, datasets, recent, jobs_in_flight, provider, notice, me, here })
    }

    /// Who looks at the page.
    pub(super) fn author(&self) -> &Author {
        &self.me
    }

    /// The dataset that was in hand last, if it still is there.
    pub(super) fn recent(&self) -> Option<&DatasetName> {
        self.recent.as_ref()
    }
}

/// A page or fragment as an answer. It may be kept for going back, and is asked for again otherwise.
pub(super) fn html(page: &impl Template) -> WebResult<HttpResponse> {
    let text = page.render().map_err(|error| WebError::broken(&error))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .body(text))
}

/// A form that came back because something in it was wrong.
pub(super) fn form_again(page: &impl Template) -> WebResult<HttpResponse> {
    let text = page.render().map_err(|error| WebError::broken(&error))?;
    Ok(HttpResponse::UnprocessableEntity().content_type("text/html; charset=utf-8").body(text))
}

/// After a form: look at this page next.
pub(super) fn see(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}
