//! Look-alikes: asked for by image, box, region, picture or words; shown as a wall, opened as gallery or queue.

#[cfg(test)]
mod samples;
pub(super) mod view;

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{BoxId, DatasetName, ImageId, PixelBox};
use tator_pipeline::similar::Region;
use tator_pipeline::{EmbedRequest, SimilarRequest, SimilarTo, Workbench};
use tator_store::{BoxPlace, EmbeddingOf, ImageFilter};

use super::visit::{Bench, Visit, html, see};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use view::{Asked, Page, Shown, Wish};

type Answer<T> = Result<T, tator_pipeline::Error>;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/similar", |route| route.to(page)),
        Door::post("/d/{dataset}/similar/embed", |route| route.to(embed)),
    ]
}

/// What an address of the page may carry.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Query {
    image: Option<String>,
    #[serde(rename = "box")]
    boxed: Option<String>,
    /// `x,y,w,h` on the image.
    rect: Option<String>,
    picture: Option<String>,
    text: Option<String>,
    of: Option<String>,
    encoder: Option<String>,
    k: Option<String>,
    /// Only images in this state.
    state: Option<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
}

impl Query {
    fn wish(self) -> WebResult<Wish> {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let image: Option<ImageId> = parsed("image", self.image.as_deref())?;
        let boxed: Option<BoxId> = parsed("box", self.boxed.as_deref())?;
        let rect = filled(self.rect).map(|text| parse_rect(&text)).transpose()?;
        let to = match (boxed, image, rect, filled(self.picture), filled(self.text)) {
            (Some(id), ..) => Some(SimilarTo::Box(id)),
            (_, Some(image_id), Some(rect), ..) => Some(SimilarTo::Region(Region { image_id, rect })),
            (_, Some(id), ..) => Some(SimilarTo::Image(id)),
            (_, _, _, Some(number), _) => Some(SimilarTo::Picture(number)),
            (.., Some(words)) => Some(SimilarTo::Text(words)),
            _ => None,
        };
        Ok(Wish {
            to,
            of: parsed("of", self.of.as_deref())?,
            encoder: filled(self.encoder),
            filter: ImageFilter {
                state: parsed("state", self.state.as_deref())?,
                condition: filled(self.condition),
                ..ImageFilter::default()
            },
            k: parsed("k", self.k.as_deref())?.unwrap_or(view::USUAL).clamp(1, tator_pipeline::similar::MOST),
        })
    }
}

fn parse_rect(text: &str) -> WebResult<PixelBox> {
    let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match numbers[..] {
        [x, y, w, h] if w > 0.0 && h > 0.0 && numbers.iter().all(|n| n.is_finite()) => Ok(PixelBox { x, y, w, h }),
        _ => Err(WebError::invalid("rect", format!("rect {text:?}: use x,y,w,h in pixels"))),
    }
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    query: web::Query<Query>,
) -> WebResult<HttpResponse> {
    let wish = query.into_inner().wish()?;
    let drawn = blocking(move || drawn(&bench, &visit, name.into_inner(), wish)).await?;
    html(&drawn)
}

fn drawn(bench: &Workbench, visit: &Visit, d: DatasetName, wish: Wish) -> Answer<Page> {
    let shell = visit.shell(bench, Section::Explore, Some(&d))?;
    let tables = bench.reader().embedding_tables(&d)?;
    let encoders = bench.encoders();
    let asked = wish.to.as_ref().map(|to| asked(bench, &d, to)).transpose();
    let (asked, mut wrong) = match asked {
        Ok(asked) => (asked, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let mut shown = None;
    if let (Some(to), None) = (&wish.to, &wrong) {
        let (of, encoder, filter) = (wish.of, wish.encoder.clone(), Some(wish.filter.clone()));
        let request = SimilarRequest { to: to.clone(), of, encoder, k: wish.k, filter };
        match found(bench, &d, &request) {
            Ok(found) => shown = Some(found),
            Err(error) => wrong = Some(in_words(&error)),
        }
    }
    Ok(Page { shell, base: format!("/d/{d}"), dataset: d, wish, asked, shown, tables, encoders, wrong })
}

fn in_words(error: &tator_pipeline::Error) -> String {
    match error {
        tator_pipeline::Error::NoAnswer { message, hint, .. } => format!("{message}: {hint}"),
        other => other.to_string(),
    }
}

/// What was asked about, as a picture.
fn asked(bench: &Workbench, d: &DatasetName, to: &SimilarTo) -> Answer<Asked> {
    let reader = bench.reader();
    let on = |id: ImageId| Ok::<_, tator_pipeline::Error>(reader.image(d, id)?.image);
    Ok(match to {
        SimilarTo::Image(id) => Asked::image(d, &on(*id)?, None),
        SimilarTo::Region(region) => Asked::image(d, &on(region.image_id)?, Some(region.rect)),
        SimilarTo::Box(id) => {
            let place = reader.places_of(d, &[*id])?.pop();
            let place = place.ok_or_else(|| tator_pipeline::Error::NotFound(format!("box {id} of {d}")))?;
            Asked::boxed(d, &on(place.image_id)?, place)
        }
        SimilarTo::Picture(number) => Asked::picture(d, number),
        SimilarTo::Text(words) => Asked::words(words),
    })
}

fn found(bench: &Workbench, d: &DatasetName, request: &SimilarRequest) -> Answer<Shown> {
    let answer = bench.similar(d, request)?;
    let reader = bench.reader();
    let boxes: Vec<BoxId> = answer.results.iter().filter_map(|one| one.box_id).collect();
    let places: HashMap<BoxId, BoxPlace> =
        reader.places_of(d, &boxes)?.into_iter().map(|place| (place.box_id, place)).collect();
    let classes = reader.class_list(d)?;
    let filter = request.filter.clone().unwrap_or_default();
    Ok(Shown::new(d, &answer, &places, (&classes, &filter)))
}

/// What is to be embedded.
#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    of: Option<String>,
}

async fn embed(bench: Bench, name: web::Path<DatasetName>, form: web::Form<Form>) -> WebResult<HttpResponse> {
    let Form { model, of } = form.into_inner();
    let of: Option<EmbeddingOf> = parsed("of", of.as_deref())?;
    let model = model.filter(|name| !name.is_empty());
    let request = EmbedRequest { dataset: name.into_inner(), model, of, padding: None, around: None };
    let job = blocking(move || bench.start_embed(&request)).await?;
    Ok(see(&format!("/jobs/{job}")))
}
