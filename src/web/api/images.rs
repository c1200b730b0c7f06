//! `/api/v1/datasets/{dataset}/images`: lists of images, one image with its boxes, its neighbours, and facets.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tator_domain::{DatasetName, Image, ImageId, ImageState, Split};
use tator_store::Neighbours;

use super::{Bench, by_name};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::{FilterQuery, parsed};

/// Images of a page unless asked otherwise.
const USUAL_PAGE: usize = 100;
/// Most images of a page.
const LARGEST_PAGE: usize = 1000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/images", |route| route.to(list)),
        Door::get("/api/v1/datasets/{dataset}/images/{image}", |route| route.to(show)),
        Door::get("/api/v1/datasets/{dataset}/images/{image}/neighbours", |route| route.to(neighbours)),
        Door::get("/api/v1/datasets/{dataset}/facets", |route| route.to(facets)),
    ]
}

/// An image as lists give it.
#[derive(Serialize)]
struct Row<'a> {
    image_id: ImageId,
    path: &'a str,
    width: u32,
    height: u32,
    split: Split,
    state: ImageState,
    revision: i64,
    /// How many boxes it has.
    boxes: u32,
}

impl<'a> From<&'a Image> for Row<'a> {
    fn from(image: &'a Image) -> Self {
        Self {
            image_id: image.image_id,
            path: &image.path,
            width: image.width,
            height: image.height,
            split: image.split,
            state: image.state,
            revision: image.revision,
            boxes: image.n_boxes,
        }
    }
}

/// An image by itself.
#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    content_hash: &'a str,
    orientation: u8,
    bytes: u64,
    source_id: Option<&'a str>,
    /// Further keys of the source.
    attributes: Option<Value>,
}

impl<'a> From<&'a Image> for Detail<'a> {
    fn from(image: &'a Image) -> Self {
        Self {
            row: Row::from(image),
            content_hash: &image.content_hash,
            orientation: image.orientation,
            bytes: image.bytes,
            source_id: image.source_id.as_deref(),
            attributes: image.attributes.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}

/// What a list may be asked.
#[derive(Deserialize)]
struct ListQuery {
    #[serde(flatten)]
    filter: FilterQuery,
    after: Option<String>,
    limit: Option<String>,
}

async fn list(bench: Bench, name: web::Path<DatasetName>, query: web::Query<ListQuery>) -> WebResult<HttpResponse> {
    let ListQuery { filter, after, limit } = query.into_inner();
    let after = parsed("after", after.as_deref())?;
    let limit = parsed("limit", limit.as_deref())?.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
    let filter = filter.filter()?;
    let page = blocking(move || bench.reader().images(&name, &filter, after, limit)).await?;
    let rows: Vec<Row> = page.images.iter().map(Row::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "images": rows, "next": page.next })))
}

async fn show(bench: Bench, path: web::Path<(DatasetName, ImageId)>) -> WebResult<HttpResponse> {
    let (name, id) = path.into_inner();
    let detail = blocking(move || bench.reader().image(&name, id)).await?;
    Ok(HttpResponse::Ok().json(json!({
        "image": Detail::from(&detail.image),
        "boxes": detail.boxes,
        "revision": detail.revision,
        "can_undo": detail.can_undo,
        "can_redo": detail.can_redo,
    })))
}

/// What the neighbours may be asked.
#[derive(Deserialize)]
struct NeighboursQuery {
    #[serde(flatten)]
    filter: FilterQuery,
    /// 1-based place among the images that are meant.
    at: Option<String>,
}

/// Neighbours, with the image at the place that was asked for.
#[derive(Serialize)]
struct Around {
    #[serde(flatten)]
    neighbours: Neighbours,
    at: Option<ImageId>,
}

async fn neighbours(
    bench: Bench,
    path: web::Path<(DatasetName, ImageId)>,
    query: web::Query<NeighboursQuery>,
) -> WebResult<HttpResponse> {
    let (name, id) = path.into_inner();
    let NeighboursQuery { filter, at } = query.into_inner();
    let (filter, place) = (filter.filter()?, parsed("at", at.as_deref())?);
    let around = blocking(move || {
        let reader = bench.reader();
        let neighbours = reader.neighbours(&name, id, &filter)?;
        let at = place.map_or(Ok(None), |place| reader.image_at(&name, place, &filter))?;
        Ok::<_, tator_store::Error>(Around { neighbours, at })
    })
    .await?;
    Ok(HttpResponse::Ok().json(around))
}

async fn facets(bench: Bench, name: web::Path<DatasetName>, query: web::Query<FilterQuery>) -> WebResult<HttpResponse> {
    let filter = query.into_inner().filter()?;
    let facets = blocking(move || bench.reader().facets(&name, &filter)).await?;
    let classes: Vec<Value> =
        facets.classes.iter().map(|(class_id, images)| json!({ "class_id": class_id, "images": images })).collect();
    Ok(HttpResponse::Ok().json(json!({
        "total": facets.total,
        "states": by_name(&facets.states),
        "splits": by_name(&facets.splits),
        "classes": classes,
    })))
}
