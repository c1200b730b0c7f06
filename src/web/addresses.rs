//! Addresses of pages, with the filter of pictures kept in them.

use std::fmt::Write as _;

use tator_domain::{BoxId, DatasetName, ImageId};
use tator_store::ImageFilter;

/// Text as a value in a query string: everything but letters, digits and `-._~` as `%XX`.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `?a=b&c=d`, or nothing when there are no pairs.
#[must_use]
pub fn query(pairs: &[(&str, String)]) -> String {
    pairs.iter().enumerate().fold(String::new(), |mut out, (at, (key, value))| {
        let _ = write!(out, "{}{key}={}", if at == 0 { '?' } else { '&' }, encoded(value));
        out
    })
}

/// The filter as pairs, in a fixed order.
#[must_use]
pub fn filter_pairs(filter: &ImageFilter) -> Vec<(&'static str, String)> {
    [
        ("state", filter.state.map(|state| state.to_string())),
        ("split", filter.split.map(|split| split.to_string())),
        ("class", filter.class.map(|class| class.to_string())),
        ("text", filter.text.clone()),
        ("tag", filter.tag.clone()),
        ("comments", filter.comments.map(|which| which.as_str().to_owned())),
        ("package", filter.package.map(|package| package.to_string())),
        ("where", filter.condition.clone()),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.filter(|text| !text.is_empty()).map(|text| (key, text)))
    .collect()
}

/// The gallery with this filter.
#[must_use]
pub fn gallery(dataset: &DatasetName, filter: &ImageFilter) -> String {
    format!("/d/{dataset}/gallery{}", query(&filter_pairs(filter)))
}

/// The piece of the gallery that comes after an image.
#[must_use]
pub fn gallery_rows(dataset: &DatasetName, filter: &ImageFilter, after: Option<ImageId>) -> String {
    let mut pairs = filter_pairs(filter);
    pairs.extend(after.map(|id| ("after", id.to_string())));
    format!("/d/{dataset}/gallery/_rows{}", query(&pairs))
}

/// An image in the labeller, among those that the filter means, perhaps with one box chosen.
#[must_use]
pub fn label(dataset: &DatasetName, image: ImageId, chosen: Option<BoxId>, filter: &ImageFilter) -> String {
    let mut pairs = vec![("image", image.to_string())];
    pairs.extend(chosen.map(|id| ("box", id.to_string())));
    pairs.extend(filter_pairs(filter));
    format!("/d/{dataset}/label{}", query(&pairs))
}

/// More images than these do not fit an address.
const MOST_IN_ADDRESS: usize = 400;

/// These images in the gallery and in the labeller; `None` when there are none, or more than fit an address.
#[must_use]
pub fn as_images(dataset: &DatasetName, images: &[ImageId]) -> Option<(String, String)> {
    let mut ids = images.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST_IN_ADDRESS {
        return None;
    }
    let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let condition = Some(format!("image_id IN ({})", list.join(", ")));
    let filter = ImageFilter { condition, ..ImageFilter::default() };
    Some((gallery(dataset, &filter), label(dataset, ids[0], None, &filter)))
}

/// The labeller among the images that the filter means, wherever work is left.
#[must_use]
pub fn labeller(dataset: &DatasetName, filter: &ImageFilter) -> String {
    format!("/d/{dataset}/label{}", query(&filter_pairs(filter)))
}

/// The labeller with the images of a package alone.
#[must_use]
pub fn package(dataset: &DatasetName, package: i64) -> String {
    labeller(dataset, &ImageFilter { package: Some(package), ..ImageFilter::default() })
}

/// The packages of a dataset, and what waits for somebody.
#[must_use]
pub fn work(dataset: &DatasetName) -> String {
    format!("/d/{dataset}/work")
}

/// The picture of an image, at most this wide and high.
#[must_use]
pub fn thumbnail(dataset: &DatasetName, image: ImageId, size: u32) -> String {
    format!("/api/v1/datasets/{dataset}/images/{image}/thumb?size={size}")
}

/// The SQL page with a statement in the editor, not yet run.
#[must_use]
pub fn sql(dataset: Option<&DatasetName>, statement: &str) -> String {
    let mut pairs: Vec<(&str, String)> = dataset.map(|name| ("dataset", name.to_string())).into_iter().collect();
    pairs.push(("q", statement.to_owned()));
    format!("/sql{}", query(&pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_its_address() {
        let filter = ImageFilter { text: Some("a b&c=<d>".into()), class: Some(7), ..ImageFilter::default() };
        let name: DatasetName = "coins".parse().expect("a valid name");
        assert_eq!(label(&name, 3, Some(9), &filter), "/d/coins/label?image=3&box=9&class=7&text=a%20b%26c%3D%3Cd%3E");
        assert_eq!(gallery(&name, &ImageFilter::default()), "/d/coins/gallery");
    }
}
