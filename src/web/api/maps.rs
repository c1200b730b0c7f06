//! `/api/v1/datasets/{dataset}/maps`: maps of embeddings, their points, and what an expression says about each point.
//! Points and values are numbers by the million, so they go out as they lie in memory, little-endian.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use tator_domain::{DatasetName, class_colour};
use tator_pipeline::{MapMethod, MapRequest};
use tator_store::{EmbeddingOf, MapPoints, MapValues};

use super::Bench;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

/// Codes of words: those that have one of their own, all others, and none.
const NAMED: usize = 254;
const OTHERS: u8 = 254;
const NONE: u8 = 255;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/maps", |route| route.to(list)),
        Door::post("/api/v1/datasets/{dataset}/maps", |route| route.to(start)),
        Door::get("/api/v1/datasets/{dataset}/maps/{map}/points", |route| route.to(points)),
        Door::get("/api/v1/datasets/{dataset}/maps/{map}/values", |route| route.to(values)),
    ]
}

async fn list(bench: Bench, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    let maps = blocking(move || bench.reader().maps(&dataset)).await?;
    Ok(HttpResponse::Ok().json(json!({ "maps": maps })))
}

/// A map to be made; what is not said is as usual.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    #[serde(default)]
    pub encoder: Option<String>,
    #[serde(default)]
    pub of: Option<EmbeddingOf>,
    #[serde(default)]
    pub method: MapMethod,
    #[serde(default)]
    pub neighbours: Option<usize>,
    #[serde(default)]
    pub size_bias: bool,
    #[serde(default)]
    pub seed: u64,
}

impl Wish {
    /// The request to the workbench.
    pub(crate) fn of(self, dataset: DatasetName) -> MapRequest {
        let usual = MapRequest::new(dataset, self.of.unwrap_or(EmbeddingOf::Boxes), self.method);
        let neighbours = self.neighbours.unwrap_or(usual.neighbours);
        let encoder = self.encoder.filter(|name| !name.is_empty());
        MapRequest { encoder, neighbours, size_bias: self.size_bias, seed: self.seed, ..usual }
    }
}

async fn start(bench: Bench, dataset: web::Path<DatasetName>, wish: web::Json<Wish>) -> WebResult<HttpResponse> {
    let request = wish.into_inner().of(dataset.into_inner());
    let job_id = blocking(move || bench.start_map(&request)).await?;
    Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
}

async fn points(bench: Bench, path: web::Path<(DatasetName, String)>) -> WebResult<HttpResponse> {
    let (dataset, map) = path.into_inner();
    let found = blocking(move || bench.reader().map_points(&dataset, &map)).await?;
    Ok(binary(points_as_bytes(&found)))
}

/// `count`, `1` when there are boxes, then image numbers and perhaps box numbers as 64-bit floats, x and y as 32-bit floats.
fn points_as_bytes(points: &MapPoints) -> Vec<u8> {
    let count = points.image_ids.len();
    let mut bytes = Vec::with_capacity(8 + count * 24);
    bytes.extend((count as u32).to_le_bytes());
    bytes.extend(u32::from(!points.box_ids.is_empty()).to_le_bytes());
    // Numbers up to 2⁵³ are exact in a float, and browsers have no faster array of large integers.
    let numbers = points.image_ids.iter().chain(&points.box_ids);
    bytes.extend(numbers.flat_map(|id| (*id as f64).to_le_bytes()));
    bytes.extend(points.x.iter().chain(&points.y).flat_map(|value| value.to_le_bytes()));
    bytes
}

/// What is asked about each point.
#[derive(Deserialize)]
struct Asked {
    of: String,
}

async fn values(
    bench: Bench,
    path: web::Path<(DatasetName, String)>,
    asked: web::Query<Asked>,
) -> WebResult<HttpResponse> {
    let (dataset, map) = path.into_inner();
    let of = asked.into_inner().of;
    if of.trim().is_empty() {
        return Err(WebError::invalid("of", "an SQL expression over a point, such as class or box_area"));
    }
    let bytes = blocking(move || {
        let values = bench.map_values(&dataset, &map, &of)?;
        let classes = if of.trim() == "class" { bench.reader().class_list(&dataset)? } else { vec![] };
        let colour = |word: &str, at: usize| {
            let known = classes.iter().find(|class| class.name == word);
            known.map_or_else(|| class_colour(at).to_owned(), |class| class.colour.clone())
        };
        Ok::<_, tator_pipeline::Error>(values_as_bytes(values, colour))
    })
    .await?;
    Ok(binary(bytes))
}

/// Length of a head of JSON, the head filled up to four bytes with spaces, then 32-bit floats or 8-bit codes.
fn values_as_bytes(values: MapValues, colour: impl Fn(&str, usize) -> String) -> Vec<u8> {
    let (head, body) = match values {
        MapValues::Numbers(numbers) => {
            let known = numbers.iter().copied().filter(|value| value.is_finite());
            let (low, high) = known.clone().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let some = low <= high;
            let head = json!({
                "kind": "numbers", "count": numbers.len(), "none": numbers.len() - known.count(),
                "low": some.then_some(low), "high": some.then_some(high),
            });
            (head, numbers.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
        }
        MapValues::Words(words, codes) => {
            let code = |code: &u32| match *code {
                u32::MAX => NONE,
                code => u8::try_from(code).ok().filter(|code| usize::from(*code) < NAMED).unwrap_or(OTHERS),
            };
            let codes: Vec<u8> = codes.iter().map(code).collect();
            let mut counts = [0u64; 256];
            codes.iter().for_each(|code| counts[usize::from(*code)] += 1);
            let word =
                |(at, word): (usize, &String)| json!({ "word": word, "count": counts[at], "colour": colour(word, at) });
            let listed: Vec<Value> = words.iter().take(NAMED).enumerate().map(word).collect();
            let head = json!({
                "kind": "words", "count": codes.len(), "words": listed, "more_words": words.len().saturating_sub(NAMED),
                "others": counts[usize::from(OTHERS)], "none": counts[usize::from(NONE)],
            });
            (head, codes)
        }
    };
    let mut head = head.to_string();
    head.push_str(&" ".repeat(head.len().next_multiple_of(4) - head.len()));
    [&(head.len() as u32).to_le_bytes()[..], head.as_bytes(), &body].concat()
}

fn binary(bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/octet-stream").body(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_where_the_page_looks_for_them() {
        let points = MapPoints { image_ids: vec![7, 9], box_ids: vec![70, 90], x: vec![1.0, 2.0], y: vec![3.0, 4.0] };
        let bytes = points_as_bytes(&points);
        assert_eq!(bytes.len(), 8 + 2 * 24);
        assert_eq!(bytes[..8], [2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(f64::from_le_bytes(bytes[24..32].try_into().unwrap()), 70.0);
        assert_eq!(f32::from_le_bytes(bytes[52..56].try_into().unwrap()), 4.0);
        assert_eq!(points_as_bytes(&MapPoints::default()), [0; 8]);
    }

    #[test]
    fn rare_words_share_a_code_and_the_head_is_filled_up() {
        let words: Vec<String> = (0..300).map(|at| format!("w{at}")).collect();
        let codes: Vec<u32> = (0..300).chain([u32::MAX]).collect();
        let bytes = values_as_bytes(MapValues::Words(words, codes), |_, _| "#000".into());
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let head: Value = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
        assert_eq!((length % 4, &head["others"], &head["none"]), (0, &json!(46), &json!(1)));
        assert_eq!(head["words"].as_array().unwrap().len(), 254);
        assert_eq!(bytes[4 + length..][299..], [254, 255]);
    }
}
