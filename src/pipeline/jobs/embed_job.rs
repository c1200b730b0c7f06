//! The job around [`crate::embed`].

use super::{Context, Done};
use crate::embed::{EmbedRequest, embed};
use crate::error::Error;

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: EmbedRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = embed(context, &request)?;
    let (message, partly) = (report.summary(), report.failed > 0);
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}
