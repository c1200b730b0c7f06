//! The gallery: a whole page, further pieces of it, and classes by name.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{Class, DatasetName, ImageId};
use tator_pipeline::Workbench;
use tator_store::{Facets, ImageFilter, Reader};

use super::visit::{Bench, Visit, html};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::{FilterQuery, parsed};
use crate::page::Section;
use view::{Classes, LISTED_CLASSES, LISTED_TAGS, PIECE, Page, Panel, Piece, Rows, chosen};

type Answer<T> = Result<T, tator_pipeline::Error>;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/gallery", |route| route.to(page)),
        Door::get("/d/{dataset}/gallery/_rows", |route| route.to(rows)),
        Door::get("/d/{dataset}/gallery/_classes", |route| route.to(classes)),
    ]
}

/// What an address of the gallery may carry.
#[derive(Deserialize)]
struct Wish {
    #[serde(flatten)]
    filter: FilterQuery,
    after: Option<String>,
    search: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let Wish { filter, after, .. } = wish.into_inner();
    let (filter, after) = (filter.filter()?, parsed("after", after.as_deref())?);
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Gallery, Some(&name))?;
        let classes = known_classes(bench.reader(), &name)?;
        let found = found(&bench, &name, &filter, after, &classes);
        let (piece, facets, wrong) = match found {
            Ok((piece, facets)) => (piece, facets, None),
            // A condition that is refused keeps its text on the page, with the reason beside it.
            Err(tator_pipeline::Error::Store(error)) if filter.condition.is_some() && is_refusal(&error) => {
                let empty = tator_store::ImagePage { images: vec![], next: None };
                (Piece::new(&name, &filter, None, &empty, &[], &[]), Facets::default(), Some(error.to_string()))
            }
            Err(error) => return Err(error),
        };
        Ok(Page {
            shell,
            total: facets.total,
            piece,
            after,
            panel: Panel::new(&name, &filter, &facets, &classes).said(
                &name,
                &filter,
                bench.reader().comment_counts(&name)?,
                &bench.reader().tags(&name, "", LISTED_TAGS)?,
            ),
            chosen: chosen(&name, &filter, &classes),
            statement: filter.as_sql(&name),
            filter,
            wrong,
            dataset: name.into_inner(),
        })
    })
    .await?;
    html(&page)
}

fn is_refusal(error: &tator_store::Error) -> bool {
    matches!(error, tator_store::Error::Sql(_) | tator_store::Error::TimedOut { .. })
}

fn found(
    bench: &Workbench,
    name: &DatasetName,
    filter: &ImageFilter,
    after: Option<ImageId>,
    classes: &[Class],
) -> Answer<(Piece, Facets)> {
    Ok((piece(bench.reader(), name, filter, after, classes)?, bench.reader().facets_around(name, filter)?))
}

fn known_classes(reader: &Reader, name: &DatasetName) -> Answer<Vec<Class>> {
    Ok(reader.class_list(name)?)
}

fn piece(
    reader: &Reader,
    name: &DatasetName,
    filter: &ImageFilter,
    after: Option<ImageId>,
    classes: &[Class],
) -> Answer<Piece> {
    let page = reader.images(name, filter, after, PIECE)?;
    let ids: Vec<ImageId> = page.images.iter().map(|image| image.image_id).collect();
    let boxes = reader.boxes_of(name, &ids)?;
    Ok(Piece::new(name, filter, after, &page, &boxes, classes))
}

async fn rows(bench: Bench, name: web::Path<DatasetName>, wish: web::Query<Wish>) -> WebResult<HttpResponse> {
    let Wish { filter, after, .. } = wish.into_inner();
    let (filter, after) = (filter.filter()?, parsed("after", after.as_deref())?);
    let rows = blocking(move || {
        let classes = known_classes(bench.reader(), &name)?;
        Ok::<_, tator_pipeline::Error>(Rows { piece: piece(bench.reader(), &name, &filter, after, &classes)? })
    })
    .await?;
    html(&rows)
}

async fn classes(bench: Bench, name: web::Path<DatasetName>, wish: web::Query<Wish>) -> WebResult<HttpResponse> {
    let Wish { filter, search, .. } = wish.into_inner();
    let filter = filter.filter()?;
    let panel = blocking(move || match search.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => {
            let found = bench.reader().classes(&name, Some(text), LISTED_CLASSES)?;
            Ok(Panel::found(&name, &filter, &found))
        }
        None => {
            let classes = known_classes(bench.reader(), &name)?;
            Ok::<_, tator_pipeline::Error>(Panel::new(
                &name,
                &filter,
                &bench.reader().facets_around(&name, &filter)?,
                &classes,
            ))
        }
    })
    .await?;
    html(&Classes { panel })
}
