//! The labeller's page.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageId, ImageState};
use tator_store::{CommentFilter, ImageFilter, Reader};

use super::visit::{Bench, Visit, html};
use crate::addresses::{filter_pairs, query};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::{FilterQuery, parsed};
use crate::page::Section;
use view::Page;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/label", |route| route.to(page))]
}

/// What the address may carry.
#[derive(Deserialize)]
struct Wish {
    #[serde(flatten)]
    filter: FilterQuery,
    image: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    name: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let Wish { filter, image } = wish.into_inner();
    let (filter, asked) = (filter.filter()?, parsed("image", image.as_deref())?);
    let page = blocking(move || {
        let reader = bench.reader();
        let image = asked.map_or_else(|| first(reader, &name, &filter), |id| Ok(Some(id)))?;
        let classes: Vec<_> =
            reader.classes(&name, None, usize::MAX)?.into_iter().filter(|one| !one.class.retired).collect();
        let shell = visit.shell(&bench, Section::Label, Some(&name))?;
        let workspace = reader.folders().root().display().to_string();
        let filter = query(&filter_pairs(&filter));
        let filter = filter.trim_start_matches('?');
        Ok::<_, tator_pipeline::Error>(Page::new(shell, name.into_inner(), &workspace, filter, image, &classes))
    })
    .await?;
    html(&page)
}

/// Where to begin: the first image that was sent back, else the first nobody has finished, else the first of all.
fn first(reader: &Reader, name: &DatasetName, filter: &ImageFilter) -> Result<Option<ImageId>, tator_store::Error> {
    if filter.state.is_none() && filter.comments.is_none() {
        let back = ImageFilter { comments: Some(CommentFilter::SentBack), ..filter.clone() };
        if let Some(image) = reader.images(name, &back, None, 1)?.images.first() {
            return Ok(Some(image.image_id));
        }
        for state in [ImageState::InProgress, ImageState::Unlabelled] {
            let left = ImageFilter { state: Some(state), ..filter.clone() };
            if let Some(image) = reader.images(name, &left, None, 1)?.images.first() {
                return Ok(Some(image.image_id));
            }
        }
    }
    Ok(reader.images(name, filter, None, 1)?.images.first().map(|image| image.image_id))
}
